package metrics

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRequestsAreCountedByRoute: never by path, by a method that anybody may invent, or by
// a path that names nothing.
func TestRequestsAreCountedByRoute(t *testing.T) {
	m := New(Options{})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/{name}/calls", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	mux.HandleFunc("/v1/{name}/calls", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) })
	mux.HandleFunc("GET /silent", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /streams", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "a")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	server := httptest.NewServer(m.Requests(mux))
	defer server.Close()
	for _, line := range []string{"POST /v1/a/calls", "POST /v1/b/calls", "BREW /v1/a/calls", "GET /silent", "GET /streams", "GET /secret", "GET /secret/2"} {
		method, path, _ := strings.Cut(line, " ")
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body) // one is cut off
			_ = response.Body.Close()
		}
	}
	server.Close()
	want := map[string]float64{
		"code=202 method=POST route=/v1/{name}/calls": 2, "code=405 method=other route=/v1/{name}/calls": 1, "code=200 method=GET route=/silent": 1,
		"code=200 method=GET route=/streams": 1, "code=404 method=GET route=none": 2,
	}
	if diff := cmp.Diff(want, values(t, m, "http_requests_total")); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	check(t, m, "http_requests_in_flight", map[string]float64{})
}

// TestTooLargeBodiesEndTheConnection: as they do without the metrics.
func TestTooLargeBodiesEndTheConnection(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /x", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 10)); err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	})
	for name, handler := range map[string]http.Handler{"without": mux, "with": New(Options{}).Requests(mux)} {
		server := httptest.NewServer(handler)
		response, err := http.Post(server.URL+"/x", "text/plain", strings.NewReader(strings.Repeat("x", 1<<10)))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		server.Close()
		if !response.Close {
			t.Errorf("%s metrics the connection stays open", name)
		}
	}
}
