package metrics

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// now is when the calls of these tests end.
var now = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

func key(name string) plan.Key { return plan.Key{Namespace: "ns", Name: name} }

// sources are those of a dispatcher that has done a little of everything.
func sources() Sources {
	return Sources{
		Queues: func() []engine.Queue {
			return []engine.Queue{
				{Key: key("in"), Waiting: 3, WaitingBytes: 30, InFlight: 1, OldestDue: time.Now().Add(-time.Hour), LimitWait: 90 * time.Second},
				{Key: key("gone"), Waiting: 1, OldestDue: time.Now().Add(-2 * time.Hour)},
				{Key: key("gone-too"), Waiting: 4},
			}
		},
		Store: func() store.Metrics {
			return store.Metrics{
				DiskBytes: 1 << 20, Fsync: store.Histogram{Count: 3, Sum: time.Second, Buckets: []store.Bucket{{Bound: time.Millisecond, Count: 1}, {Bound: time.Second, Count: 3}}},
				Integrations: map[plan.Key]store.LogSize{key("in"): {Bytes: 7, Rows: 2}, key("gone"): {Bytes: 1, Rows: 1}},
			}
		},
		Disk:              func() (Disk, error) { return Disk{Free: 5, Capacity: 10, Reserve: 1}, nil },
		Control:           func() Control { return Control{Connected: true, Sessions: 2, Unacknowledged: 4} },
		CacheHits:         func() uint64 { return 9 },
		Configured:        func() bool { return true },
		CertificateExpiry: func() time.Time { return now },
	}
}

// busy is such a dispatcher: with the integration in and its webhooks wh and other.
func busy(o Options) *Metrics {
	o.Version, o.Sources = "v1", sources()
	m := New(o)
	m.SetIntegration(key("in"), true)
	m.SetWebhook(key("wh"), key("in"), true)
	m.SetWebhook(key("other"), key("in"), false)
	m.Committed(store.StepAccept, 12, 3*time.Millisecond)
	m.Reviewed(ReviewAllowed, time.Millisecond)
	m.Problem("overloaded")
	m.Accepted([]*store.Entry{
		{Call: call("wh")},
		{Call: store.Call{Webhook: key("wh"), Event: &store.Event{}}},
		{Call: call("other"), State: store.State{Outcome: plan.OutcomeRenderFailed, EndedAt: now}},
	})
	first := call("wh")
	m.Ended([]*store.End{
		{Call: &first, Now: store.State{Attempts: 1, Due: now}, Attempt: attempt(503, plan.ReasonServerError)},
		{
			Call: &first, Was: store.State{Attempts: 1}, Now: store.State{Attempts: 2, Outcome: plan.OutcomeSucceeded, EndedAt: now}, Attempt: attempt(200, plan.ReasonSuccess),
			Calls: []*store.Entry{{Call: store.Call{Webhook: key("other"), Hops: 1, Event: &store.Event{}}}},
		},
	})
	m.RequestBegun()
	m.RequestEnded("/", http.MethodGet, http.StatusNotFound, time.Millisecond)
	return m
}

func call(webhook string) store.Call {
	return store.Call{ID: uuid.UUID{1}, Webhook: key(webhook), CreatedAt: now.Add(-30 * time.Second)}
}

func attempt(code int, reason plan.Reason) *store.Attempt {
	return &store.Attempt{Number: 1, StatusCode: code, Reason: reason, Duration: 20 * time.Millisecond}
}

// values are all series of a name that are not 0, by their labels. Of a histogram it is
// the count.
func values(t *testing.T, m *Metrics, name string) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	for labels, value := range series(t, m, name) {
		if value != 0 {
			all[labels] = value
		}
	}
	return all
}

