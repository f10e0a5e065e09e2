package control

import "github.com/maestra-io/webhook-operator/dispatcher/plan"

// Catalog is what the dispatcher works with; the [Client] keeps it up to date.
// The client calls one method at a time, and holds up the session meanwhile.
type Catalog interface {
	// Apply takes the entries of c and drops its removals. It returns a result
	// for each entry it refuses, and goes on with the content it had of that
	// one, if any; entries without a result, or with an empty Error, are taken.
	// Removals cannot be refused.
	Apply(c Change) []Result
	// Complete is called once in the life of a client: the first whole
	// configuration has been applied. Until then an object that the catalog
	// does not know may well exist.
	Complete()
	// Held lists the webhooks that have waiting calls, and the integrations of
	// these if they are known. Those that do not exist any more come back as
	// removals.
	Held() []plan.Ref
}

// Change is a change of the configuration. What it does not name stays.
// The entries are the catalog's to keep.
type Change struct {
	Integrations []*plan.Integration
	Webhooks     []*plan.Webhook
	Removals     []plan.Ref
}

// Result is the answer to one entry of a [Change].
type Result struct {
	Ref plan.Ref
	// Error says in one sentence, without secrets, why the entry was refused;
	// empty if it was taken. At most 4 KiB of it reach the manager.
	Error string
}
