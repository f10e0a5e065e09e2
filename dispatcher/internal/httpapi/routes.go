package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Bounds of requests.
const (
	// MaxBody bounds the data of one call, in bytes.
	MaxBody = 1 << 20
	// MaxBatch bounds the lines of a batch, MaxBatchBytes its body in bytes.
	MaxBatch      = 10_000
	MaxBatchBytes = 16 << 20
)

// Intake takes calls in. It is package intake's Intake.
type Intake interface {
	Accept(ctx context.Context, webhook plan.Key, r intake.Request) intake.Result
	AcceptAll(ctx context.Context, webhook plan.Key, requests []intake.Request) []intake.Result
}

// Admission says whether there is room for a request with a body of up to size
// bytes, and is told when it has ended. It is package admission's Controller.
type Admission interface {
	Admit(size int64) (release func(), err error)
}

// Calls reads calls. It is package store's Store.
type Calls interface {
	LoadDurable(id uuid.UUID) (*store.Entry, error)
}

// Options are what the API works with; all fields but Access are needed.
type Options struct {
	// Access judges callers; nil if everybody may do everything.
	Access    Access
	Intake    Intake
	Admission Admission
	Calls     Calls
	Logger    *slog.Logger
}

// New returns the handler of the whole API.
func New(o Options) http.Handler {
	a := &api{access: o.Access, intake: o.Intake, admission: o.Admission, calls: o.Calls, log: o.Logger}
	mux := http.NewServeMux()
	allowed := map[string][]string{}
	for _, r := range a.routes() {
		mux.HandleFunc(r.method+" "+r.pattern, a.guard(r.verb, r.handler))
		allowed[r.pattern] = append(allowed[r.pattern], r.method)
	}
	for pattern, methods := range allowed {
		mux.HandleFunc(pattern, methodNotAllowed(strings.Join(methods, ", ")))
	}
	mux.HandleFunc("/", notFound)
	return mux
}

// api holds what the handlers need.
type api struct {
	access    Access
	intake    Intake
	admission Admission
	calls     Calls
	log       *slog.Logger
}

// The verbs that callers need on the virtual subresource webhooks/calls.
const (
	verbCreate = "create"
	verbGet    = "get"
	open       = "" // anybody may
)

// route is one operation.
type route struct {
	method, pattern string
	verb            string
	handler         http.HandlerFunc
}

// routes is the route table.
func (a *api) routes() []route {
	const calls = "/v1/namespaces/{namespace}/webhooks/{webhook}/calls"
	return []route{
		{http.MethodPost, calls, verbCreate, a.postCalls},
		{http.MethodGet, calls + "/{transactionId}", verbGet, a.getCall},
	}
}