// series are all series of a name, by their labels.
func series(t *testing.T, m *Metrics, name string) map[string]float64 {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, family := range families {
		if family.GetName() != prefix+name {
			continue
		}
		for _, metric := range family.GetMetric() {
			all[labelsIn(metric)] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return all
}

func labelsIn(m *dto.Metric) string {
	var parts []string
	for _, l := range m.GetLabel() {
		if l.GetValue() != "" {
			parts = append(parts, l.GetName()+"="+l.GetValue())
		}
	}
	return strings.Join(parts, " ")
}

func check(t *testing.T, m *Metrics, name string, want map[string]float64) {
	t.Helper()
	if diff := cmp.Diff(want, values(t, m, name)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestCallsAreCounted: each once, by the integration that its webhook has.
func TestCallsAreCounted(t *testing.T) {
	m := busy(Options{})
	const in = "integration=in integration_namespace=ns"
	check(t, m, "calls_accepted_total", map[string]float64{in + " source=api": 2, in + " source=event": 1, in + " source=outcome": 1})
	check(t, m, "calls_finished_total", map[string]float64{in + " outcome=Succeeded": 1, in + " outcome=RenderFailed": 1})
	check(t, m, "attempts_total", map[string]float64{in + " reason=Success status_class=2xx": 1, in + " reason=ServerError status_class=5xx": 1})
	check(t, m, "attempt_duration_seconds", map[string]float64{in: 2})
	check(t, m, "call_latency_seconds", map[string]float64{in: 1})
	check(t, m, "configuration_objects", map[string]float64{"kind=Webhook ready=true": 1, "kind=Webhook ready=false": 1, "kind=WebhookIntegration ready=true": 1})
}

// TestWhatIsNoAttempt: rows of calls that ended without one, and times that say nothing.
func TestWhatIsNoAttempt(t *testing.T) {
	m := busy(Options{})
	attempts, latency := values(t, m, "attempts_total"), values(t, m, "call_latency_seconds")
	waiting := call("wh")
	m.Ended([]*store.End{
		{Call: &waiting, Now: store.State{Outcome: plan.OutcomeCancelled, EndedAt: now}, Attempt: &store.Attempt{Number: 0}},
		{Call: &waiting, Now: store.State{Attempts: 1, Series: 1, Outcome: plan.OutcomeSucceeded, EndedAt: now}},
		{Call: &waiting, Now: store.State{Attempts: 1, Outcome: plan.OutcomeCancelled, EndedAt: now}},
		// It is delivered anew: no outcome.
		{Call: &waiting, Was: store.State{Outcome: plan.OutcomeFailed}, Now: store.State{Due: now}},
	})
	if diff := cmp.Diff(attempts, values(t, m, "attempts_total")); diff != "" {
		t.Errorf("attempts (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(latency, values(t, m, "call_latency_seconds")); diff != "" {
		t.Errorf("latency (-before +after):\n%s", diff)
	}
	check(t, m, "calls_finished_total", map[string]float64{
		"integration=in integration_namespace=ns outcome=Succeeded": 2, "integration=in integration_namespace=ns outcome=RenderFailed": 1,
		"integration=in integration_namespace=ns outcome=Cancelled": 2,
	})
}

// TestLostCallsShowAnIncrease: the counter is there before the first is lost.
func TestLostCallsShowAnIncrease(t *testing.T) {
	if _, ok := series(t, busy(Options{}), "calls_finished_total")["integration=in integration_namespace=ns outcome=Lost"]; !ok {
		t.Error("there is no counter of lost calls before one is lost, so that Prometheus would see no increase")
	}
}

// TestQueuesAreShown: what has no label set is summed up, but for the age, of which the
// highest counts.
func TestQueuesAreShown(t *testing.T) {
	m := busy(Options{})
	const in, other = "integration=in integration_namespace=ns", "integration=_other integration_namespace=_other"
	check(t, m, "queue_calls", map[string]float64{in: 3, other: 5})
	check(t, m, "queue_bytes", map[string]float64{in: 30})
	check(t, m, "attempts_in_flight", map[string]float64{in: 1})
	check(t, m, "limit_wait_seconds_total", map[string]float64{in: 90})
	check(t, m, "delivery_log_rows", map[string]float64{in: 2, other: 1})
	ages := values(t, m, "oldest_due_call_age_seconds")
	if ages[in] < 3600 || ages[in] > 3700 || ages[other] < 7200 || ages[other] > 7300 {
		t.Errorf("ages of the oldest due calls are %v, want an hour and two", ages)
	}
}

// TestPerWebhook: with the flag each webhook is counted apart, and goes with its object.
func TestPerWebhook(t *testing.T) {
	m := busy(Options{PerWebhook: true})
	const in = "integration=in integration_namespace=ns "
	check(t, m, "calls_accepted_total", map[string]float64{
		in + "source=api webhook=ns/wh": 1, in + "source=event webhook=ns/wh": 1, in + "source=api webhook=ns/other": 1, in + "source=outcome webhook=ns/other": 1,
	})
	m.Remove(plan.Ref{Kind: plan.KindWebhook, Key: key("wh")})
	check(t, m, "calls_accepted_total", map[string]float64{in + "source=api webhook=ns/other": 1, in + "source=outcome webhook=ns/other": 1})
	check(t, m, "attempts_total", map[string]float64{})

	// One that moves takes its label set along, begun anew.
	m.SetIntegration(key("second"), true)
	m.SetWebhook(key("other"), key("second"), true)
	m.Accepted([]*store.Entry{{Call: call("other")}})
	check(t, m, "calls_accepted_total", map[string]float64{"integration=second integration_namespace=ns source=api webhook=ns/other": 1})
}

// TestDeletedObjectsLeaveNoSeries: whatever was counted of them, and what follows is
// still counted.
func TestDeletedObjectsLeaveNoSeries(t *testing.T) {
	for _, perWebhook := range []bool{false, true} {
		t.Run(fmt.Sprintf("per webhook %v", perWebhook), func(t *testing.T) {
			m := busy(Options{PerWebhook: perWebhook})
			m.Remove(plan.Ref{Kind: plan.KindIntegration, Key: key("in")})
			for _, name := range []string{"calls_accepted_total", "calls_finished_total", "attempts_total", "attempt_duration_seconds", "call_latency_seconds"} {
				for labels := range series(t, m, name) {
					if strings.Contains(labels, "integration=in ") || strings.Contains(labels, "ns/wh") {
						t.Errorf("%s still has %s", name, labels)
					}
				}
			}
			last := call("wh")
			m.Ended([]*store.End{{Call: &last, Now: store.State{Attempts: 1, Outcome: plan.OutcomeFailed, EndedAt: now}, Attempt: attempt(0, plan.ReasonTimeout)}})
			for labels := range values(t, m, "attempts_total") {
				if !strings.HasPrefix(labels, "integration=_other ") {
					t.Errorf("the last attempt of a deleted integration is counted under %s, want _other", labels)
				}
			}
			if got := len(values(t, m, "attempts_total")); got != 1 {
				t.Errorf("the last attempt is counted in %d series, want 1", got)
			}

			m.SetIntegration(key("in"), true) // made anew: its webhooks are counted for it again
			m.Accepted([]*store.Entry{{Call: call("wh")}})
			got := values(t, m, "calls_accepted_total")
			if len(got) != 1 || !strings.HasPrefix(slices.Collect(maps.Keys(got))[0], "integration=in ") {
				t.Errorf("after it came back its calls are counted under %v", got)
			}
		})
	}
}

// TestLabelSetsAreBounded: past the bound integrations are counted together, until one
// goes and leaves its place.
func TestLabelSetsAreBounded(t *testing.T) {
	const most = 3
	m := New(Options{MaxIntegrations: most})
	const all = 10
	for i := range all {
		name := fmt.Sprintf("in-%d", i)
		m.SetWebhook(key("wh-"+name), key(name), true) // before its integration
		m.SetIntegration(key(name), true)
		m.SetIntegration(key(name), true)
	}
	callAll := func() {
		for i := range all {
			m.Accepted([]*store.Entry{{Call: call(fmt.Sprintf("wh-in-%d", i))}})
		}
	}
	callAll()
	in := func(name string) string {
		return "integration=" + name + " integration_namespace=ns source=api"
	}
	const other = "integration=_other integration_namespace=_other source=api"
	check(t, m, "calls_accepted_total", map[string]float64{in("in-0"): 1, in("in-1"): 1, in("in-2"): 1, other: all - most})

	m.Remove(plan.Ref{Kind: plan.KindIntegration, Key: key("in-1")})
	callAll()
	check(t, m, "calls_accepted_total", map[string]float64{in("in-0"): 2, in("in-2"): 2, in("in-3"): 1, other: all - most + all - most})
	m.Remove(plan.Ref{Kind: plan.KindIntegration, Key: key("in-9")}) // without a place
	if got := len(series(t, m, "call_latency_seconds")); got != most+1 {
		t.Errorf("%d integrations have series, want %d and those of all others", got, most)
	}
}

// TestWebhooksAreBounded: those past the bound are counted together in their integration.
func TestWebhooksAreBounded(t *testing.T) {
	m := New(Options{PerWebhook: true, MaxWebhooks: 2})
	m.SetIntegration(key("in"), true)
	for i := range 5 {
		m.SetWebhook(key(fmt.Sprintf("wh-%d", i)), key("in"), true)
	}
	for i := range 5 {
		m.Accepted([]*store.Entry{{Call: call(fmt.Sprintf("wh-%d", i))}})
	}
	const in = "integration=in integration_namespace=ns source=api webhook="
	check(t, m, "calls_accepted_total", map[string]float64{in + "ns/wh-0": 1, in + "ns/wh-1": 1, in + "_other": 3})
}

// TestNamesAndUnits holds the metrics to the conventions of Prometheus.
func TestNamesAndUnits(t *testing.T) {
	problems, err := testutil.GatherAndLint(busy(Options{}).Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, prefix) {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// TestBothFormats: text for people, and protobuf with native histograms for Prometheus.
func TestBothFormats(t *testing.T) {
	server := httptest.NewServer(busy(Options{}).Handler())
	defer server.Close()
	text := get(t, server.URL, "")
	for _, line := range []string{
		`webhook_dispatcher_build_info{goversion="go`, `webhook_dispatcher_attempt_duration_seconds_bucket{integration="in",integration_namespace="ns",le="0.025"} 2`,
		"go_goroutines ", "process_open_fds ",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("there is no %s in the text", line)
		}
	}
	const accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	native := map[string]bool{}
	decoder := expfmt.NewDecoder(strings.NewReader(get(t, server.URL, accept)), expfmt.NewFormat(expfmt.TypeProtoDelim))
	for {
		var family dto.MetricFamily
		if err := decoder.Decode(&family); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
		for _, metric := range family.GetMetric() {
			if h := metric.GetHistogram(); h != nil && h.Schema != nil && h.GetSampleCount() > 0 && len(h.GetPositiveSpan()) > 0 {
				native[family.GetName()] = true
			}
		}
	}
	for _, name := range []string{"attempt_duration_seconds", "call_latency_seconds", "store_step_duration_seconds", "http_request_duration_seconds", "access_review_duration_seconds"} {
		if !native[prefix+name] {
			t.Errorf("%s is not shown as a native histogram", name)
		}
	}
}

func get(t *testing.T, url, accept string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response.Status, err)
	}
	return string(text)
}
