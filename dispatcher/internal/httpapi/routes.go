package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// Bounds of requests.
const (
	// MaxBody bounds the data of one call, or one event, in bytes.
	MaxBody = 1 << 20
	// MaxBatch bounds the lines of a batch, or its events, MaxBatchBytes its body in
	// bytes.
	MaxBatch      = 10_000
	MaxBatchBytes = 16 << 20
)

// Intake takes calls in. It is package intake's Intake.
type Intake interface {
	Accept(ctx context.Context, webhook plan.Key, r intake.Request) intake.Result
	AcceptAll(ctx context.Context, webhook plan.Key, requests []intake.Request) []intake.Result
	AcceptEvents(ctx context.Context, namespace string, events []*trigger.Event, caller string) []intake.EventResults
	Knows(webhook plan.Key) error
	Preview(ctx context.Context, webhook plan.Key, data []byte) (*store.Call, error)
}

// Engine performs calls. It is package engine's Engine, whose comments are what it
// promises.
type Engine interface {
	Watch(id uuid.UUID) (ended <-chan struct{}, stop func())
	Cancel(ctx context.Context, webhook plan.Key, id uuid.UUID) (ended bool, err error)
	Redeliver(ctx context.Context, webhook plan.Key, id uuid.UUID) error
	Preview(call *store.Call) (*engine.Preview, error)
	Webhooks(keys []plan.Key) []engine.WebhookView
	Integration(key plan.Key) (*plan.Integration, engine.Queue, bool)
	IntegrationKeys(namespace string) []plan.Key
}

// Admission says whether there is room for a request with a body of up to size
// bytes, and is told when it has ended. It is package admission's Controller.
type Admission interface {
	Admit(size int64) (release func(), err error)
}

// Calls reads calls. It is package store's Store.
type Calls interface {
	LoadDurable(id uuid.UUID) (*store.Entry, error)
	Result(id uuid.UUID) (*store.Result, error)
	Ended(f store.EndedFilter, after uuid.UUID) (ids []uuid.UUID, last uuid.UUID, more bool, err error)
}

// Options are what the API works with; all fields but Access, Tracer, Stopping, Counter and
// MaxWaits are needed.
type Options struct {
	// Access judges callers; nil if everybody may do everything.
	Access    Access
	Intake    Intake
	Engine    Engine
	Admission Admission
	Calls     Calls
	Log       Log
	Catalog   Catalog
	Tail      Tail
	Queues    Queues
	Logger    *slog.Logger
	// Tracer makes spans of requests; nil if there are to be none.
	Tracer *tracing.Tracer
	// Stopping is closed when the server begins to shut down: requests that wait for
	// an outcome are then answered. If nil they wait as long as they want.
	Stopping <-chan struct{}
	// Metrics serves the metrics to those who may get [access.MetricsPath].
	Metrics http.Handler
	// Counter counts requests and problems; nobody does if nil.
	Counter Counter
	// MaxWaits bounds the requests that wait for an outcome at one time, so that they
	// leave connections for others; further ones are answered at once. No bound if 0.
	MaxWaits int
	// MaxExports bounds the exports that are under way at one time. No bound if 0.
	MaxExports int
	// Page serves the web page under /ui/, to everybody: it has no data. There is none if
	// nil.
	Page http.Handler

	heartbeat, recheck, stalled time.Duration // of streams, shorter in tests
}

// New returns the handler of the whole API.
func New(o Options) http.Handler {
	a := newAPI(o)
	mux := http.NewServeMux()
	allowed := map[string][]string{}
	for _, r := range a.routes() {
		mux.HandleFunc(r.method+" "+r.pattern, a.handler(r))
		allowed[r.pattern] = append(allowed[r.pattern], r.method)
		if r.method == http.MethodGet {
			allowed[r.pattern] = append(allowed[r.pattern], http.MethodHead)
		}
	}
	for pattern, methods := range allowed {
		mux.HandleFunc(pattern, methodNotAllowed(strings.Join(methods, ", ")))
	}
	mux.HandleFunc("/", notFound)
	servePage(mux, o.Page)
	return observed(cleanPaths(mux), &o)
}

// api holds what the handlers need.
type api struct {
	access    Access
	intake    Intake
	engine    Engine
	admission Admission
	calls     Calls
	rows      Log
	catalog   Catalog
	tail      Tail
	queues    Queues
	log       *slog.Logger
	stopping  <-chan struct{}
	waits     places
	exports   places
	pages     chan struct{} // has one for each page of rows that is being made

	heartbeat, recheck, stalled time.Duration

	metrics http.Handler
	counter Counter
}

