package manifests

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

// callers are the samples of callers for systems that are not part of Kubernetes,
// and whose own kinds no API server here knows.
var callers = []string{"argo-workflow.yaml", "tekton-task.yaml", "knative-trigger.yaml"}

const callersFolder = "../../config/samples/callers/"

// TestCallersAreAccepted: the API server takes the samples of callers that are made
// of Kubernetes' own kinds, also by Pod Security's strictest level.
func TestCallersAreAccepted(t *testing.T) {
	out, warnings, err := cluster.Kubectl(t.Context(), "apply", "-k", callersFolder, "-n", namespace, "--dry-run=server", "-o", "name")
	if err != nil || warnings != "" {
		t.Fatalf("apply warned %q, with error %v", warnings, err)
	}
	for _, object := range []string{"cronjob.batch/nightly-report", "rolebinding.rbac.authorization.k8s.io/shop-backend-calls", "role.rbac.authorization.k8s.io/call-stock-changed"} {
		if !strings.Contains(out, object) {
			t.Errorf("apply did not mention %s, but:\n%s", object, out)
		}
	}
}

// dispatcherURL finds the URLs of the dispatcher in a text, up to what a shell or
// YAML would end it by.
var dispatcherURL = regexp.MustCompile(`https://webhook-dispatcher\.webhook-operator-system\.svc([^\s"'\\]*)`)

// TestCallersUseTheAPI: what the samples and pages say to callers names paths that
// there are, and the Service, audience and ConfigMap by their names.
func TestCallersUseTheAPI(t *testing.T) {
	paths := []string{
		client.CallsPath("default", "stock-changed"), client.CallsPath("default", "promocode-requested"),
		client.CallsPath("$NAMESPACE", "$WEBHOOK"), "/v1/namespaces/default/events",
	}
	for i, path := range paths {
		paths[i] = strings.ReplaceAll(path, "%24", "$")
	}
	for _, name := range append([]string{"cronjob.yaml"}, callers...) {
		text, err := os.ReadFile(callersFolder + name)
		if err != nil {
			t.Fatal(err)
		}
		var document map[string]any
		if err := yaml.UnmarshalStrict(text, &document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		found := dispatcherURL.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s names no URL of the dispatcher", name)
		}
		for _, url := range found {
			if !slices.Contains(paths, url[1]) {
				t.Errorf("%s names %s, which is no path of the API", name, url[0])
			}
		}
	}
}
