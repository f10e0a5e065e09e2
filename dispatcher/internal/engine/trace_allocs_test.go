//go:build !race

package engine

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestTracingIsCheapWhenNothingIsRecorded: an attempt takes no memory for traces where
// there are none, nor for one that is not recorded beyond the header.
func TestTracingIsCheapWhenNothingIsRecorded(t *testing.T) {
	on, err := tracing.New(tracing.Options{Endpoint: "http://127.0.0.1:1", Ratio: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = on.Shutdown(context.Background()) }()
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
	for name, test := range map[string]struct {
		tracer  *tracing.Tracer
		trace   string
		headers int
	}{
		"off":                       {nil, "", 0},
		"off, in a caller's trace":  {nil, parent + "1", 0},
		"on, in one not recorded":   {on, parent + "0", 1},
		"on, not recorded, a state": {on, parent + "0 a=1", 2},
	} {
		e := &Engine{tracer: test.tracer, wall: time.Now}
		entry := &store.Entry{Call: store.Call{ID: uuid.Must(uuid.NewV7()), CreatedAt: time.Now(), Method: "POST", Trace: test.trace}}
		r := &turn{integration: &plan.Integration{}}
		request := &outbound.Request{Headers: make([]plan.RenderedHeader, 0, 8)}
		response := &outbound.Response{Reason: plan.ReasonSuccess}
		n := testing.AllocsPerRun(100, func() {
			request.Headers = request.Headers[:0]
			span := e.traceAttempt(entry, r)
			e.propagate(request, &entry.Call, span)
			traceEnd(span, request, response, &entry.State)
			_ = behind(&entry.Call, span)
		})
		want := 0.0
		if test.headers == 2 {
			want = 6 // the state is parsed
		}
		if n > want || len(request.Headers) != test.headers {
			t.Errorf("%s: %v allocations, %d headers", name, n, len(request.Headers))
		}
	}
}
