package tail

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// end is the end of an attempt of a webhook, with a name in its URL.
func end(webhook, name string) *store.End {
	call := &store.Call{ID: uuid.New(), Webhook: plan.Key{Namespace: "ns", Name: webhook}, Body: []byte("body of " + name)}
	return &store.End{Call: call, Now: store.State{Attempts: 1}, Attempt: &store.Attempt{ID: call.ID, Number: 1, Begun: time.Now(), URL: name}}
}

// cancelled is a call that ended without an attempt.
func cancelled(webhook, message string) *store.Entry {
	return &store.Entry{
		Call:  store.Call{ID: uuid.New(), Webhook: plan.Key{Namespace: "ns", Name: webhook}},
		State: store.State{Outcome: plan.OutcomeCancelled, EndedAt: time.Now(), Message: message},
	}
}

// take returns the URLs or messages of what waits.
func take(t *testing.T, r *Reader) (names []string, dropped int) {
	t.Helper()
	rows, dropped := r.Take()
	for _, row := range rows {
		var d client.Delivery
		if err := json.Unmarshal(row.Line, &d); err != nil {
			t.Fatal(err)
		}
		names = append(names, d.URL+d.Message)
	}
	return names, dropped
}

// TestReadersGetWhatTheyWant: attempts, and calls that end without one, at intake, by an
// outcome or by a caller; and nothing of a state that is no end.
func TestReadersGetWhatTheyWant(t *testing.T) {
	b := New(3)
	all, err := b.Subscribe(store.LogFilter{Namespace: "ns"})
	if err != nil {
		t.Fatal(err)
	}
	one, _ := b.Subscribe(store.LogFilter{Namespace: "ns", Webhook: "b", Text: "BODY OF 2"})
	other, _ := b.Subscribe(store.LogFilter{Namespace: "elsewhere"})
	if _, err := b.Subscribe(store.LogFilter{}); err != ErrTooMany { //nolint:errorlint // it is the very one
		t.Errorf("a fourth of three readers: %v", err)
	}
	first := end("a", "1")
	first.Calls = []*store.Entry{cancelled("a", "triggered"), {Call: store.Call{Webhook: first.Call.Webhook}}}
	ended := cancelled("a", "by a caller")
	b.Ended([]*store.End{first, end("b", "2"), {Call: &ended.Call, Now: ended.State}, {Call: &ended.Call, Now: store.State{Series: 1}}})
	b.Accepted([]*store.Entry{cancelled("b", "at intake"), {Call: store.Call{Webhook: first.Call.Webhook}}})
	for name, test := range map[string]struct {
		reader *Reader
		want   []string
	}{
		"all":   {all, []string{"1", "triggered", "2", "by a caller", "at intake"}},
		"one":   {one, []string{"2"}},
		"other": {other, nil},
	} {
		got, dropped := take(t, test.reader)
		if diff := cmp.Diff(test.want, got); diff != "" || dropped != 0 {
			t.Errorf("%s, %d dropped (-want +got):\n%s", name, dropped, diff)
		}
	}
	all.Close()
	all.Close()
	b.Ended([]*store.End{end("a", "late")})
	if got, _ := take(t, all); got != nil {
		t.Errorf("after its end a reader got %q", got)
	}
	one.Close()
	other.Close()
	if b.readers.Load() != nil {
		t.Error("without readers there is still a list of them")
	}
}

// TestASlowReaderLosesRows, is told how many, behind those that it has, and then gets the
// next; what waits for it is bounded in number and in bytes.
func TestASlowReaderLosesRows(t *testing.T) {
	for _, test := range []struct {
		size, sent, kept int
	}{{10, maxRows + 7, maxRows}, {maxBytes / 8, 10, 3}, {2 * maxBytes, 3, 1}} {
		b := New(1)
		r, err := b.Subscribe(store.LogFilter{Namespace: "ns"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range test.sent {
			b.Ended([]*store.End{end("a", fmt.Sprint(i)+strings.Repeat("x", test.size))})
		}
		select {
		case <-r.Ready():
		default:
			t.Error("a reader is not told that there are rows")
		}
		rows, dropped := r.Take()
		if len(rows) != test.kept || dropped != test.sent-test.kept {
			t.Errorf("%d rows, %d dropped, want %d of %d", len(rows), dropped, test.kept, test.sent)
		}
		b.Ended([]*store.End{end("a", "next")})
		if got, dropped := take(t, r); len(got) != 1 || got[0] != "next" || dropped != 0 {
			t.Errorf("after a gap %q, %d dropped", got, dropped)
		}
	}
}

// BenchmarkEnded without readers, and with one that wants something else.
func BenchmarkEnded(b *testing.B) {
	ends := []*store.End{end("a", "1")}
	b.Run("nobody", func(b *testing.B) {
		t := New(1)
		for b.Loop() {
			t.Ended(ends)
		}
	})
	b.Run("another", func(b *testing.B) {
		t := New(1)
		if _, err := t.Subscribe(store.LogFilter{Namespace: "ns", Webhook: "b"}); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			t.Ended(ends)
		}
	})
}
