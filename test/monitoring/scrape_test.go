package monitoring

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/maestra-io/webhook-operator/test/stack"
)

// addresses are the URLs of the metrics of both processes.
func addresses() map[string]string {
	return map[string]string{"dispatcher": running.Client.BaseURL + "/metrics", "manager": "https://" + running.ManagerMetrics + "/metrics"}
}

// client verifies both processes by the authority that the operator publishes.
var client = sync.OnceValue(func() *http.Client {
	authority, err := os.ReadFile(running.CA)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	return &http.Client{Timeout: timeout, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
})

// get asks with a token, or without one if that is empty.
func get(t *testing.T, url, token, accept string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if accept != "" {
		request.Header.Set("Accept", accept)
	}
	response, err := client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// token is one of a service account of the namespace default; of the API server's own
// audience if that is empty.
func token(t *testing.T, account, audience string) string {
	t.Helper()
	text, err := cluster.Token(t.Context(), "default", account, audience)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// families are the metrics of both processes, by name.
func families(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	all := map[string]*dto.MetricFamily{}
	for process, url := range addresses() {
		status, text := get(t, url, token(t, "prometheus", ""), "")
		if status != http.StatusOK {
			t.Fatalf("the %s answers %d: %s", process, status, text)
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		found, err := parser.TextToMetricFamilies(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for name, family := range found {
			all[name] = family
		}
	}
	return all
}

// labelsOf are the names of the labels of a metric, sorted.
func labelsOf(family *dto.MetricFamily) (names []string) {
	for _, metric := range family.GetMetric() {
		for _, label := range metric.GetLabel() {
			if !slices.Contains(names, label.GetName()) {
				names = append(names, label.GetName())
			}
		}
	}
	slices.Sort(names)
	return names
}

// TestWhoMayScrape: who has the right to get /metrics, with a token for the API server or
// for the dispatcher, and nobody else.
func TestWhoMayScrape(t *testing.T) {
	mine, reader, own := token(t, "nobody", ""), token(t, "prometheus", ""), token(t, "prometheus", stack.Audience)
	other := token(t, "prometheus", "something-else")
	for process, url := range addresses() {
		for _, test := range []struct {
			who, token string
			want       int
		}{
			{"who has the right", reader, http.StatusOK},
			{"who has the right, with a token for the dispatcher", own, http.StatusOK},
			{"who has the right, with a token for another audience", other, http.StatusUnauthorized},
			{"who has not the right", mine, http.StatusForbidden},
			{"who has no token", "", http.StatusUnauthorized},
			{"who has a broken token", reader[:len(reader)-8] + "AAAAAAAA", http.StatusUnauthorized},
		} {
			status, text := get(t, url, test.token, "")
			if status != test.want {
				t.Errorf("%s: %s is answered %d, want %d: %.200s", process, test.who, status, test.want, text)
			}
			if shown := strings.Contains(text, "build_info"); shown != (test.want == http.StatusOK) {
				t.Errorf("%s: %s sees metrics: %v", process, test.who, shown)
			}
		}
	}
}

// TestTheTokenOfPrometheusMakesNoCalls: that of the API server's audience does for the
// metrics alone, also where its account may call.
func TestTheTokenOfPrometheusMakesNoCalls(t *testing.T) {
	text, err := cluster.Token(t.Context(), stack.Namespace, stack.Caller, "")
	if err != nil {
		t.Fatal(err)
	}
	const call = "/v1/namespaces/default/webhooks/greet/calls/019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11"
	if status, body := get(t, running.Client.BaseURL+call, text, ""); status != http.StatusUnauthorized {
		t.Errorf("a call is read with a token for the API server: %d %s", status, body)
	}
	if status, body := get(t, running.Client.BaseURL+"/metrics", text, ""); status != http.StatusForbidden {
		t.Errorf("a caller without the right to metrics is answered %d %.200s", status, body)
	}
}

// TestOnlyMetricsAreServedThere: by the manager, to anybody.
func TestOnlyMetricsAreServedThere(t *testing.T) {
	for _, path := range []string{"/", "/debug/pprof/", "/metrics/x"} {
		if status, _ := get(t, "https://"+running.ManagerMetrics+path, token(t, "prometheus", ""), ""); status != http.StatusNotFound {
			t.Errorf("%s is answered %d", path, status)
		}
	}
}

// TestNativeHistograms: Prometheus gets them when it asks for protobuf.
func TestNativeHistograms(t *testing.T) {
	const accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	for process, name := range map[string]string{"dispatcher": "webhook_dispatcher_attempt_duration_seconds", "manager": "webhook_manager_review_duration_seconds"} {
		_, text := get(t, addresses()[process], token(t, "prometheus", ""), accept)
		native := false
		decoder := expfmt.NewDecoder(strings.NewReader(text), expfmt.NewFormat(expfmt.TypeProtoDelim))
		for {
			var family dto.MetricFamily
			if err := decoder.Decode(&family); err != nil {
				break
			}
			for _, metric := range family.GetMetric() {
				native = native || family.GetName() == name && len(metric.GetHistogram().GetPositiveSpan()) > 0
			}
		}
		if !native {
			t.Errorf("the %s shows no native histogram %s", process, name)
		}
	}
}
