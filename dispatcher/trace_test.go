package dispatcher_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/maestra-io/webhook-operator/dispatcher"
	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/peer"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// What the caller's trace is known by.
const (
	callersTrace  = "0af7651916cd43dd8448eb211c80319c"
	callersSpan   = "b7ad6b7169203331"
	callersParent = "00-" + callersTrace + "-" + callersSpan + "-01"
)

// traced is a dispatcher that sends its traces to a collector, with a webhook wh whose
// first attempt is answered 503, and a webhook next that its outcome triggers.
func traced(t *testing.T, change func(*dispatcher.Options)) (*harness, *peer.Collector) {
	collector := peer.StartCollector()
	t.Cleanup(collector.Close)
	var mu sync.Mutex
	seen := map[string]int{}
	h := newHarness(t, func(w http.ResponseWriter, r receiver.Request) {
		mu.Lock()
		defer mu.Unlock()
		if seen[r.URI]++; strings.HasPrefix(r.URI, "/root/retried") && seen[r.URI] == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	h.stop()
	h.start(func(o *dispatcher.Options) {
		o.OTLPEndpoint, o.TraceRatio = collector.URL(), 1
		if change != nil {
			change(o)
		}
	})
	h.configure(func(in *plan.Integration, wh *plan.Webhook) {
		in.RequestsPerSecond = 100
		in.Retry.Delay = time.Second
		wh.HasKey = true
		next := plan.Webhook{
			Key: plan.Key{Namespace: "ns", Name: "next"}, UID: "next", Integration: in.Key, SystemName: "next", Method: "POST", Suffix: "/next",
			Triggers: []plan.Trigger{{Type: plan.OutcomePrefix + "Succeeded", Source: plan.SourceOf(wh.Key)}},
		}
		h.server.SetWebhook(next)
	})
	return h, collector
}

// post hands in a call with headers.
func (h *harness) post(data string, headers ...string) (*client.Call, http.Header) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.client.BaseURL+client.CallsPath("ns", "wh"), strings.NewReader(data))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var call client.Call
	if err := json.NewDecoder(answer.Body).Decode(&call); err != nil || answer.StatusCode != http.StatusAccepted {
		h.t.Fatalf("answered %d, %v", answer.StatusCode, err)
	}
	return &call, answer.Header
}

// spans are what the collector has got, after the dispatcher's end.
func spans(t *testing.T, c *peer.Collector) []*trace.Span {
	t.Helper()
	all, err := c.Spans()
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(all, func(a, b *trace.Span) int {
		return int(int64(a.GetStartTimeUnixNano()) - int64(b.GetStartTimeUnixNano())) //nolint:gosec // of this century
	})
	return all
}

// attributes are those of a span, as text.
func attributes(s *trace.Span) map[string]string {
	all := map[string]string{}
	for _, a := range s.GetAttributes() {
		switch v := a.GetValue(); {
		case v.GetStringValue() != "":
			all[a.GetKey()] = v.GetStringValue()
		default:
			all[a.GetKey()] = fmt.Sprint(v.GetIntValue())
		}
	}
	return all
}

// tree writes spans with their depth below a parent. What a connection takes is not the same
// each time, and left out.
func tree(all []*trace.Span, parent string, depth int) (lines []string) {
	for _, s := range all {
		if hex.EncodeToString(s.GetParentSpanId()) != parent {
			continue
		}
		below := tree(all, hex.EncodeToString(s.GetSpanId()), depth+1)
		if s.GetName() != "dns" && s.GetName() != "connect" {
			lines = append(lines, strings.Repeat("  ", depth)+s.GetName()+" "+s.GetKind().String()[len("SPAN_KIND_"):])
		}
		lines = append(lines, below...)
	}
	return lines
}

