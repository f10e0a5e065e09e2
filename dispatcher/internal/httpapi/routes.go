package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"strings"

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

// Options are what the API works with; all fields but Access, Tracer, Stopping and
// MaxWaits are needed.
type Options struct {
	// Access judges callers; nil if everybody may do everything.
	Access    Access
	Intake    Intake
	Engine    Engine
	Admission Admission
	Calls     Calls
	Logger    *slog.Logger
	// Tracer makes spans of requests; nil if there are to be none.
	Tracer *tracing.Tracer
	// Stopping is closed when the server begins to shut down: requests that wait for
	// an outcome are then answered. If nil they wait as long as they want.
	Stopping <-chan struct{}
	// MaxWaits bounds the requests that wait for an outcome at one time, so that they
	// leave connections for others; further ones are answered at once. No bound if 0.
	MaxWaits int
}

// New returns the handler of the whole API.
func New(o Options) http.Handler {
	a := newAPI(o)
	mux := http.NewServeMux()
	allowed := map[string][]string{}
	for _, r := range a.routes() {
		mux.HandleFunc(r.method+" "+r.pattern, a.guard(r.verb, a.handler(r)))
		allowed[r.pattern] = append(allowed[r.pattern], r.method)
		if r.method == http.MethodGet {
			allowed[r.pattern] = append(allowed[r.pattern], http.MethodHead)
		}
	}
	for pattern, methods := range allowed {
		mux.HandleFunc(pattern, methodNotAllowed(strings.Join(methods, ", ")))
	}
	mux.HandleFunc("/", notFound)
	return observed(cleanPaths(mux), &o)
}

// api holds what the handlers need.
type api struct {
	access    Access
	intake    Intake
	engine    Engine
	admission Admission
	calls     Calls
	log       *slog.Logger
	stopping  <-chan struct{}
	waits     places
}

func newAPI(o Options) *api {
	return &api{
		access: o.Access, intake: o.Intake, engine: o.Engine, admission: o.Admission, calls: o.Calls, log: o.Logger,
		stopping: o.Stopping, waits: places{most: int64(o.MaxWaits)},
	}
}

// The verbs that callers need on the virtual subresource webhooks/calls.
const (
	verbCreate = "create"
	verbGet    = "get"
	verbDelete = "delete"
	open       = "" // anybody may
)

// route is one operation.
type route struct {
	method, pattern string
	verb            string
	handler         http.HandlerFunc
}

// routes is the route table. openapi.json describes the same operations.
func (a *api) routes() []route {
	const (
		webhook = "/v1/namespaces/{namespace}/webhooks/{webhook}"
		calls   = webhook + "/calls"
		call    = calls + "/{transactionId}"
	)
	return []route{
		{http.MethodPost, calls, verbCreate, a.postCalls},
		{http.MethodGet, call, verbGet, a.getCall},
		{http.MethodDelete, call, verbDelete, a.deleteCall},
		{http.MethodPost, call + "/redeliver", verbCreate, a.redeliverCall},
		{http.MethodPost, webhook + "/redeliver", verbCreate, a.redeliverEnded},
		{http.MethodPost, webhook + "/render", verbGet, a.render},
		{http.MethodPost, "/v1/namespaces/{namespace}/events", verbCreate, a.postEvents},
		{http.MethodGet, "/openapi.json", open, getOpenAPI},
	}
}

// handler is what every request of a route goes through. Who the caller is comes
// first.
func (a *api) handler(route route) http.HandlerFunc {
	return a.guard(route.verb, func(w http.ResponseWriter, r *http.Request) {
		if err := checkRequest(r); err != nil {
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
