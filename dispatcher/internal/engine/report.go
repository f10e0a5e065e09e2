package engine

import (
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// nextReport is the webhook's next report, from a call that has ended; nil if the
// call is of a deleted webhook, whose reports must not hide those of the one that
// has taken its name.
func (l *lane) nextReport(call *store.Call, state store.State) *plan.Report {
	if !l.removed && l.disowns(call.WebhookUID) {
		return nil
	}
	report := l.reportOf(call, state)
	return &report
}

// reportOf makes the webhook's next report from a finished call.
func (l *lane) reportOf(call *store.Call, state store.State) plan.Report {
	r := &l.report
	if r.WebhookUID != call.WebhookUID { // what another of its name did is not its own
		r.LastSuccess, r.ConsecutiveFailures, r.Hours = time.Time{}, 0, nil
	}
	r.Webhook, r.WebhookUID = call.Webhook, call.WebhookUID
	// Greater than any before, also than those of a webhook of this name that
	// was deleted and forgotten here.
	r.Seq = max(r.Seq+1, uint64(max(0, state.EndedAt.UnixMicro())))
	r.TransactionID = call.ID.String()
	r.Time = state.EndedAt
	r.Outcome = state.Outcome
	r.StatusCode = state.StatusCode
	r.Attempts = state.Attempts
	r.Duration = max(0, state.EndedAt.Sub(call.CreatedAt))
	r.Message = state.Message
	if state.Outcome == plan.OutcomeCancelled { // says nothing of the receiver
		return *r
	}
	r.Count(state.EndedAt, state.Outcome.Success())
	if state.Outcome.Success() {
		r.LastSuccess, r.ConsecutiveFailures = state.EndedAt, 0
	} else {
		r.ConsecutiveFailures++
	}
	return *r
}
