package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestAnOutcomeIsNotShownBeforeItIsDurable reads a call while the fsync of its end
// is under way. What a kill can still undo must not be shown: a call that was
// Succeeded would be Lost afterwards, or be sent again. The answer may wait.
func TestAnOutcomeIsNotShownBeforeItIsDurable(t *testing.T) {
	s, d := openHeld(t)
	entry := &store.Entry{Call: store.Call{ID: uuid.Must(uuid.NewV7()), Webhook: plan.Key{Namespace: "ns", Name: "wh"}, CreatedAt: time.Now()}}
	if err := s.Accept(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	d.hold.Store(true)
	ended := make(chan error, 1)
	go func() {
		ended <- s.End(context.Background(), &store.End{Call: &entry.Call, Now: store.State{Attempts: 1, Outcome: plan.OutcomeSucceeded, EndedAt: time.Now()}})
	}()
	<-d.syncing

	api := New(Options{Calls: s, Logger: slog.New(slog.DiscardHandler)})
	read := func() string {
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, calls+"/"+entry.Call.ID.String(), nil))
		return answer.Body.String()
	}
	answers := make(chan string, 1)
	go func() { answers <- read() }()
	select {
	case answer := <-answers:
		if strings.Contains(answer, "Finished") {
			t.Errorf("during the fsync the answer is %s", answer)
		}
	case <-time.After(100 * time.Millisecond): // it waits, which is as good
	}
	close(d.goOn)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if answer := read(); !strings.Contains(answer, "Finished") {
		t.Errorf("after the fsync the answer is %s", answer)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// heldDisk is a disk in memory that can hold up an fsync of the store's log.
type heldDisk struct {
	hold    atomic.Bool   // the next fsync of the log waits for goOn
	syncing chan struct{} // gets one when it does
	goOn    chan struct{}
}

// openHeld opens a store on such a disk.
func openHeld(t *testing.T) (*store.Pebble, *heldDisk) {
	d := &heldDisk{syncing: make(chan struct{}, 1), goOn: make(chan struct{})}
	files := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		isSync := op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData
		if isSync && strings.HasSuffix(op.Path, ".log") && d.hold.CompareAndSwap(true, false) {
			d.syncing <- struct{}{}
			<-d.goOn
		}
		return nil
	}))
	s, err := store.Open("/store", store.Options{FS: files, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s, d
}
