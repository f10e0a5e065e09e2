package metrics

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRequestsAreCountedByRoute: never by a method that anybody may invent, or by a path
// that names nothing.
func TestRequestsAreCountedByRoute(t *testing.T) {
	m := New(Options{})
	m.RequestBegun()
	check(t, m, "http_requests_in_flight", map[string]float64{"": 1})
	m.RequestEnded("/v1/{name}/calls", "POST", 202, time.Second)
	for _, r := range []struct {
		route, method string
		status        int
	}{{"/v1/{name}/calls", "POST", 202}, {"/v1/{name}/calls", "BREW", 405}, {"", "GET", 404}, {"/", "GET", 404}} {
		m.RequestBegun()
		m.RequestEnded(r.route, r.method, r.status, time.Millisecond)
	}
	want := map[string]float64{
		"code=202 method=POST route=/v1/{name}/calls": 2, "code=405 method=other route=/v1/{name}/calls": 1, "code=404 method=GET route=none": 2,
	}
	if diff := cmp.Diff(want, values(t, m, "http_requests_total")); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	check(t, m, "http_requests_in_flight", map[string]float64{})
}
