package plan

import "strings"

// Trigger says which events make calls of a webhook.
type Trigger struct {
	// Type is the event's type, or what it begins with, followed by "*".
	Type string
	// Source is the event's source in the same way; empty is any.
	Source string
	// When is a CEL expression over the event; empty is true.
	When string
}

// OutcomePrefix begins the types of events that are outcomes of calls. The text of
// the [Outcome] follows. Only the dispatcher makes such events.
const OutcomePrefix = "io.maestra.webhooks.call."

// MaxHops is how many outcome events may follow one from the other: the calls that
// the last of them would trigger are not made.
const MaxHops = 8

// MeansOutcomes reports whether the trigger can match an outcome event: only one
// whose type says so can, so that a "*" is not triggered by its own calls.
func (t *Trigger) MeansOutcomes() bool { return strings.HasPrefix(t.Type, OutcomePrefix) }

// SourceOf is the source of the outcome events of a webhook's calls.
func SourceOf(webhook Key) string {
	return "/namespaces/" + webhook.Namespace + "/webhooks/" + webhook.Name
}