// TestTraces: a call whose attempt fails once, and the call that its outcome triggers,
// are one tree behind the caller's span, and the receiver can go on with it.
func TestTraces(t *testing.T) {
	h, collector := traced(t, nil)
	call, _ := h.post(`{"id": "retried", "name": "n"}`, "traceparent", callersParent, "tracestate", "vendor=1")
	requests := h.received(3)
	h.finished(call.TransactionID)
	h.stop()

	all := spans(t, collector)
	attempts := map[string]*trace.Span{}
	for _, s := range all {
		if hex.EncodeToString(s.GetTraceId()) != callersTrace {
			t.Errorf("the span %s is of the trace %x", s.GetName(), s.GetTraceId())
		}
		if s.GetEndTimeUnixNano() < s.GetStartTimeUnixNano() {
			t.Errorf("the span %s ends before it begins", s.GetName())
		}
		if s.GetName() == "attempt" {
			attempts[hex.EncodeToString(s.GetSpanId())] = s
		}
	}
	want := `
POST /v1/namespaces/{namespace}/webhooks/{webhook}/calls SERVER
  wait INTERNAL
  render INTERNAL
  store INTERNAL
  attempt CLIENT
    gate INTERNAL
    first byte INTERNAL
    read INTERNAL
  wait INTERNAL
  attempt CLIENT
    gate INTERNAL
    first byte INTERNAL
    read INTERNAL
    wait INTERNAL
    render INTERNAL
    attempt CLIENT
      gate INTERNAL
      first byte INTERNAL
      read INTERNAL`
	if diff := cmp.Diff(strings.Split(want[1:], "\n"), tree(all, callersSpan, 0)); diff != "" {
		t.Errorf("the tree (-want +got):\n%s", diff)
	}

	statuses := []string{"503", "200", "200"}
	webhooks := []string{"ns/wh", "ns/wh", "ns/next"}
	for i, r := range requests {
		parts := strings.Split(r.Header.Get("Traceparent"), "-")
		if len(parts) != 4 || parts[1] != callersTrace || parts[3] != "01" || r.Header.Get("Tracestate") != "vendor=1" {
			t.Fatalf("request %d has traceparent %q and tracestate %q", i, parts, r.Header.Get("Tracestate"))
		}
		s := attempts[parts[2]]
		if s == nil {
			t.Fatalf("request %d is behind %s, which is no attempt", i, parts[2])
		}
		have := attributes(s)
		for name, want := range map[string]string{
			"http.request.method": "POST", "http.response.status_code": statuses[i], "server.address": "127.0.0.1", "webhook.name": webhooks[i], "webhook.integration": "ns/in",
		} {
			if have[name] != want {
				t.Errorf("attempt %d has %s %q, want %q", i, name, have[name], want)
			}
		}
		failed := s.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR
		if failed != (i == 0) || failed && (have["error.type"] != "ServerError" || s.GetStatus().GetMessage() != "the receiver answered 503 Service Unavailable") {
			t.Errorf("attempt %d ended as %s, %v", i, s.GetStatus(), have)
		}
	}
	if got := collector.Resource("service.name") + " " + collector.Resource("service.version"); got != "webhook-dispatcher test" {
		t.Errorf("the process is %q", got)
	}
	if !strings.Contains(h.log.String(), `"traceId":"`+callersTrace+`"`) {
		t.Error("the log does not name the trace")
	}
}

// TestTracesGoOnAfterARestart: the call's place in the trace rests with it.
func TestTracesGoOnAfterARestart(t *testing.T) {
	h, collector := traced(t, nil)
	h.configure(func(in *plan.Integration, wh *plan.Webhook) { in.Suspend = true })
	h.post(`{"id": "1", "name": "n"}`, "traceparent", callersParent)
	h.stop()
	h.start(func(o *dispatcher.Options) { o.OTLPEndpoint = collector.URL() })
	h.configure(nil)
	r := h.received(1)[0]
	h.stop()
	if got := r.Header.Get("Traceparent"); !strings.HasPrefix(got, "00-"+callersTrace+"-") || !strings.HasSuffix(got, "-01") || strings.Contains(got, callersSpan) {
		t.Errorf("the receiver got traceparent %q", got)
	}
	var call string // there may be time for the one that its outcome triggers
	var names []string
	for _, s := range spans(t, collector) {
		if s.GetName() != "wait" && s.GetName() != "attempt" {
			continue
		}
		if id := attributes(s)["webhook.call.id"]; call == "" || id == call {
			call, names = id, append(names, s.GetName())
		}
	}
	if strings.Join(names, " ") != "wait attempt" {
		t.Errorf("the attempt after the restart made the spans %q", names)
	}
}

// TestTracesBeginHere: without a caller's trace there is one of its own, or none for
// what the ratio leaves out; the receiver is told in either case.
func TestTracesBeginHere(t *testing.T) {
	for _, ratio := range []float64{0, 1} {
		h, collector := traced(t, func(o *dispatcher.Options) { o.TraceRatio = ratio })
		h.post(`{"id": "1", "name": "n"}`)
		sent := h.received(1)[0].Header.Get("Traceparent")
		h.post(`{"id": "2", "name": "n"}`, "traceparent", callersParent[:53]+"00")
		for _, r := range h.received(4) { // each triggers another
			if strings.HasSuffix(r.URI, "/2") && r.Header.Get("Traceparent") != callersParent[:53]+"00" {
				t.Errorf("of a trace that is not recorded the receiver got %q", r.Header.Get("Traceparent"))
			}
		}
		h.post(`{"id": "3", "name": "n"}`, "traceparent", callersParent)
		h.received(6)
		h.stop()
		flags := fmt.Sprintf("-0%d", int(ratio))
		if len(sent) != 55 || !strings.HasSuffix(sent, flags) {
			t.Errorf("with the ratio %v the receiver got %q", ratio, sent)
		}
		of := map[string]int{}
		for _, s := range spans(t, collector) {
			of[hex.EncodeToString(s.GetTraceId())]++
		}
		if want := int(ratio) + 1; len(of) != want || of[callersTrace] == 0 {
			t.Errorf("with the ratio %v there are the traces %v, want %d, the caller's among them", ratio, of, want)
		}
	}
}

