package intake

import (
	"errors"
	"log/slog"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Bounds of the calls that one outcome makes, and of their bytes, those included that
// are made by the outcomes of such of them as cannot be rendered: ten webhooks that
// are all triggered by RenderFailed would else make ten million in one step of the
// store.
const (
	maxFollowing      = 10_000
	maxFollowingBytes = 32 << 20
)

// Follow returns the calls that the outcome of a call triggers, for the step of the
// store that makes it durable. Their places are reserved, also past the bounds of
// their integrations, since an outcome cannot be refused; those that cannot be
// rendered are finished, have their report, and their own outcomes' calls behind
// them. A namespace in which no trigger means outcomes costs an atomic read.
//
// There is no call for a webhook that is not ready, which has no templates, nor past
// the hops or the calls that are allowed; the log says so for each.
func (i *Intake) Follow(call *store.Call, state store.State, result *store.Result) []*store.Entry {
	if !i.catalog.MeanOutcomes(call.Webhook.Namespace) {
		return nil
	}
	f := following{intake: i, log: i.log.With("firstCall", call.ID)}
	f.follow(call, state, result)
	for n := 0; n < len(f.made); n++ { // it grows on the way
		if next := f.made[n]; next.State.Finished() {
			f.follow(&next.Call, next.State, nil)
		}
	}
	return f.made
}

// following collects the calls of one step.
type following struct {
	intake *Intake
	log    *slog.Logger
	made   []*store.Entry
	size   int
}

// follow adds the calls that one outcome triggers.
func (f *following) follow(call *store.Call, state store.State, result *store.Result) {
	log := f.log.With("call", call.ID, "webhook", call.Webhook, "outcome", state.Outcome)
	event, values, err := outcomeOf(call, state, result)
	if err != nil {
		log.Error("an outcome triggers nothing", "error", err)
		return
	}
	matching := f.intake.catalog.Matching(call.Webhook.Namespace, event)
	if len(matching) == 0 {
		return
	}
	if hops := call.Hops + 1; hops >= plan.MaxHops {
		log.Warn("an outcome triggers no further calls, since so many have followed each other", "hops", hops, "webhooks", len(matching))
		return
	}
	common := job{
		now: time.Now(), values: values, variables: variablesOf(call, result), data: event.Data,
		event: &store.Event{ID: event.ID, Source: event.Source, Type: event.Type}, hops: call.Hops + 1,
		trace: call.Trace,
	}
	if common.attributes, err = attributesOf(event); err != nil {
		log.Error("an outcome triggers nothing", "error", err)
		return
	}
	for n, webhook := range matching {
		if len(f.made) >= maxFollowing || f.size >= maxFollowingBytes {
			log.Warn("an outcome triggers too many calls at once", "made", len(f.made), "bytes", f.size, "leftOut", len(matching)-n)
			return
		}
		j := common
		j.webhook = webhook
		f.add(&j, log)
	}
}

// add makes one call.
func (f *following) add(j *job, log *slog.Logger) {
	if reason := j.webhook.Plan.NotReady; reason != "" {
		log.Warn("an outcome triggers no call of a webhook that is not ready", "triggered", j.webhook.Plan.Key, "reason", reason)
		return
	}
	entry := &store.Entry{}
	err := f.intake.render(entry, j, f.intake.queue.ReserveTriggered)
	switch {
	case err == nil:
		f.made = append(f.made, entry)
		f.size += entry.Call.Size() + callBytes
	case !errors.Is(err, engine.ErrDeleted): // nobody waits for the calls of one that is gone
		log.Error("an outcome triggers no call", "triggered", j.webhook.Plan.Key, "error", err)
	}
}
