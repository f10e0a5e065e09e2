package manifests

import (
	"encoding/json"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
)

// TestInstall: what TestMain applied is what the API server now has, and it warns
// of nothing in it, such as a Pod Security violation.
func TestInstall(t *testing.T) {
	if out, _, err := cluster.Kubectl(t.Context(), "diff", "-k", "../../config/default"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	_, warnings, err := cluster.Kubectl(t.Context(), "apply", "-k", "../../config/default")
	if err != nil || warnings != "" {
		t.Errorf("a second apply warned %q, with error %v", warnings, err)
	}
}

func TestSamplesAreAccepted(t *testing.T) {
	if _, _, err := cluster.Kubectl(t.Context(), "wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"); err != nil {
		t.Fatal(err)
	}
	out, warnings, err := cluster.Kubectl(t.Context(), "apply", "-k", "../../config/samples")
	if err != nil {
		t.Fatal(err)
	}
	if warnings != "" {
		t.Errorf("apply warned: %s", warnings)
	}
	for _, object := range []string{
		"secret/crm-credentials ", "webhook.webhooks.maestra.io/stock-changed ", "webhookintegration.webhooks.maestra.io/messaging ",
		"webhookintegration.webhooks.maestra.io/crm ", "webhook.webhooks.maestra.io/customer-registered ",
	} {
		if !strings.Contains(out, object) {
			t.Errorf("apply did not mention %s, but:\n%s", object, out)
		}
	}
}

// TestSecureSamplesAreAccepted: those that no playground can run stay valid, to
// the API server and to the operator itself, which would accept each spec.
func TestSecureSamplesAreAccepted(t *testing.T) {
	out, warnings, err := cluster.Kubectl(t.Context(), "apply", "-k", "../../config/samples/secure", "--dry-run=server", "-o", "yaml")
	if err != nil || warnings != "" {
		t.Fatalf("apply warned %q, with error %v", warnings, err)
	}
	var list struct{ Items []json.RawMessage }
	if err := yaml.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	judged := 0
	for _, item := range list.Items {
		var obj v1alpha1.WebhookIntegration
		if err := json.Unmarshal(item, &obj); err != nil {
			t.Fatal(err)
		}
		if obj.Kind != "WebhookIntegration" {
			continue
		}
		judged++
		result := compile.Integration(&obj, compile.Sources{
			Secrets:    func(string) (map[string][]byte, error) { return nil, nil },
			ConfigMaps: func(string) (*compile.ConfigMap, error) { return nil, nil },
		})
		if reason, message := compile.Summary(result.Problems, v1alpha1.ConditionAccepted); reason != "" {
			t.Errorf("%s would not be accepted: %s", obj.Name, message)
		}
	}
	if judged != 4 {
		t.Errorf("%d integrations were judged, want 4, of:\n%s", judged, out)
	}
}

// TestPodIsAdmitted creates the pod as the StatefulSet controller would, in the
// namespace that enforces the Pod Security level restricted.
func TestPodIsAdmitted(t *testing.T) {
	pod, err := clients.CoreV1().Pods(namespace).Create(t.Context(), newPod(t), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		t.Fatal(err)
	}
	// The API server has the ServiceAccount admission, which adds a token where
	// nothing forbids it.
	if mounts := tokenMounts(pod); len(mounts) != 1 || mounts[0] != "manager" {
		t.Errorf("containers with a service account token: %v, want the manager alone", mounts)
	}
}

// TestPodWithMoreRightsIsRefused: the level is enforced, so that the test above
// means something.
func TestPodWithMoreRightsIsRefused(t *testing.T) {
	root := int64(0)
	for name, change := range map[string]func(*corev1.PodSpec){
		"privileged":           func(p *corev1.PodSpec) { p.Containers[0].SecurityContext = privileged() },
		"escalation":           func(p *corev1.PodSpec) { p.InitContainers[0].SecurityContext.AllowPrivilegeEscalation = nil },
		"capabilities":         func(p *corev1.PodSpec) { p.InitContainers[0].SecurityContext.Capabilities = nil },
		"root":                 func(p *corev1.PodSpec) { p.SecurityContext.RunAsUser = &root },
		"perhaps root":         func(p *corev1.PodSpec) { p.SecurityContext.RunAsNonRoot = nil },
		"no seccomp":           func(p *corev1.PodSpec) { p.SecurityContext.SeccompProfile = nil },
		"the node's folder":    func(p *corev1.PodSpec) { p.Volumes[0].VolumeSource = hostPath() },
		"the node's processes": func(p *corev1.PodSpec) { p.HostPID = true },
	} {
		t.Run(name, func(t *testing.T) {
			pod := newPod(t)
			change(&pod.Spec)
			_, err := clients.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `violates PodSecurity "restricted`) {
				t.Errorf("got %v, want it refused as against Pod Security", err)
			}
		})
	}
}

func privileged() *corev1.SecurityContext {
	yes := true
	return &corev1.SecurityContext{Privileged: &yes}
}

func hostPath() corev1.VolumeSource {
	return corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}
}

func getStatefulSet(t *testing.T) *appsv1.StatefulSet {
	t.Helper()
	set, err := clients.AppsV1().StatefulSets(namespace).Get(t.Context(), "webhook-operator", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// newPod is the pod that the StatefulSet controller would create: the template,
// a name, and a volume for each claim.
func newPod(t *testing.T) *corev1.Pod {
	t.Helper()
	set := getStatefulSet(t)
	pod := &corev1.Pod{ObjectMeta: *set.Spec.Template.ObjectMeta.DeepCopy(), Spec: *set.Spec.Template.Spec.DeepCopy()}
	pod.Namespace, pod.Name = set.Namespace, set.Name+"-0"
	for _, claim := range set.Spec.VolumeClaimTemplates {
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{
			Name: claim.Name,
			VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{
				ClaimName: claim.Name + "-" + pod.Name,
			}},
		})
	}
	return pod
}

// tokenMounts lists the containers that a volume with a token is mounted into.
func tokenMounts(pod *corev1.Pod) []string {
	tokens := map[string]bool{}
	for _, volume := range pod.Spec.Volumes {
		if volume.Secret != nil {
			tokens[volume.Name] = true
		}
		if volume.Projected == nil {
			continue
		}
		for _, source := range volume.Projected.Sources {
			if source.ServiceAccountToken != nil || source.Secret != nil {
				tokens[volume.Name] = true
			}
		}
	}
	var names []string
	for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		for _, mount := range container.VolumeMounts {
			if tokens[mount.Name] {
				names = append(names, container.Name)
			}
		}
	}
	return names
}
