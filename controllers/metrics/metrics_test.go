package metrics

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/peer"
)

// busy is a manager that has done a little of everything.
func busy() *Metrics {
	m := New("v1")
	m.Ask(Sources{
		Backlog: func() Backlog {
			return Backlog{Waiting: 3, Oldest: time.Now().Add(-time.Hour), Due: time.Now().Add(-time.Minute), BudgetUsed: 0.5}
		},
		Connected: func() bool { return true },
		Objects: func(context.Context) (map[Object]int, error) {
			return map[Object]int{{Kind: "Webhook", Ready: "true"}: 7}, nil
		},
	})
	m.Wrote(Written)
	m.Reviewed(Allowed, time.Millisecond)
	return m
}

// TestNamesAndUnits holds the metrics to the conventions of Prometheus.
func TestNamesAndUnits(t *testing.T) {
	problems, err := testutil.GatherAndLint(busy().Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestWhatIsShown: beside what controller-runtime shows.
func TestWhatIsShown(t *testing.T) {
	w := httptest.NewRecorder()
	busy().handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`webhook_manager_build_info{goversion="go`, "webhook_manager_status_outcomes_waiting 3\n", "webhook_manager_status_oldest_outcome_age_seconds 3600.",
		"webhook_manager_status_overdue_seconds 60.", "webhook_manager_status_write_budget_used_ratio 0.5\n", "webhook_manager_control_session_connected 1\n",
		`webhook_manager_objects{kind="Webhook",ready="true"} 7`, `webhook_manager_status_writes_total{result="written"} 1`, `webhook_manager_status_writes_total{result="failed"} 0`,
		`webhook_manager_review_duration_seconds_count{result="allowed"} 1`, "webhook_manager_serving_certificate_expiry_timestamp_seconds 0\n",
	} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("there is no %s", line)
		}
	}
}

// TestBeforeThereIsAnything: a scrape at the start is answered.
func TestBeforeThereIsAnything(t *testing.T) {
	w := httptest.NewRecorder()
	New("v1").handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "webhook_manager_build_info") {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

// TestTheServingCertificateIsShown: none before, and never one that is broken.
func TestTheServingCertificateIsShown(t *testing.T) {
	m := New("v1")
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	for _, change := range m.Serve(":0").TLSOpts {
		change(config)
	}
	if _, err := config.GetCertificate(nil); !errors.Is(err, errNoCertificate) {
		t.Errorf("before there is a certificate: %v", err)
	}
	authority, err := peer.NewAuthority("serving")
	if err != nil {
		t.Fatal(err)
	}
	made, err := authority.Certify("webhook-dispatcher", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SetCertificate(made.PEM, plan.NewSecret(made.Key)); err != nil {
		t.Fatal(err)
	}
	if err := m.SetCertificate("broken", plan.NewSecret("s3cr3t")); err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("a broken certificate: %v", err)
	}
	shown, err := config.GetCertificate(nil)
	if err != nil || shown.Leaf.VerifyHostname("127.0.0.1") != nil {
		t.Fatalf("shown is %v, %v", shown, err)
	}
	if got, want := m.serving.expiry(), float64(shown.Leaf.NotAfter.Unix()); got != want {
		t.Errorf("expiry is %v, want %v", got, want)
	}
}

// TestNothingIsServedWithoutAnAddress: also not on the port that is controller-runtime's default.
func TestNothingIsServedWithoutAnAddress(t *testing.T) {
	for _, address := range []string{"", "0"} {
		if got := New("v1").Serve(address).BindAddress; got != "0" {
			t.Errorf("the address %q makes %q", address, got)
		}
	}
}

// scraper asks a door whose reviews are answered by a map of tokens.
type scraper struct {
	*testing.T
	metrics *Metrics
	reviews int
	known   map[string]ReviewResult // ReviewFailed for a token that is not in it
	handler http.Handler
}

func newScraper(t *testing.T, known map[string]ReviewResult) *scraper {
	s := &scraper{T: t, metrics: New("v1"), known: known}
	s.handler = s.metrics.door.guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	s.metrics.Admit(func(_ context.Context, token plan.Secret) (ReviewResult, error) {
		s.reviews++
		result, ok := s.known[token.Reveal()]
		if !ok {
			return ReviewFailed, errors.New("the API server is away")
		}
		return result, nil
	})
	return s
}

// get is the status of an answer to who sends these Authorization headers.
func (s *scraper) get(headers ...string) int {
	r, w := httptest.NewRequest(http.MethodGet, "/metrics", nil), httptest.NewRecorder()
	r.Header["Authorization"] = headers
	s.handler.ServeHTTP(w, r)
	if (w.Code == http.StatusUnauthorized) != (w.Header().Get("WWW-Authenticate") != "") {
		s.Errorf("%d comes with the challenge %q", w.Code, w.Header().Get("WWW-Authenticate"))
	}
	return w.Code
}

// expect scrapes with a token.
func (s *scraper) expect(token string, status, reviews int) {
	s.Helper()
	if got := s.get("Bearer " + token); got != status || s.reviews != reviews {
		s.Errorf("%q is answered %d after %d reviews, want %d after %d", token, got, s.reviews, status, reviews)
	}
}

// TestWhoMayScrape: each verdict has its answer, and is remembered for its time.
func TestWhoMayScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScraper(t, map[string]ReviewResult{"good": Allowed, "other": Forbidden, "unknown": Unauthenticated})
		s.expect("good", 200, 1)
		s.expect("good", 200, 1)
		s.expect("other", 403, 2)
		s.expect("other", 403, 2)
		s.expect("unknown", 401, 3)
		s.expect("lost", 503, 4)
		s.expect("lost", 503, 5) // the next may find the API server
		time.Sleep(refusedAge)   // the bubble's clock
		s.known["other"] = Allowed
		s.expect("other", 200, 6)
		s.known["good"] = Forbidden
		s.expect("good", 200, 6)
		time.Sleep(allowedAge) // the bubble's clock
		s.expect("good", 403, 7)
	})
}

