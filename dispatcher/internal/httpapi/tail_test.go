package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tail"
)

// errEnough ends a tail in tests.
var errEnough = errors.New("enough")

// TestATailHasEachCallAtOnce: what it brings is what the log has, within a second of the
// end, with the newest rows before it, each once.
func TestATailHasEachCallAtOnce(t *testing.T) {
	w := newWorld(t)
	old := []string{w.ended("wh", "one"), w.ended("wh", "fail"), w.ended("wh", "two")}
	var got []client.Delivery
	var late time.Duration
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := w.client.TailWith(ctx, "ns", client.DeliveryFilter{Webhook: "wh", StatusCode: "2xx"}, client.TailOptions{Last: 2}, func(d client.Delivery) error {
		got = append(got, d)
		switch len(got) {
		case 2: // the old ones are there
			w.ended("raw", "/of-another-webhook")
			w.ended("wh", "fail")
			w.call("wh", "three")
		case 3:
			late = time.Since(d.StartDateTimeUTC) - time.Duration(d.DurationSeconds*float64(time.Second))
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatalf("%v, after %d rows", err, len(got))
	}
	if got[0].TransactionID != old[0] || got[1].TransactionID != old[2] || !strings.HasSuffix(got[2].URL, "/three") {
		t.Errorf("%+v", got)
	}
	if late > time.Second {
		t.Errorf("a row came %s after its end", late)
	}
	page, err := w.client.Deliveries(t.Context(), "ns", client.DeliveryFilter{TransactionID: got[2].TransactionID}, 1, "")
	w.must(err)
	if len(page.Items) != 1 || page.Items[0] != got[2] {
		t.Errorf("the tail has %+v, the log %+v", got[2], page.Items)
	}
}

// tailOf opens a tail of server-sent events and returns what reads its lines.
func (w *world) tailOf(base, query string, change ...func(*http.Request)) *bufio.Reader {
	w.t.Helper()
	r := request(w.t, "GET", base+deliveriesPath+"/tail"+query, "")
	for _, c := range change {
		c(r)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	w.must(err)
	w.t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != 200 {
		w.t.Fatalf("the tail is answered %d", answer.StatusCode)
	}
	return bufio.NewReader(answer.Body)
}

// lines reads some lines.
func (w *world) lines(in *bufio.Reader, n int) (lines []string) {
	w.t.Helper()
	for range n {
		line, err := in.ReadString('\n')
		w.must(err)
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines
}

// TestServerSentEvents: a row has its place as its id, a gap its number, and a comment says
// that the tail is alive; in NDJSON an empty line does.
func TestServerSentEvents(t *testing.T) {
	w := newWorld(t)
	in := w.tailOf(w.server.URL, "?webhook=wh")
	id := w.ended("wh", "one")
	lines := w.lines(in, 4)
	var d client.Delivery
	w.must(json.Unmarshal([]byte(strings.TrimPrefix(lines[2], "data: ")), &d))
	if lines[0] != "event: delivery" || lines[1] != "id: "+client.DeliveryCursor(&d) || lines[3] != "" || d.TransactionID != id {
		t.Errorf("%q", lines)
	}
	quick := w.serve(func(o *Options) { o.heartbeat = time.Millisecond })
	if got := w.lines(w.tailOf(quick, ""), 4); strings.Join(got, "|") != ": alive||: alive|" {
		t.Errorf("without rows there is %q", got)
	}
	if got := w.lines(w.tailOf(quick, "", set("Accept", mediaNDJSON)), 2); strings.Join(got, "|") != "|" {
		t.Errorf("without rows there is %q", got)
	}
}

// TestAGapIsTold, in both forms, and to the client.
func TestAGapIsTold(t *testing.T) {
	for _, events := range []bool{true, false} {
		var text strings.Builder
		s := &tailing{stream: (&api{}).stream(recorded{&text}), events: events}
		if err := s.gap(17); err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{true: "event: gap\ndata: {\"dropped\":17}\n\n", false: "{\"dropped\":17}\n"}[events]
		if text.String() != want {
			t.Errorf("%q, want %q", text.String(), want)
		}
	}
	w := newWorld(t)
	w.options.Tail = lossy{}
	told := 0
	c := &client.Client{BaseURL: w.serve(func(*Options) {})}
	err := c.TailWith(t.Context(), "ns", client.DeliveryFilter{}, client.TailOptions{Gap: func(dropped int) error { told = dropped; return errEnough }}, func(client.Delivery) error { return nil })
	if !errors.Is(err, errEnough) || told == 0 {
		t.Errorf("%v, %d dropped", err, told)
	}
}

// lossy gives readers for whom more came than they could take.
type lossy struct{}

func (lossy) Subscribe(f store.LogFilter) (*tail.Reader, error) {
	b := tail.New(1)
	r, err := b.Subscribe(f)
	for range 3000 {
		call := &store.Call{Webhook: keyOf("wh")}
		b.Ended([]*store.End{{Call: call, Attempt: &store.Attempt{Number: 1, Begun: filled}}})
	}
	return r, err
}

// TestATailEndsWithTheRight to read it, with the server, and with its reader; then there is
// room for another.
func TestATailEndsWithTheRight(t *testing.T) {
	w := newWorld(t)
	var refused atomic.Pointer[error]
	stopping := make(chan struct{})
	j := changing{&refused}
	base := w.serve(func(o *Options) { o.Access, o.recheck, o.Stopping, o.Tail = j, time.Millisecond, stopping, tail.New(1) })
	token := set("Authorization", "Bearer tok")
	for _, err := range []error{access.ErrForbidden, access.ErrUnauthenticated, access.ErrUnavailable} {
		refused.Store(nil)
		in := w.tailOf(base, "?webhook=wh", token)
		refused.Store(&err)
		if line, err := in.ReadString('\n'); err == nil {
			t.Errorf("a reader without the right got %q", line)
		}
	}
	refused.Store(nil)
	in := w.tailOf(base, "", token)
	close(stopping)
	if line, err := in.ReadString('\n'); err == nil {
		t.Errorf("of a server that shuts down came %q", line)
	}
}

// changing is an Access whose verdict changes.
type changing struct{ refused *atomic.Pointer[error] }

func (c changing) Allow(context.Context, string, string, string, string) (string, error) {
	if err := c.refused.Load(); err != nil {
		return "", *err
	}
	return "somebody", nil
}

func (c changing) Identify(context.Context, string) (string, error) { return "somebody", nil }

// recorded is a writer of answers that keeps their text.
type recorded struct{ *strings.Builder }

func (recorded) Header() http.Header { return http.Header{} }
func (recorded) WriteHeader(int)     {}
