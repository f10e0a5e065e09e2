package dispatcher_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher"
	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// TestStopKeepsOutcomesAndTheRest: attempts under way at the end are in the store
// with their outcomes, what waited goes on after the next start, and nothing is
// sent twice.
func TestStopKeepsOutcomesAndTheRest(t *testing.T) {
	const calls, atOnce = 20, 2
	proceed := make(chan struct{})
	h := newHarness(t, func(http.ResponseWriter, receiver.Request) { <-proceed })
	h.stop()
	h.start(func(o *dispatcher.Options) { o.DrainTimeout = timeout })
	h.configure(func(in *plan.Integration, _ *plan.Webhook) { in.MaxConcurrency = atOnce })
	ids := make([]string, calls)
	for i := range ids {
		ids[i] = h.call(`{"id": 1, "name": "x"}`).TransactionID
	}
	h.received(atOnce)
	stopped := make(chan struct{})
	go func() {
		h.stop()
		close(stopped)
	}()
	h.await("the API to be gone", func() bool {
		_, err := h.client.Get(t.Context(), "ns", "wh", ids[0])
		return err != nil
	})
	close(proceed)
	<-stopped
	sent := len(h.receiver.Requests()) // a few more may have begun before the drain
	if summary := checked(t, h.storeDir); sent < atOnce || !strings.HasPrefix(summary, "20 calls (") {
		t.Errorf("after %d requests: %s", sent, summary)
	}
	s, err := store.Open(h.storeDir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	finished := 0
	for _, id := range ids {
		entry, err := s.Load(uuid.MustParse(id))
		if err != nil {
			t.Fatal(err)
		}
		if entry.State.Finished() {
			finished++
		}
		if entry.State.Finished() && entry.State.Outcome != plan.OutcomeSucceeded {
			t.Errorf("call %s ended as %s", id, entry.State.Outcome)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if finished != sent {
		t.Errorf("%d calls are finished after %d requests", finished, sent)
	}
	h.start(nil)
	for _, id := range ids {
		if got := h.finished(id); got.Outcome != "Succeeded" {
			t.Errorf("call %s ended as %+v", id, got)
		}
	}
	if n := len(h.receiver.Requests()); n != calls {
		t.Errorf("%d requests for %d calls", n, calls)
	}
}

// TestTheEndOfTheGracePeriod: an attempt that is given up is repeated with the
// same id if the call has the key, and else ends as Lost without another request.
func TestTheEndOfTheGracePeriod(t *testing.T) {
	release := make(chan struct{})
	h := newHarness(t, func(http.ResponseWriter, receiver.Request) { <-release })
	h.stop()
	h.start(func(o *dispatcher.Options) { o.DrainTimeout = time.Millisecond })
	h.configure(func(_ *plan.Integration, wh *plan.Webhook) { wh.Suffix = "/without" })
	with := plan.Webhook{
		Key: plan.Key{Namespace: "ns", Name: "with"}, UID: "with", Integration: plan.Key{Namespace: "ns", Name: "in"},
		SystemName: "with", Method: "GET", Suffix: "/with?id=${WebhookRequest.TransactionalId}", HasKey: true,
	}
	h.server.SetWebhook(with)
	h.await("the webhook", func() bool { return h.server.State(with.Ref()).Answered })
	lost := h.call(`{"id": 1, "name": "x"}`)
	repeated, err := h.client.Call(t.Context(), "ns", "with", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	h.received(2)
	h.stop()
	close(release)
	if got, want := checked(t, h.storeDir), "2 calls (2 waiting), 0 log rows, 2 webhooks: consistent\n"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
	h.start(nil)
	if got := h.finished(lost.TransactionID); got.Outcome != "Lost" || got.Attempts != 1 {
		t.Errorf("the call without the key is %+v", got)
	}
	h.await("the call with the key", func() bool {
		got, err := h.client.Get(t.Context(), "ns", "with", repeated.TransactionID)
		return err == nil && got.Outcome == "Succeeded"
	})
	counts := map[string]int{}
	for _, r := range h.receiver.Requests() {
		counts[r.URI]++
	}
	if counts["/root/without"] != 1 || counts["/root/with?id="+repeated.TransactionID] != 2 || len(counts) != 2 {
		t.Errorf("requests: %v", counts)
	}
	h.stop()
	checked(t, h.storeDir)
}

// TestStartWithManyWaitingCalls: all of them are counted, and none is needed in
// memory for it.
func TestStartWithManyWaitingCalls(t *testing.T) {
	const calls = 20_000
	h := newHarness(t, nil)
	h.stop()
	s, err := store.Open(h.storeDir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []uuid.UUID
	for range calls / 1000 {
		entries := make([]*store.Entry, 1000)
		for i := range entries {
			entries[i] = &store.Entry{Call: store.Call{
				ID: uuid.Must(uuid.NewV7()), Webhook: plan.Key{Namespace: "ns", Name: "wh"}, WebhookUID: "uid", CreatedAt: time.Now(), Method: "GET",
			}}
			ids = append(ids, entries[i].Call.ID)
		}
		if err := s.Accept(t.Context(), entries...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	h.start(nil)
	if status, _ := get(t, h.health+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	for _, id := range []uuid.UUID{ids[0], ids[calls/2], ids[calls-1]} {
		if got, err := h.client.Get(t.Context(), "ns", "wh", id.String()); err != nil || got.State != client.StateWaiting {
			t.Errorf("call %s is %+v, %v", id, got, err)
		}
	}
	h.configure(func(in *plan.Integration, _ *plan.Webhook) { in.Suspend, in.MaxWaiting = true, calls+1 })
	h.call(`{"id": 1, "name": "x"}`)
	var problem *client.Problem
	if _, err := h.client.Call(t.Context(), "ns", "wh", []byte(`{"id": 1, "name": "x"}`)); !errors.As(err, &problem) || problem.Type != client.ProblemTooManyWaiting {
		t.Errorf("the call after the last that may wait: %v", err)
	}
	h.stop()
	if got, want := checked(t, h.storeDir), "20,001 calls (20,001 waiting), 0 log rows, 1 webhook: consistent\n"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}