func newAPI(o Options) *api {
	return &api{
		access: o.Access, intake: o.Intake, engine: o.Engine, admission: o.Admission, calls: o.Calls, log: o.Logger,
		rows: o.Log, catalog: o.Catalog, stopping: o.Stopping, waits: places{most: int64(o.MaxWaits)},
		tail: o.Tail, queues: o.Queues, exports: places{most: int64(o.MaxExports)}, pages: make(chan struct{}, maxPages),
		heartbeat: cmp.Or(o.heartbeat, heartbeat), recheck: cmp.Or(o.recheck, recheck), stalled: cmp.Or(o.stalled, writeTimeout),
		metrics: o.Metrics, counter: counterOf(&o),
	}
}

// The verbs that callers need on the virtual subresource webhooks/calls.
const (
	verbCreate = "create"
	verbGet    = "get"
	verbDelete = "delete"
	open       = "" // anybody may

	// verbIdentify is for what whoever Kubernetes knows may do, verbScrape for who may get
	// the path of the metrics.
	verbIdentify = "identify"
	verbScrape   = "scrape"
)

// route is one operation.
type route struct {
	method, pattern string
	verb            string
	handler         http.HandlerFunc
	// query are the parameters that its query can have. If webhook is among them, who may
	// read the calls of that Webhook alone may name it.
	query []string
}

// routes is the route table. openapi.json describes the same operations.
func (a *api) routes() []route {
	const (
		namespace  = "/v1/namespaces/{namespace}"
		webhook    = namespace + "/webhooks/{webhook}"
		calls      = webhook + "/calls"
		call       = calls + "/{transactionId}"
		deliveries = namespace + "/deliveries"
		session    = "/ui/session"
	)
	return []route{
		{http.MethodPost, calls, verbCreate, a.postCalls, nil},
		{http.MethodGet, call, verbGet, a.getCall, nil},
		{http.MethodDelete, call, verbDelete, a.deleteCall, nil},
		{http.MethodGet, call + "/attempts", verbGet, a.getAttempts, nil},
		{http.MethodPost, call + "/redeliver", verbCreate, a.redeliverCall, nil},
		{http.MethodPost, webhook + "/redeliver", verbCreate, a.redeliverEnded, nil},
		{http.MethodPost, webhook + "/render", verbGet, a.render, nil},
		{http.MethodPost, namespace + "/events", verbCreate, a.postEvents, nil},
		{http.MethodGet, "/v1/namespaces", verbIdentify, a.getNamespaces, nil},
		{http.MethodGet, namespace + "/webhooks", verbGet, a.getWebhooks, []string{"search", "integration", "health", "limit", "cursor"}},
		{http.MethodGet, webhook, verbGet, a.getWebhook, nil},
		{http.MethodGet, webhook + "/manifest", verbGet, a.getManifest, []string{"name", "namespace", "part"}},
		{http.MethodGet, namespace + "/integrations", verbGet, a.getIntegrations, nil},
		{http.MethodGet, deliveries, verbGet, a.getDeliveries, append([]string{"limit", "cursor"}, filterParameters...)},
		{http.MethodGet, deliveries + "/export", verbGet, a.getExport, append([]string{"format", "after", "details", "gzip", "bom"}, filterParameters...)},
		{http.MethodGet, deliveries + "/tail", verbGet, a.getTail, append([]string{"last"}, rowParameters...)},
		{http.MethodGet, namespace + "/statistics", verbGet, a.getStatistics, []string{"webhook", "integration", "since", "till", "step"}},
		{http.MethodPost, session, open, a.postSession, nil},
		{http.MethodGet, session, open, a.getSession, nil},
		{http.MethodDelete, session, open, a.deleteSession, nil},
		{http.MethodGet, "/openapi.json", open, getOpenAPI, nil},
		{http.MethodGet, "/metrics", verbScrape, a.getMetrics, nil},
	}
}

// handler is what every request of a route goes through. Who the caller is comes
// first.
func (a *api) handler(route route) http.HandlerFunc {
	return a.guard(route, func(w http.ResponseWriter, r *http.Request) {
		if err := checkRequest(r, &route); err != nil {
			a.problem(w, r, err)
			return
		}
		route.handler(w, r)
	})
}

// cleanPaths answers for the paths that [http.ServeMux] answers by a redirect to
// another, or by text. It is asked about the path as it was sent: an encoded slash is
// none.
func cleanPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := r.URL.EscapedPath()
		if r.RequestURI == "*" || sent == "" || path.Clean(sent) != strings.TrimSuffix(sent, "/") && sent != "/" {
			notFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
