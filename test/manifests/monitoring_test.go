package manifests

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/maestra-io/webhook-operator/controllers/serving"
)

const monitoringFolder = "../../config/monitoring"

// serviceMonitor is as much of one as is looked at; the kind is not in this API server.
type serviceMonitor struct {
	Metadata metav1.ObjectMeta
	Spec     struct {
		Selector  metav1.LabelSelector
		Endpoints []struct {
			Port, Scheme, Path, Interval string
			Authorization                struct{ Credentials struct{ Name, Key string } }
			TLSConfig                    struct {
				ServerName         string
				InsecureSkipVerify bool
				CA                 struct {
					ConfigMap struct{ Name, Key string }
				}
			}
		}
	}
}

// TestServiceMonitorScrapesBoth: the ports of the Service that there are, verified by the
// authority that the manager publishes, with a token that there will be.
func TestServiceMonitorScrapesBoth(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(monitoringFolder, "servicemonitor.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var monitor serviceMonitor
	if err := yaml.Unmarshal(text, &monitor); err != nil {
		t.Fatal(err)
	}
	service, err := clients.CoreV1().Services(namespace).Get(t.Context(), "webhook-dispatcher", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	selector, err := metav1.LabelSelectorAsSelector(&monitor.Spec.Selector)
	if err != nil || !selector.Matches(labels.Set(service.Labels)) || selector.Empty() {
		t.Errorf("the ServiceMonitor selects %v, %v; the Service has the labels %v", selector, err, service.Labels)
	}
	if monitor.Metadata.Namespace != namespace {
		t.Errorf("it is in the namespace %q, and would look for the Service there", monitor.Metadata.Namespace)
	}
	var ports []string
	for _, e := range monitor.Spec.Endpoints {
		ports = append(ports, e.Port)
		ca := e.TLSConfig.CA.ConfigMap
		if e.Scheme != "https" || e.Path != "/metrics" || e.TLSConfig.InsecureSkipVerify || e.TLSConfig.ServerName != "webhook-dispatcher."+namespace+".svc" {
			t.Errorf("port %s is scraped by %+v", e.Port, e)
		}
		if ca.Name != serving.ConfigMapName || ca.Key != "ca.crt" {
			t.Errorf("port %s is verified by %+v", e.Port, ca)
		}
		if c := e.Authorization.Credentials; c.Name != "webhook-operator-scraper" || c.Key != "token" {
			t.Errorf("port %s is scraped with the credentials %+v", e.Port, c)
		}
	}
	var there []string
	for _, port := range service.Spec.Ports {
		there = append(there, port.Name)
	}
	if diff := cmp.Diff(there, ports); diff != "" {
		t.Errorf("ports (-of the Service +that are scraped):\n%s", diff)
	}
}

// TestServiceLeadsToTheMetricsOfTheManager: by the port where it shows them.
func TestServiceLeadsToTheMetricsOfTheManager(t *testing.T) {
	service, err := clients.CoreV1().Services(namespace).Get(t.Context(), "webhook-dispatcher", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(getStatefulSet(t).Spec.Template.Spec.Containers[0].Ports, func(p corev1.ContainerPort) bool { return p.Name == service.Spec.Ports[1].TargetPort.String() })
	if at < 0 {
		t.Fatalf("the manager has no port %s", service.Spec.Ports[1].TargetPort.String())
	}
	manager := getStatefulSet(t).Spec.Template.Spec.Containers[0]
	if want := fmt.Sprintf("--metrics-address=:%d", manager.Ports[at].ContainerPort); !slices.Contains(manager.Args, want) {
		t.Errorf("the manager has the arguments %v, want %s in them", manager.Args, want)
	}
}

// TestMonitoringIsAccepted: the API server takes what is of its own kinds, and the rest is
// there.
func TestMonitoringIsAccepted(t *testing.T) {
	out, _, err := cluster.Kubectl(t.Context(), "kustomize", monitoringFolder)
	if err != nil {
		t.Fatal(err)
	}
	var known, other []string
	for document := range strings.SplitSeq(out, "\n---\n") {
		var object struct {
			Kind     string
			Metadata metav1.ObjectMeta
			Data     map[string]string
		}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		if object.Kind != "ClusterRoleBinding" && object.Metadata.Namespace != namespace {
			t.Errorf("%s %s is in the namespace %q", object.Kind, object.Metadata.Name, object.Metadata.Namespace)
		}
		if object.Kind == "ServiceMonitor" || object.Kind == "PrometheusRule" {
			other = append(other, object.Kind)
			continue
		}
		known = append(known, document)
		if object.Kind == "ConfigMap" && (object.Metadata.Labels["grafana_dashboard"] != "1" || !json.Valid([]byte(object.Data["webhook-operator.json"]))) {
			t.Errorf("Grafana would not find a dashboard in %s", object.Metadata.Name)
		}
	}
	slices.Sort(other)
	if want := []string{"PrometheusRule", "ServiceMonitor"}; !slices.Equal(other, want) {
		t.Errorf("of the Prometheus operator there are %v, want %v", other, want)
	}
	apply := cluster.KubectlCommand(t.Context(), "apply", "--dry-run=server", "-f", "-")
	apply.Stdin = strings.NewReader(strings.Join(known, "\n---\n"))
	if out, err := apply.CombinedOutput(); err != nil || strings.Contains(string(out), "Warning") || len(known) != 4 {
		t.Errorf("%d objects are answered %v: %s", len(known), err, out)
	}
}

// TestMetricsReader: the role gives the path of metrics, and nothing else.
func TestMetricsReader(t *testing.T) {
	apply := cluster.KubectlCommand(t.Context(), "apply", "-f", filepath.Join(monitoringFolder, "scraper.yaml"))
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() {
		if _, _, err := cluster.Kubectl(context.WithoutCancel(t.Context()), "delete", "-f", filepath.Join(monitoringFolder, "scraper.yaml")); err != nil {
			t.Error(err)
		}
	})
	for _, test := range []struct {
		account, verb, path string
		want                bool
	}{
		{"webhook-operator-scraper", "get", "/metrics", true},
		{"webhook-operator-scraper", "post", "/metrics", false},
		{"webhook-operator-scraper", "get", "/metrics/cadvisor", false},
		{"anybody", "get", "/metrics", false},
		{"webhook-operator-manager", "get", "/metrics", false},
	} {
		within(t, 20*time.Second, func() error {
			review, err := clients.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), &authorizationv1.SubjectAccessReview{
				Spec: authorizationv1.SubjectAccessReviewSpec{
					User:                  "system:serviceaccount:" + namespace + ":" + test.account,
					Groups:                []string{"system:serviceaccounts", "system:authenticated"},
					NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: test.path, Verb: test.verb},
				},
			}, metav1.CreateOptions{})
			if err == nil && review.Status.Allowed != test.want {
				err = fmt.Errorf("%s may %s %s: %v, want %v", test.account, test.verb, test.path, review.Status.Allowed, test.want)
			}
			return err
		})
	}
	resources := allResources(t)
	anybody := allowed(t, resources, "anybody", "", "")
	if got := allowed(t, resources, "webhook-operator-scraper", "", ""); !slices.Equal(got, anybody) {
		t.Errorf("who may read metrics may do %v, want what anybody may, %v", got, anybody)
	}
}
