package kube

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes"
)

func TestCluster(t *testing.T) {
	// Programs that a developer uses otherwise must not leak in.
	t.Setenv("KUBECONFIG", "/nowhere")
	t.Setenv("USE_EXISTING_CLUSTER", "true")
	t.Setenv("KUBEBUILDER_ASSETS", "/nowhere")
	c, err := Start(t.Context(), Options{InstallCRDs: true})
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			_ = c.Stop()
		}
	}()

	info, err := os.Stat(c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("the kubeconfig has mode %v, want -rw-------", info.Mode())
	}
	out, _, err := c.Kubectl(t.Context(), "get", "crd", "-o", "name")
	if want := "customresourcedefinition.apiextensions.k8s.io/webhooks.webhooks.maestra.io"; err != nil || !strings.Contains(out, want) {
		t.Errorf("kubectl get crd gave %q, %v; want %s in it", out, err, want)
	}
	if _, _, err := c.Kubectl(t.Context(), "get", "nothing-like-it"); err == nil || !strings.Contains(err.Error(), "the server doesn't have a resource type") {
		t.Errorf("a failed kubectl gave %v, want what it wrote to stderr", err)
	}

	clients, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	version, err := clients.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(version.GitVersion, "v1.") {
		t.Errorf("the API server calls itself %s, want its release", version.GitVersion)
	}

	stopped = true
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := clients.Discovery().ServerVersion(); err == nil {
		t.Error("the API server answers after Stop")
	}
	if _, err := os.Stat(filepath.Dir(c.Kubeconfig)); !os.IsNotExist(err) {
		t.Errorf("the folder is left behind after Stop: %v", err)
	}
	if err := c.Stop(); err != nil {
		t.Errorf("the second Stop: %v", err)
	}
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if _, err := Start(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "no go.mod") {
		t.Errorf("outside of a module: %v, want it said", err)
	}
	if err := os.WriteFile("go.mod", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "run make tools") {
		t.Errorf("without tools: %v, want \"run make tools\"", err)
	}
}
