package v1alpha1_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
)

func TestDefaults(t *testing.T) {
	const name = "defaults"
	c := newClient(t)
	create(t, c, name, `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
spec:
  url: https://api.example.com
`)
	create(t, c, name, `
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
spec:
  integrationRef:
    name: defaults
  inheritedHeaders:
    - name: Authorization
`)
	key := client.ObjectKey{Namespace: "default", Name: name}
	var integration v1alpha1.WebhookIntegration
	var webhook v1alpha1.Webhook
	for _, object := range []client.Object{&integration, &webhook} {
		if err := c.Get(t.Context(), key, object); err != nil {
			t.Fatal(err)
		}
	}

	before := int64(-1)
	if diff := cmp.Diff(v1alpha1.WebhookIntegrationStatus{ObservedGeneration: &before}, integration.Status); diff != "" {
		t.Errorf("status of an integration that nobody has seen (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(v1alpha1.WebhookStatus{ObservedGeneration: &before}, webhook.Status); diff != "" {
		t.Errorf("status of a webhook that nobody has seen (-want +got):\n%s", diff)
	}
	use := true
	if diff := cmp.Diff(v1alpha1.WebhookSpec{
		IntegrationRef:   v1alpha1.IntegrationRef{Name: name},
		Method:           v1alpha1.MethodPost,
		Escaping:         v1alpha1.EscapingContextual,
		Missing:          v1alpha1.MissingFail,
		InheritedHeaders: []v1alpha1.InheritedHeader{{Name: "Authorization", Use: &use}},
	}, webhook.Spec); diff != "" {
		t.Errorf("spec of the webhook (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(v1alpha1.WebhookIntegrationSpec{URL: "https://api.example.com"}, integration.Spec); diff != "" {
		t.Errorf("spec of the integration (-want +got):\n%s", diff)
	}
}

// TestSampleDataIsKept: whatever its fields are; a number loses what a 64-bit
// integer or float does not hold, as the field's doc says.
func TestSampleDataIsKept(t *testing.T) {
	const name = "sample"
	c := newClient(t)
	create(t, c, name, `
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
spec:
  integrationRef: {name: sample}
  sampleData: {order: {items: [{sku: A, gift: null}], total: 1.50, id: 12345678901234567890, count: 3}}
`)
	var webhook v1alpha1.Webhook
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: name}, &webhook); err != nil {
		t.Fatal(err)
	}
	want := `{"order":{"count":3,"id":12345678901234567000,"items":[{"gift":null,"sku":"A"}],"total":1.5}}`
	if got := string(webhook.Spec.SampleData.Raw); got != want {
		t.Errorf("sampleData is %s, want %s", got, want)
	}
}

// TestKubectlGet holds what people see: the columns and their values.
func TestKubectlGet(t *testing.T) {
	const name = "printed"
	c := newClient(t)
	create(t, c, name, `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
spec:
  url: https://api.example.com
  requestsPerSecond: 50
`)
	create(t, c, name, `
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
spec:
  integrationRef:
    name: printed
  url: /orders
`)
	writeStatus(t, c, name)

	for _, test := range []struct{ args, header, row string }{
		{
			"get wh printed", "NAME INTEGRATION METHOD READY HEALTHY LAST CODE LAST CALL AGE",
			"printed printed POST True Succeeded 202 150m",
		},
		{
			"get wh printed -o wide", "NAME INTEGRATION METHOD READY HEALTHY LAST CODE LAST CALL URL VIEW REASON AGE",
			"printed printed POST True Succeeded 202 150m https://api.example.com/orders Ready",
		},
		{
			"get whi printed", "NAME URL RPS WEBHOOKS READY HEALTHY AGE",
			"printed https://api.example.com 50 1 True",
		},
	} {
		lines := kubectlLines(t, test.args)
		if len(lines) != 2 || lines[0] != test.header || !strings.HasPrefix(lines[1], test.row+" ") {
			t.Errorf("kubectl %s printed %q, want %q and a row that begins with %q", test.args, lines, test.header, test.row)
		}
	}

	all := strings.Join(kubectlLines(t, "get maestra -o name"), "\n")
	for _, object := range []string{"webhook.webhooks.maestra.io/printed", "webhookintegration.webhooks.maestra.io/printed"} {
		if !strings.Contains(all, object) {
			t.Errorf("kubectl get maestra has no %s, but:\n%s", object, all)
		}
	}
}

// kubectlLines gives the lines that kubectl printed, with single spaces.
func kubectlLines(t *testing.T, args string) []string {
	t.Helper()
	out, _, err := cluster.Kubectl(t.Context(), strings.Fields(args)...)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(out) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

func writeStatus(t *testing.T, c client.Client, name string) {
	t.Helper()
	now := metav1.Now()
	one, generation, code := int32(1), int64(1), int32(202)
	ready := []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady,
		Message: "Calls are sent.", LastTransitionTime: now,
	}}
	meta := metav1.ObjectMeta{Namespace: "default", Name: name}

	integration := &v1alpha1.WebhookIntegration{ObjectMeta: meta}
	webhook := &v1alpha1.Webhook{ObjectMeta: meta}
	for _, object := range []client.Object{integration, webhook} {
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			t.Fatal(err)
		}
	}
	integration.Status = v1alpha1.WebhookIntegrationStatus{
		Conditions: ready, ObservedGeneration: &generation, Webhooks: &one,
	}
	webhook.Status = v1alpha1.WebhookStatus{
		Conditions: ready, ObservedGeneration: &generation,
		URLView: "https://api.example.com/orders",
		LastCall: &v1alpha1.LastCall{
			TransactionID: "0197f7a0-0000-7000-8000-000000000000",
			Time:          metav1.NewTime(now.Add(-150 * time.Minute)),
			Outcome:       "Succeeded",
			StatusCode:    &code,
			Attempts:      &one,
			Duration:      &metav1.Duration{Duration: 20 * time.Millisecond},
		},
	}
	for _, object := range []client.Object{integration, webhook} {
		if err := c.Status().Update(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
}

// create creates an object under a name, for the length of a test.
func create(t *testing.T, c client.Client, name, object string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".yaml")
	if err := os.WriteFile(file, []byte(strings.TrimSpace(object)), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := readSample(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Create(t.Context(), s.object); err != nil {
		t.Fatal(err)
	}
}