// TestScrapesGoOnWithoutTheAPIServer, for as long as a verdict lives.
func TestScrapesGoOnWithoutTheAPIServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScraper(t, map[string]ReviewResult{"good": Allowed})
		s.expect("good", 200, 1)
		delete(s.known, "good")
		time.Sleep(lifetime - time.Second) // the bubble's clock
		s.expect("good", 200, 2)
		time.Sleep(time.Second) // the bubble's clock
		s.expect("good", 503, 3)
	})
}

// TestCredentials: what is no bearer token costs no review.
func TestCredentials(t *testing.T) {
	s := newScraper(t, map[string]ReviewResult{"good": Allowed})
	for _, headers := range [][]string{nil, {""}, {"Bearer"}, {"Bearer "}, {"Basic good"}, {"good"}, {"Bearer good", "Bearer good"}, {"Bearer " + strings.Repeat("a", maxToken+1)}} {
		if got := s.get(headers...); got != http.StatusUnauthorized {
			t.Errorf("%.40q is answered %d", headers, got)
		}
	}
	if s.reviews > 0 {
		t.Errorf("%d reviews", s.reviews)
	}
	if got := s.get("bearer  good"); got != http.StatusOK {
		t.Errorf("a scheme in small letters is answered %d", got)
	}
}

// TestAFloodOfTokens: it is not remembered without bound, and pushes nobody out who was
// let in.
func TestAFloodOfTokens(t *testing.T) {
	s := newScraper(t, map[string]ReviewResult{"good": Allowed})
	s.expect("good", 200, 1)
	for i := range 3 * maxVerdicts {
		token := strings.Repeat("x", i+1)
		s.known[token] = Unauthenticated
		s.get("Bearer " + token)
	}
	if got := len(s.metrics.door.verdicts); got > maxVerdicts {
		t.Errorf("%d verdicts are remembered", got)
	}
	reviews := s.reviews
	s.expect("good", 200, reviews)
}
