package dispatcher_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// lines are the lines of /metrics that begin with a name, by all that stands before the
// value.
func (h *harness) metrics(name string) map[string]string {
	h.t.Helper()
	status, text := get(h.t, h.client.BaseURL+"/metrics")
	if status != http.StatusOK {
		h.t.Fatalf("GET /metrics is answered %d: %s", status, text)
	}
	found := map[string]string{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "webhook_dispatcher_"+name) {
			at := strings.LastIndex(line, " ")
			found[line[:at]] = strings.TrimSpace(line[at:])
		}
	}
	return found
}

// TestMetricsTellWhatHappens: a call that succeeds, one that cannot be rendered, and a
// refusal, over the real store and session.
func TestMetricsTellWhatHappens(t *testing.T) {
	h := newHarness(t, nil)
	h.stop()
	h.start(func(o *dispatcher.Options) { o.MetricsPerWebhook = true })
	h.configure(nil)
	h.finished(h.call(`{"id": "1", "name": "Ada"}`).TransactionID)
	h.call(`{}`)
	if status, _, _ := h.problem(http.MethodPost, "/v1/namespaces/ns/webhooks/wh/calls", "text/plain", "x"); status != http.StatusUnsupportedMediaType {
		t.Fatalf("text is answered %d", status)
	}
	const in = `integration="in",integration_namespace="ns"`
	for _, want := range []string{
		`calls_accepted_total{` + in + `,source="api",webhook="ns/wh"} 2`,
		`calls_finished_total{` + in + `,outcome="Succeeded",webhook="ns/wh"} 1`,
		`calls_finished_total{` + in + `,outcome="RenderFailed",webhook="ns/wh"} 1`,
		`attempts_total{` + in + `,reason="Success",status_class="2xx",webhook="ns/wh"} 1`,
		`attempt_duration_seconds_count{` + in + `} 1`,
		`call_latency_seconds_count{` + in + `} 1`,
		`queue_calls{` + in + `} 0`,
		`oldest_due_call_age_seconds{` + in + `} 0`,
		`limit_wait_seconds_total{` + in + `} 0`,
		`problems_total{type="unsupported-media-type"} 1`,
		`http_requests_total{code="415",method="POST",route="/v1/namespaces/{namespace}/webhooks/{webhook}/calls"} 1`,
		`control_session_connected 1`, `control_sessions_total 1`, `configuration_complete 1`,
		`configuration_objects{kind="Webhook",ready="true"} 1`,
	} {
		at := strings.LastIndex(want, " ")
		name := "webhook_dispatcher_" + want[:at]
		h.await(want, func() bool { return h.metrics(want[:strings.IndexAny(want, "{ ")])[name] == want[at+1:] })
	}
	for _, some := range []string{"store_bytes", "store_disk_free_bytes", "store_disk_reserve_bytes", `store_step_duration_seconds_count{step="accept"}`, "store_fsync_duration_seconds_count"} {
		value := h.metrics(strings.TrimRight(strings.SplitN(some, "{", 2)[0], "{"))["webhook_dispatcher_"+some]
		if value == "" || value == "0" {
			t.Errorf("%s is %q", some, value)
		}
	}
	h.await("no outcome to wait for the manager", func() bool {
		return h.metrics("control_unacknowledged_outcomes")["webhook_dispatcher_control_unacknowledged_outcomes"] == "0"
	})

	h.server.Remove(plan.Ref{Kind: plan.KindWebhook, Key: plan.Key{Namespace: "ns", Name: "wh"}})
	h.server.Remove(plan.Ref{Kind: plan.KindIntegration, Key: plan.Key{Namespace: "ns", Name: "in"}})
	h.await("the series of deleted objects to go", func() bool {
		for line := range h.metrics("") {
			if strings.Contains(line, `integration="in"`) {
				return false
			}
		}
		return true
	})
	h.stopServer()
	h.await("the session to be shown as lost", func() bool {
		return h.metrics("control_session_connected")["webhook_dispatcher_control_session_connected"] == "0"
	})
}
