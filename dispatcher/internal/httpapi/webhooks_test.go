package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// namesOf are the names of Webhooks.
func namesOf(page *client.Webhooks) (names []string) {
	for _, info := range page.Items {
		names = append(names, info.Name)
	}
	return names
}

func TestWebhooksAreListed(t *testing.T) {
	w := newWorld(t)
	w.ended("wh", "fail")
	w.ended("wh", "ok")
	w.call("full", "ok")
	for name, test := range map[string]struct {
		query client.WebhooksQuery
		want  []string
	}{
		"all":          {client.WebhooksQuery{}, []string{"full", "gone", "lost-integration", "raw", "unready", "wh"}},
		"by name":      {client.WebhooksQuery{Search: "W"}, []string{"raw", "wh"}},
		"display name": {client.WebhooksQuery{Search: "WHAT works"}, []string{"wh"}},
		"integration":  {client.WebhooksQuery{Integration: "ns/stopped"}, []string{"full"}},
		"not ready":    {client.WebhooksQuery{Health: client.HealthNotReady}, []string{"unready"}},
		"unhealthy":    {client.WebhooksQuery{Health: client.HealthUnhealthy}, nil},
		"healthy":      {client.WebhooksQuery{Health: client.HealthHealthy, Search: "wh"}, []string{"wh"}},
		"together":     {client.WebhooksQuery{Search: "raw", Integration: "in"}, []string{"raw"}},
	} {
		page, err := w.client.Webhooks(t.Context(), "ns", test.query)
		w.must(err)
		if diff := cmp.Diff(test.want, namesOf(page)); diff != "" || page.Total != len(test.want) || page.Cursor != "" || page.Items == nil {
			t.Errorf("%s: %+v (-want +got):\n%s", name, page, diff)
		}
	}
	var all []string
	for q := (client.WebhooksQuery{Limit: 2}); ; {
		page, err := w.client.Webhooks(t.Context(), "ns", q)
		w.must(err)
		all = append(all, namesOf(page)...)
		if q.Cursor = page.Cursor; page.Total != 6 || q.Cursor == "" {
			break
		}
	}
	if len(all) != 6 || !slices.IsSorted(all) {
		t.Errorf("by pages: %q", all)
	}
}

