package httpapi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/admission"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/queuelog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tail"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// patience is what a test waits for something that should come at once.
const patience = 20 * time.Second

// world is the API over a real store in memory, engine and receiver, served over
// TCP.
type world struct {
	t        *testing.T
	options  Options
	receiver *receiver.Receiver
	hold     chan struct{} // closed by letGo, for requests to /hold to be answered
	letGo    func()
	store    *store.Pebble
	tail     *tail.Broadcaster
	queues   queuelog.Log
	sick     atomic.Bool // the disk fails
	catalog  catalog.Catalog
	server   *httptest.Server
	client   *client.Client
}

// newWorld starts one. The webhooks are wh, whose data says the receiver's path and
// a number; raw, whose data is the URL's suffix; full, with no room for a second
// call; unready; and gone, which removeGone removes.
func newWorld(t *testing.T) *world {
	w := &world{t: t, hold: make(chan struct{})}
	var err error
	w.receiver, err = receiver.Start(receiver.Options{Answer: w.answer})
	w.must(err)
	files := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if w.sick.Load() && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileWrite) {
			return errors.New("the disk is gone")
		}
		return nil
	}))
	w.store, err = store.Open("/store", store.Options{FS: files, Logger: slog.New(slog.DiscardHandler)})
	w.must(err)
	sender, err := outbound.New(outbound.Options{Policy: egress.Policy{AllowLoopback: true}})
	w.must(err)
	w.tail = tail.New(4)
	e, err := engine.New(engine.Options{
		Ended: w.tail.Ended, Store: w.store, Sender: sender, Logger: slog.New(slog.DiscardHandler), Report: func(plan.Report) {}, Jitter: func() float64 { return 0 },
	})
	w.must(err)
	w.configure(e)
	w.options = Options{
		Intake: intake.New(intake.Options{Catalog: &w.catalog, Store: w.store, Queue: e, Accepted: w.tail.Accepted}), Engine: e,
		Admission: admission.New(admission.Options{Disk: disk{free: 1 << 40}, RequestBytes: 1 << 30}), Calls: w.store,
		Log: w.store, Catalog: &w.catalog, Tail: w.tail, Queues: &w.queues, Logger: slog.New(slog.DiscardHandler),
	}
	w.server = httptest.NewUnstartedServer(New(w.options))
	w.server.Config.DisableGeneralOptionsHandler = true // as the dispatcher's
	w.server.Start()
	w.client = &client.Client{BaseURL: w.server.URL, HTTP: w.server.Client()}
	w.letGo = sync.OnceFunc(func() { close(w.hold) })
	t.Cleanup(func() {
		w.letGo()
		w.server.Close()
		e.Drain(context.Background())
		sender.Close()
		_ = w.receiver.Close()
		_ = w.store.Close() // of a sick disk it is an error
	})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// answer is the receiver's.
func (w *world) answer(answer http.ResponseWriter, r receiver.Request) {
	switch path, _, _ := strings.Cut(r.URI[1:], "?"); path {
	case "fail":
		answer.WriteHeader(http.StatusBadRequest)
	case "hold":
		<-w.hold
	}
}

// configure makes the objects.
func (w *world) configure(e *engine.Engine) {
	for name, suspend := range map[string]bool{"in": false, "stopped": true} {
		w.must(e.SetIntegration(&plan.Integration{
			Key: plan.Key{Namespace: "ns", Name: name}, URL: w.receiver.URL(), MaxConcurrency: 8, MaxWaiting: map[bool]int{false: 10_000, true: 1}[suspend],
			Suspend: suspend, Timeout: patience, Retry: plan.DefaultRetry(),
			Headers: []plan.Header{{Name: "X-Secret", Value: plan.NewSecret("s3cr3t-value"), Private: true}},
		}))
	}
	set := func(name, in string, change func(*plan.Webhook)) {
		p := plan.Webhook{
			Key: plan.Key{Namespace: "ns", Name: name}, UID: "uid-" + name, Integration: plan.Key{Namespace: "ns", Name: in},
			SystemName: name, Method: "POST", Suffix: "/${path}", HasBody: true, Body: `{"n": ${n}}`, BodyContext: plan.BodyJSON,
		}
		change(&p)
		compiled, err := catalog.Compile(p)
		w.must(err)
		e.SetWebhook(&p)
		w.catalog.Set(compiled)
	}
	set("wh", "in", func(p *plan.Webhook) {
		p.Triggers, p.DisplayName = []plan.Trigger{{Type: "call"}}, "What works"
		p.Manifest = manifestOf(`{"systemName": "wh", "url": "/${path}", "integrationRef": {"name": "in"}, "sampleData": {"n": 1}}`)
	})
	set("raw", "in", func(p *plan.Webhook) { p.Suffix, p.Escaping, p.HasBody = "${path}", plan.EscapingNone, false })
	set("full", "stopped", func(p *plan.Webhook) { p.Triggers = []plan.Trigger{{Type: "full"}} })
	set("gone", "in", func(p *plan.Webhook) { p.Manifest = []byte("damaged") })
	set("lost-integration", "nowhere", func(*plan.Webhook) {})
	set("unready", "in", func(p *plan.Webhook) {
		*p = plan.Webhook{Key: p.Key, UID: p.UID, NotReady: "its integration is missing", Triggers: []plan.Trigger{{Type: "unready"}}}
	})
	w.catalog.SetComplete()
	e.Complete()
}