// TestTracesOfEvents: an event's own trace is gone on with, and else that of the
// request.
func TestTracesOfEvents(t *testing.T) {
	h, collector := traced(t, nil)
	h.configure(func(in *plan.Integration, wh *plan.Webhook) {
		wh.Triggers, wh.Body = []plan.Trigger{{Type: "paid"}}, ""
	})
	other := strings.Repeat("1", 32)
	batch := `[{"specversion": "1.0", "id": "a", "source": "/s", "type": "paid", "data": {"id": "a"}, "traceparent": "00-` + other + `-1111111111111111-01"},
		{"specversion": "1.0", "id": "b", "source": "/s", "type": "paid", "data": {"id": "b"}, "traceparent": "nonsense"}]`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.client.BaseURL+client.EventsPath("ns"), strings.NewReader(batch))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/cloudevents-batch+json")
	r.Header.Set("Traceparent", callersParent)
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusAccepted {
		t.Fatal(answer, err)
	}
	_ = answer.Body.Close()
	for _, r := range h.received(4) {
		want := map[string]string{"/root/a": other, "/root/b": callersTrace}[r.URI]
		if want != "" && !strings.HasPrefix(r.Header.Get("Traceparent"), "00-"+want) {
			t.Errorf("%s is of the trace %q", r.URI, r.Header.Get("Traceparent"))
		}
	}
	h.stop()
	all := spans(t, collector)
	i := slices.IndexFunc(all, func(s *trace.Span) bool { return s.GetName() == "event" })
	if i < 0 {
		t.Fatal("the event has no span")
	}
	e := all[i]
	if hex.EncodeToString(e.GetTraceId()) != other || e.GetKind() != trace.Span_SPAN_KIND_CONSUMER || len(e.GetLinks()) != 1 || hex.EncodeToString(e.GetLinks()[0].GetTraceId()) != callersTrace {
		t.Errorf("the event's span is %v", e)
	}
}

// TestAnAuthorsTraceHeadersStay: what an author sends is not doubled.
func TestAnAuthorsTraceHeadersStay(t *testing.T) {
	h, _ := traced(t, nil)
	h.configure(func(in *plan.Integration, _ *plan.Webhook) {
		in.Headers = []plan.Header{{Name: "TraceState", Value: plan.NewSecret("mine=1")}}
	})
	h.post(`{"id": "1", "name": "n"}`, "traceparent", callersParent, "tracestate", "a=1")
	r := h.received(1)[0]
	if got := r.Header.Values("Tracestate"); len(got) != 1 || got[0] != "mine=1" || r.Header.Get("Traceparent") != "" {
		t.Errorf("the receiver got %v", r.Header)
	}
}

// TestWithoutTraces: nothing is sent to receivers, but the log names the caller's trace.
func TestWithoutTraces(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(nil)
	call, _ := h.post(`{"id": "1", "name": "n"}`, "traceparent", callersParent, "tracestate", "a=1")
	r := h.received(1)[0]
	if r.Header.Get("Traceparent") != "" || r.Header.Get("Tracestate") != "" {
		t.Errorf("the receiver got %v", r.Header)
	}
	h.finished(call.TransactionID)
	h.stop()
	if !strings.Contains(h.log.String(), `"traceId":"`+callersTrace+`"`) {
		t.Error("the log does not name the trace")
	}
}

// TestACollectorThatFails delays nothing, and is one line of the log, which does not
// quote what it is sent.
func TestACollectorThatFails(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cr3t-collector")
	h, collector := traced(t, nil)
	collector.Status.Store(http.StatusForbidden)
	for i := range 3 {
		h.post(fmt.Sprintf(`{"id": "%d", "name": "n"}`, i))
		h.received(2 * (i + 1))
		h.await("spans to be sent", func() bool {
			_, headers := collector.Requests()
			return len(headers) > i && headers[i].Get("Authorization") == "Bearer s3cr3t-collector"
		})
	}
	h.stop()
	log := h.log.String()
	if n := strings.Count(log, "could not be handed over"); n != 1 || strings.Contains(log, "s3cr3t-collector") {
		t.Errorf("%d lines:\n%s", n, log)
	}
}

// TestACollectorThatHangs holds neither calls nor the end up.
func TestACollectorThatHangs(t *testing.T) {
	hang := make(chan struct{})
	stuck, err := receiver.Start(receiver.Options{Answer: func(http.ResponseWriter, receiver.Request) { <-hang }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { close(hang); _ = stuck.Close() })
	h, _ := traced(t, func(o *dispatcher.Options) { o.OTLPEndpoint = stuck.URL() })
	h.post(`{"id": "1", "name": "n"}`)
	h.received(2)
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	if _, err := stuck.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	h.stop()
	if took := time.Since(began); took > timeout {
		t.Errorf("the end took %s", took)
	}
	if !strings.Contains(h.log.String(), "traces are lost") {
		t.Error("the log does not say that spans were lost")
	}
}