func TestAWebhookIsShown(t *testing.T) {
	w := newWorld(t)
	w.ended("wh", "fail")
	id := w.ended("wh", "ok")
	got, err := w.client.Webhook(t.Context(), "ns", "wh")
	w.must(err)
	want := &client.WebhookInfo{
		Namespace: "ns", Name: "wh", SystemName: "wh", DisplayName: "What works", Integration: "ns/in", Method: "POST", URLView: w.receiver.URL() + "/${path}",
		Health:   client.Health{Healthy: true, Calls: 2, Failed: 1, LastSuccessAt: &got.LastCall.EndedAt},
		LastCall: &client.LastCall{TransactionID: id, EndedAt: got.LastCall.EndedAt, Outcome: "Succeeded", StatusCode: 200, Attempts: 1, DurationSeconds: got.LastCall.DurationSeconds, Message: got.LastCall.Message},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.call("full", "ok")
	got, err = w.client.Webhook(t.Context(), "ns", "full")
	w.must(err)
	if got.Waiting != 1 || got.OldestDueAt != nil {
		t.Errorf("what waits for a suspended integration: %+v", got)
	}
	w.must(w.options.Engine.(*engine.Engine).SetIntegration(&plan.Integration{Key: keyOf("stopped"), NotReady: "a Secret is missing", MaxWaiting: 10}))
	got, err = w.client.Webhook(t.Context(), "ns", "full")
	w.must(err)
	if got.OldestDueAt == nil || time.Since(*got.OldestDueAt) > patience {
		t.Errorf("what waits for one that is not ready: %+v", got)
	}
}

func TestIntegrationsAreShown(t *testing.T) {
	w := newWorld(t)
	w.ended("wh", "fail")
	w.call("full", "ok")
	w.flying()
	answer, err := w.client.Integrations(t.Context(), "ns")
	for begun := time.Now(); err == nil && answer.Items[0].InFlight > 1 && time.Since(begun) < patience; { // the first one's place is free a moment after its end
		answer, err = w.client.Integrations(t.Context(), "ns")
	}
	w.must(err)
	private := []client.Header{{Name: "X-Secret", Value: "***"}}
	want := []client.IntegrationInfo{
		{Namespace: "ns", Name: "in", URL: w.receiver.URL(), MaxConcurrency: 8, Headers: private, Webhooks: 3, Calls: 1, Failed: 1, Waiting: 1, InFlight: 1},
		{Namespace: "ns", Name: "nowhere", NotReady: "there is no such WebhookIntegration", Webhooks: 1},
		{Namespace: "ns", Name: "stopped", URL: w.receiver.URL(), MaxConcurrency: 8, Headers: private, Suspended: true, Webhooks: 1, Waiting: 1},
	}
	if diff := cmp.Diff(want, answer.Items); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAManifestIsACopy that can be applied, and is its own under another name.
func TestAManifestIsACopy(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct{ name, namespace, wantName, wantNamespace, systemName string }{
		{"", "", "wh", "ns", "wh"}, {"copy", "", "copy", "ns", ""}, {"", "there", "wh", "there", "wh"}, {"wh", "there", "wh", "there", "wh"},
	} {
		text, err := w.client.Manifest(t.Context(), "ns", "wh", test.name, test.namespace)
		w.must(err)
		var got struct {
			APIVersion, Kind string
			Metadata         map[string]string
			Spec             map[string]any
		}
		w.must(yaml.UnmarshalStrict(text, &got))
		if got.APIVersion != "webhooks.maestra.io/v1alpha1" || got.Kind != "Webhook" || got.Spec["url"] != "/${path}" ||
			!cmp.Equal(got.Metadata, map[string]string{"name": test.wantName, "namespace": test.wantNamespace}) {
			t.Errorf("%+v: %s", test, text)
		}
		if name, _ := got.Spec["systemName"].(string); name != test.systemName {
			t.Errorf("%+v has the system name %q", test, name)
		}
		if !strings.HasPrefix(string(text), "apiVersion: ") {
			t.Errorf("%s", text)
		}
	}
	sample, err := w.client.SampleData(t.Context(), "ns", "wh")
	w.must(err)
	if strings.TrimSpace(string(sample)) != `{"n":1}` {
		t.Errorf("the sample data is %s", sample)
	}
}

// among is an Access that allows some namespaces.
type among map[string]error

func (a among) Allow(_ context.Context, _, _, namespace, _ string) (string, error) {
	if err, known := a[namespace]; known {
		return "", err
	}
	return "", nil
}

func (among) AllowPath(context.Context, string, string) (string, error) { return "somebody", nil }

func (among) Identify(context.Context, string) (string, error) { return "somebody", nil }

// TestNamespacesAreThoseOfTheCaller, at most 200 of them, and none if that is not known.
func TestNamespacesAreThoseOfTheCaller(t *testing.T) {
	w := newWorld(t)
	for i := range 250 {
		compiled, err := catalog.Compile(plan.Webhook{Key: plan.Key{Namespace: fmt.Sprintf("n-%03d", i), Name: "wh"}, NotReady: "never"})
		w.must(err)
		w.catalog.Set(compiled)
	}
	token := func(context.Context) (string, error) { return "tok", nil }
	ask := func(a Access) (*client.Namespaces, error) {
		c := &client.Client{BaseURL: w.serve(func(o *Options) { o.Access = a }), Token: token}
		return c.Namespaces(t.Context())
	}
	got, err := ask(among{"n-000": access.ErrForbidden, "n-199": access.ErrForbidden})
	w.must(err)
	if len(got.Items) != 198 || !got.Partial || got.Items[0] != "n-001" || got.Items[197] != "n-198" {
		t.Errorf("%d, partial %t: %q", len(got.Items), got.Partial, got.Items)
	}
	if _, err := ask(among{"n-100": access.ErrUnavailable}); err == nil {
		t.Error("namespaces are left out of which it is not known whether they are the caller's")
	}
	got, err = w.client.Namespaces(t.Context())
	w.must(err)
	if len(got.Items) != 251 || got.Partial {
		t.Errorf("without authentication: %d, partial %t", len(got.Items), got.Partial)
	}
}

// TestStatisticsCountTheLog, with what waited if all Webhooks are meant.
func TestStatisticsCountTheLog(t *testing.T) {
	w := newWorld(t)
	w.fill(100)
	w.queues.Add(filled.Add(30*time.Second), []engine.Depth{{Integration: keyOf("in"), Namespace: "ns", Waiting: 7, OldestDue: filled.Add(25 * time.Second)}})
	q := client.StatisticsQuery{Since: filled, Till: filled.Add(90 * time.Second), Step: 30 * time.Second}
	got, err := w.client.Statistics(t.Context(), "ns", q)
	w.must(err)
	waiting, oldest := 7, 5.0
	want := &client.Statistics{Since: q.Since, Till: q.Till, StepSeconds: 30}
	for i := range 3 {
		step := client.StatisticsStep{At: filled.Add(time.Duration(i) * 30 * time.Second), Attempts: 30, Outcomes: map[string]int{"Succeeded": 20, "Failed": 10}}
		if i > 0 { // the second minute has no sample of its own yet
			step.Waiting, step.OldestDueSeconds = &waiting, &oldest
		}
		want.Steps = append(want.Steps, step)
	}
	numbers := cmpopts.IgnoreFields(client.StatisticsStep{}, "DurationP50", "DurationP95", "DurationMax", "WaitedP95", "WaitedMax")
	if diff := cmp.Diff(want, got, numbers); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s := got.Steps[2]; s.DurationMax != 0.089 || s.DurationP50 < 0.07 || s.DurationP50 > 0.08 {
		t.Errorf("durations: %+v", s)
	}
	q.Webhook = "raw"
	got, err = w.client.Statistics(t.Context(), "ns", q)
	w.must(err)
	if s := got.Steps[1]; s.Attempts != 10 || s.Waiting != nil {
		t.Errorf("of one webhook: %+v", s)
	}
	text, err := json.Marshal(got)
	w.must(err)
	if got, err = w.client.Statistics(t.Context(), "ns", client.StatisticsQuery{}); err != nil || len(got.Steps) != 96 || got.StepSeconds != 900 {
		t.Errorf("by default %d steps of %d s: %v, %s", len(got.Steps), got.StepSeconds, err, text)
	}
}
