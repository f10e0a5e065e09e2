package httpapi

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/admission"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// settle waits until no call of a webhook waits.
func (w *world) settle(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		c, err := w.client.GetAndWait(w.t.Context(), "ns", "wh", id, patience)
		w.must(err)
		if c.State != client.StateFinished {
			w.t.Fatalf("call %s has not ended", id)
		}
	}
}

// TestRedeliverAll: each call that is meant is delivered once more, over as many
// requests as it takes, and no other.
func TestRedeliverAll(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.ended("wh", "fail")
	since := time.Now()
	var failed []string
	for range 5 {
		failed = append(failed, w.ended("wh", "fail"))
		w.ended("wh", "ok")
	}
	till := time.Now()
	w.ended("wh", "fail")
	sent := len(w.receiver.Requests())

	meant := client.Redelivery{Since: since, Till: till, Limit: 2, DryRun: true}
	got, err := w.client.RedeliverAll(ctx, "ns", "wh", meant)
	if diff := cmp.Diff(&client.Redelivered{Matched: 5}, got); err != nil || diff != "" || len(w.receiver.Requests()) != sent {
		t.Errorf("counted: %v (-want +got):\n%s", err, diff)
	}
	meant.DryRun = false
	got, err = w.client.RedeliverAll(ctx, "ns", "wh", meant)
	if diff := cmp.Diff(&client.Redelivered{Matched: 5, Redelivered: 5}, got); err != nil || diff != "" {
		t.Errorf("redelivered: %v (-want +got):\n%s", err, diff)
	}
	w.settle(failed...)
	if n := len(w.receiver.Requests()) - sent; n != 5 {
		t.Errorf("%d requests arrived, want 5", n)
	}
	for _, id := range failed {
		if c, err := w.client.Get(ctx, "ns", "wh", id); err != nil || c.Redelivered != 1 || c.Attempts != 2 {
			t.Errorf("call %+v, %v", c, err)
		}
	}
	meant.Outcomes = []string{"Succeeded"}
	if got, err = w.client.RedeliverAll(ctx, "ns", "wh", meant); err != nil || got.Redelivered != 5 {
		t.Errorf("those that succeeded: %+v, %v", got, err)
	}
}

// TestRedeliveryWithoutRoom: what there is room for is redelivered, the cursor goes on
// behind it, and the next request says why there is no more.
func TestRedeliveryWithoutRoom(t *testing.T) {
	w := newWorld(t)
	var cancelled []string
	for range 3 {
		id := w.call("full", "ok") // there is room for one
		_, err := w.client.Cancel(t.Context(), "ns", "full", id)
		w.must(err)
		cancelled = append(cancelled, id)
	}
	meant := client.Redelivery{Since: time.Now().Add(-time.Hour), Outcomes: []string{"Cancelled"}}
	got, err := w.client.RedeliverAll(t.Context(), "ns", "full", meant)
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Type != client.ProblemTooManyWaiting || got.Redelivered != 1 || got.Cursor == "" {
		t.Fatalf("redelivered %+v, %v", got, err)
	}
	_, err = w.client.Cancel(t.Context(), "ns", "full", cancelled[0])
	w.must(err)
	meant.Cursor = got.Cursor
	if got, err = w.client.RedeliverSome(t.Context(), "ns", "full", meant); err != nil || got.Redelivered != 1 || got.Cursor == "" {
		t.Errorf("after there was room again: %+v, %v", got, err)
	}
	if c, err := w.client.Get(t.Context(), "ns", "full", cancelled[1]); err != nil || c.State != client.StateWaiting || c.Redelivered != 1 {
		t.Errorf("the second call is %+v, %v", c, err)
	}
}

// TestRefusedRedeliveries: a call that cannot be delivered anew is named and keeps no
// other from it.
func TestRefusedRedeliveries(t *testing.T) {
	w := newWorld(t)
	old := w.ended("gone", "fail")
	e := w.options.Engine.(*engine.Engine)
	e.RemoveWebhook(keyOf("gone"))
	e.SetWebhook(&plan.Webhook{Key: keyOf("gone"), UID: "another", Integration: keyOf("in")}) // made anew
	got, err := w.client.RedeliverSome(t.Context(), "ns", "gone", client.Redelivery{Since: time.Now().Add(-time.Hour)})
	w.must(err)
	want := []client.Refused{{TransactionID: old, Problem: problemOf(errWebhookDeleted)}}
	if diff := cmp.Diff(&client.Redelivered{Matched: 1, Refused: want}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestUsualOutcomes: what one request names is nothing to the next.
func TestUsualOutcomes(t *testing.T) {
	usual := []plan.Outcome{"Rejected", "Failed", "Exhausted", "ResponseUnusable", "Blocked"}
	for _, body := range []string{`, "outcomes": ["Lost"]`, ``} {
		q, err := parseRedelivery([]byte(`{"since": "2020-01-01T00:00:00Z"`+body+`}`), time.Now())
		if err != nil || body == "" && !slices.Equal(q.outcomes, usual) {
			t.Errorf("%+v, %v", q, err)
		}
	}
}

// TestCursor: a series that began without till ends where it began.
func TestCursor(t *testing.T) {
	now := time.Unix(1_700_000_000, 5)
	first, err := parseRedelivery([]byte(`{"since": "2020-01-01T00:00:00Z"}`), now)
	if err != nil {
		t.Fatal(err)
	}
	first.after = uuid.Must(uuid.NewV7())
	next, err := parseRedelivery([]byte(`{"since": "2020-01-01T00:00:00Z", "cursor": "`+first.cursor()+`"}`), now.Add(time.Hour))
	if err != nil || next.after != first.after || !next.till.Equal(now) {
		t.Errorf("%+v, %v", next, err)
	}
}

// TestNoRoomEndsTheSeries: errors about all further calls are not taken for those of
// one.
func TestNoRoomEndsTheSeries(t *testing.T) {
	for _, err := range []error{admission.ErrBusy, admission.ErrDiskFull, engine.ErrTooManyWaiting, errLate} {
		if aboutOne(err) {
			t.Errorf("%v is taken for one about a call", err)
		}
	}
}

// TestSendEvents: the client is told which calls its events have made.
func TestSendEvents(t *testing.T) {
	w := newWorld(t)
	one, err := w.client.SendEvent(t.Context(), "ns", []byte(goodEvent))
	w.must(err)
	w.settle(one.Calls[0].TransactionID)
	several, err := w.client.SendEvents(t.Context(), "ns", []json.RawMessage{[]byte(goodEvent), []byte(eventOf("nothing", "2", "1"))})
	w.must(err)
	want := &client.EventsAnswer{Events: []client.EventAnswer{
		{ID: "1", Source: "/test", Calls: []client.EventCall{{Webhook: "wh", TransactionID: one.Calls[0].TransactionID, Repeat: true, Outcome: "Succeeded"}}},
		{ID: "2", Source: "/test", Calls: []client.EventCall{}},
	}}
	if diff := cmp.Diff(want, several); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