// removeGone deletes the Webhook gone.
func (w *world) removeGone() {
	key := plan.Key{Namespace: "ns", Name: "gone"}
	w.catalog.Remove(key)
	w.options.Engine.(*engine.Engine).RemoveWebhook(key)
}

// call hands in a call of a webhook with the receiver's path and returns its id.
func (w *world) call(webhook, path string) string {
	w.t.Helper()
	c, err := w.client.Call(w.t.Context(), "ns", webhook, []byte(`{"path": "`+path+`", "n": 1}`))
	w.must(err)
	return c.TransactionID
}

// ended hands in a call and waits until it has its outcome.
func (w *world) ended(webhook, path string) string {
	w.t.Helper()
	c, err := w.client.CallAndWait(w.t.Context(), "ns", webhook, []byte(`{"path": "`+path+`", "n": 1}`), patience)
	w.must(err)
	if c.State != client.StateFinished {
		w.t.Fatalf("the call has not ended: %+v", c)
	}
	return c.TransactionID
}

// flying hands in a call whose attempt is under way until hold is closed.
func (w *world) flying() string {
	w.t.Helper()
	before := len(w.receiver.Requests())
	id := w.call("wh", "hold")
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	_, err := w.receiver.Wait(ctx, before+1)
	w.must(err)
	return id
}

// serve serves the API with other options.
func (w *world) serve(change func(*Options)) string {
	o := w.options
	change(&o)
	s := httptest.NewServer(New(o))
	w.t.Cleanup(s.Close)
	return s.URL
}

// disk is one with so many bytes free.
type disk struct{ free uint64 }

func (d disk) Free() (uint64, error) { return d.free, nil }
func (disk) Used() uint64            { return 0 }

// fullDisk and noMemory are admissions that refuse.
func fullDisk(o *Options) {
	o.Admission = admission.New(admission.Options{Disk: disk{}, ReserveBytes: 1, RequestBytes: 1 << 30})
}

func noMemory(o *Options) {
	o.Admission = admission.New(admission.Options{
		Disk: disk{free: 1 << 40}, RequestBytes: 1 << 30, MemoryLimit: 100, Live: func() uint64 { return 100 }, Collect: func() {},
	})
}

// unconfigured is an API before the first whole configuration.
func (w *world) unconfigured(o *Options) {
	o.Intake = intake.New(intake.Options{Catalog: &catalog.Catalog{}, Store: w.store, Queue: o.Engine.(*engine.Engine)})
}

// reply is an answer that was read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do performs a request.
func (w *world) do(r *http.Request) reply {
	w.t.Helper()
	answer, err := http.DefaultTransport.RoundTrip(r)
	w.must(err)
	defer func() { _ = answer.Body.Close() }()
	return w.read(answer)
}

// read reads an answer.
func (w *world) read(answer *http.Response) reply {
	w.t.Helper()
	body, err := io.ReadAll(answer.Body)
	w.must(err)
	return reply{answer.StatusCode, answer.Header, body}
}

// replyOn reads the answer to a request that was written to a connection.
func (w *world) replyOn(conn net.Conn, method string) reply {
	w.t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	w.must(err)
	defer func() { _ = answer.Body.Close() }()
	return w.read(answer)
}

// request makes a request; a body is JSON.
func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", mediaJSON)
	}
	return r
}
