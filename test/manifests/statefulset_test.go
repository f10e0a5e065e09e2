package manifests

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestOneWriterOfTheStore: two dispatchers must never have the same store.
func TestOneWriterOfTheStore(t *testing.T) {
	set := getStatefulSet(t)
	if *set.Spec.Replicas != 1 {
		t.Errorf("%d replicas, want 1", *set.Spec.Replicas)
	}
	if len(set.Spec.VolumeClaimTemplates) != 1 {
		t.Fatalf("%d volume claims, want 1", len(set.Spec.VolumeClaimTemplates))
	}
	modes := set.Spec.VolumeClaimTemplates[0].Spec.AccessModes
	if !slices.Equal(modes, []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}) {
		t.Errorf("access modes %v, want ReadWriteOncePod", modes)
	}
	for _, container := range set.Spec.Template.Spec.Containers {
		if mountOf(container, "store") != nil {
			t.Errorf("%s sees the store, want the dispatcher alone", container.Name)
		}
	}
	if mountOf(dispatcherOf(t), "store") == nil {
		t.Error("the dispatcher has no volume for its store")
	}
}

// TestDispatcherIsASidecar: it starts before the manager and stops after it.
func TestDispatcherIsASidecar(t *testing.T) {
	dispatcher := dispatcherOf(t)
	if dispatcher.RestartPolicy == nil || *dispatcher.RestartPolicy != corev1.ContainerRestartPolicyAlways {
		t.Errorf("restart policy %v, want Always", dispatcher.RestartPolicy)
	}
	// The manager is not started before this probe passes, and readiness waits for
	// the manager: one must not be the other.
	if dispatcher.StartupProbe == nil || dispatcher.StartupProbe.HTTPGet.Path != "/healthz" {
		t.Error("the startup probe of the dispatcher is not /healthz")
	}
	if dispatcher.ReadinessProbe == nil || dispatcher.ReadinessProbe.HTTPGet.Path != "/readyz" {
		t.Error("the readiness probe of the dispatcher is not /readyz")
	}
}

// TestSecretsStayInMemory: resolved secrets go through the control socket's
// folder, which no disk may hold and no other container may see.
func TestSecretsStayInMemory(t *testing.T) {
	template := getStatefulSet(t).Spec.Template.Spec
	if template.AutomountServiceAccountToken == nil || *template.AutomountServiceAccountToken {
		t.Error("automountServiceAccountToken is not false")
	}
	for _, volume := range template.Volumes {
		if volume.Name == "control" && (volume.EmptyDir == nil || volume.EmptyDir.Medium != corev1.StorageMediumMemory) {
			t.Error("the folder of the control socket is not in memory")
		}
	}
	for _, container := range append(template.InitContainers, template.Containers...) {
		if mountOf(container, "control") == nil {
			t.Errorf("%s has no control socket", container.Name)
		}
		if len(container.Env) > 0 || len(container.EnvFrom) > 0 {
			t.Errorf("%s is configured by its environment, want flags only", container.Name)
		}
	}
}

// TestEveryContainerIsProbed: each on a port of its own, which callers do not
// reach.
func TestEveryContainerIsProbed(t *testing.T) {
	template := getStatefulSet(t).Spec.Template.Spec
	ports := map[int]string{}
	for _, container := range append(template.InitContainers, template.Containers...) {
		for kind, probe := range map[string]*corev1.Probe{
			"startup": container.StartupProbe, "liveness": container.LivenessProbe, "readiness": container.ReadinessProbe,
		} {
			if probe == nil || probe.HTTPGet == nil {
				t.Errorf("%s has no %s probe", container.Name, kind)
				continue
			}
			port := probe.HTTPGet.Port.IntValue()
			if other, taken := ports[port]; taken && other != container.Name {
				t.Errorf("%s and %s are probed on the same port %d", container.Name, other, port)
			}
			ports[port] = container.Name
		}
		if container.Resources.Requests.Cpu().IsZero() || container.Resources.Limits.Memory().IsZero() {
			t.Errorf("%s has no CPU request or no memory limit", container.Name)
		}
	}
}

func dispatcherOf(t *testing.T) corev1.Container {
	t.Helper()
	sidecars := getStatefulSet(t).Spec.Template.Spec.InitContainers
	if len(sidecars) != 1 || sidecars[0].Name != "dispatcher" {
		t.Fatalf("init containers %v, want the dispatcher", sidecars)
	}
	return sidecars[0]
}

func mountOf(container corev1.Container, volume string) *corev1.VolumeMount {
	for i, mount := range container.VolumeMounts {
		if mount.Name == volume {
			return &container.VolumeMounts[i]
		}
	}
	return nil
}

// TestServiceLeadsToTheDispatcher: by its name, over TLS, to the pod's port that
// callers may reach, with nothing insecure about it.
func TestServiceLeadsToTheDispatcher(t *testing.T) {
	service, err := clients.CoreV1().Services(namespace).Get(t.Context(), "webhook-dispatcher", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if labels := getStatefulSet(t).Spec.Template.Labels; !maps.Equal(service.Spec.Selector, labels) {
		t.Errorf("the Service selects %v, want the pod's labels %v", service.Spec.Selector, labels)
	}
	if len(service.Spec.Ports) != 2 || service.Spec.Ports[0].Port != 443 || service.Spec.Type != corev1.ServiceTypeClusterIP {
		t.Fatalf("the Service is of the type %s with the ports %v", service.Spec.Type, service.Spec.Ports)
	}
	dispatcher, listens := dispatcherOf(t), false
	for _, port := range dispatcher.Ports {
		target := service.Spec.Ports[0].TargetPort.String()
		listens = listens || port.Name == target && slices.Contains(dispatcher.Args, fmt.Sprintf("--listen=:%d", port.ContainerPort))
	}
	if !listens {
		t.Errorf("the dispatcher does not listen where the Service leads: %v", dispatcher.Args)
	}
	for _, arg := range dispatcher.Args {
		if strings.HasPrefix(arg, "--insecure") {
			t.Errorf("the dispatcher has the flag %s", arg)
		}
	}
}
