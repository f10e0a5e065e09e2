// Package canary tests that no secret leaves by a way that is not its own: it plants
// a random value in every place that may hold a secret, lets the manager and the
// dispatcher run into every end that a call can have, before receivers, proxies and
// token servers that echo what they know, and then searches whatever a person could
// read for the planted values, in every form in which they might stand there.
//
// Guarantees: the searcher shares no code with what masks values; TestSearcher shows
// what it finds. The census tests fail when something new (a package, a route, a
// subcommand, a listener, a field of status, a place that writes events) has not been
// classified or not been searched.
//
// Non-goals: what a receiver hides on purpose (encryption, compression that it does
// not announce), the memory of the processes, and what the holder of a secret puts
// into a manifest in clear.
//
// Start at TestNoSecretLeaves.
package canary
