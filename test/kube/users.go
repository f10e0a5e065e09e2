package kube

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// KubeconfigAs writes a kubeconfig that authenticates as the given service
// account, whose rights are those that RBAC gives it, and returns its path.
func (c *Cluster) KubeconfigAs(namespace, serviceAccount string) (string, error) {
	user, err := c.env.AddUser(envtest.User{
		Name:   "system:serviceaccount:" + namespace + ":" + serviceAccount,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}, nil)
	if err != nil {
		return "", fmt.Errorf("make credentials for service account %s/%s: %w", namespace, serviceAccount, err)
	}
	config, err := user.KubeConfig()
	if err != nil {
		return "", fmt.Errorf("make a kubeconfig for service account %s/%s: %w", namespace, serviceAccount, err)
	}
	path := filepath.Join(c.dir, "kubeconfig-"+serviceAccount)
	return path, os.WriteFile(path, config, 0o600)
}
