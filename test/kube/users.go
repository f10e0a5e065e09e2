package kube

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
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

// Token gets a token of a service account that exists, for that audience, or that of the
// API server itself if it is empty, and for an hour,
// as the kubelet gets one for a pod.
func (c *Cluster) Token(ctx context.Context, namespace, serviceAccount, audience string) (string, error) {
	clients, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return "", fmt.Errorf("get a token of service account %s/%s: %w", namespace, serviceAccount, err)
	}
	hour := int64(3600)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{audience}, ExpirationSeconds: &hour}}
	if audience == "" {
		request.Spec.Audiences = nil
	}
	answer, err := clients.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, serviceAccount, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("get a token of service account %s/%s: %w", namespace, serviceAccount, err)
	}
	return answer.Status.Token, nil
}
