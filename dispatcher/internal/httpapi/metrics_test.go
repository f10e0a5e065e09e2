package httpapi

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
)

// TestMetricsAreGuarded: by the right to the path, and by no other; who has it not learns
// which it is.
func TestMetricsAreGuarded(t *testing.T) {
	shown := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("shown")) }
	ask := func(j *judge, token string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest(http.MethodGet, "/metrics", nil), httptest.NewRecorder()
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		New(Options{Access: j, Metrics: http.HandlerFunc(shown)}).ServeHTTP(w, r)
		return w
	}
	allowed := &judge{user: "prometheus"}
	if w := ask(allowed, "tok"); w.Code != http.StatusOK || w.Body.String() != "shown" {
		t.Errorf("who has the right is answered %d %s", w.Code, w.Body)
	}
	if asked := slices.Compact(allowed.asked); !slices.Equal(asked, []string{"tok /metrics"}) {
		t.Errorf("the review was about %q", asked)
	}
	if w := ask(&judge{}, ""); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("who has no token is answered %d", w.Code)
	}
	if w := ask(&judge{err: access.ErrForbidden}, "tok"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "webhook-operator-metrics-reader") {
		t.Errorf("who has not the right is answered %d %s", w.Code, w.Body)
	}
}

// TestProblemsAreCounted: by the last part of their type, each line of a batch too.
func TestProblemsAreCounted(t *testing.T) {
	w := newWorld(t)
	c := &counted{ended: make(chan string, 2)}
	base := w.serve(func(o *Options) { o.Counter = c })
	for _, body := range []string{`[]`, `{"data": {"path": "ok", "n": 1}}` + "\n" + `{"data": 1}` + "\n" + `nonsense`} {
		r := request(t, http.MethodPost, base+webhookPath+"/calls", body)
		if strings.Contains(body, "\n") {
			r.Header.Set("Content-Type", mediaNDJSON)
		}
		w.do(r)
	}
	if want := []string{"invalid-data", "invalid-data", "invalid-data"}; !slices.Equal(c.problems, want) {
		t.Errorf("told %q, want %q", c.problems, want)
	}
}
