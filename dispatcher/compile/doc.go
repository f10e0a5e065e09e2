// Package compile turns WebhookIntegrations and Webhooks into what the data
// plane runs on (package plan), and says in words what is wrong with them.
//
// Guarantees: every function is pure; the same objects, Secrets and ConfigMaps
// always give the same result, but for a sample whose template asks for the time
// or a random value. Nothing is taken over from admission: a rule that the schema
// or CEL checks is checked here again, since objects may be older than a rule.
// Problems, views and errors never hold a private value. Status and delivery are
// made from one result, so they cannot disagree.
//
// Non-goals: reading the cluster (package controllers), conditions and their
// times (package controllers), the template language (package template), how its
// templates become the parts of a request (package parts).
//
// Start at [Integration] and [Webhook].
package compile
