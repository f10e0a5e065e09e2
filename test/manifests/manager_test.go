package manifests

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/maestra-io/webhook-operator/controllers"
	"github.com/maestra-io/webhook-operator/controllers/serving"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// noCatalog takes every configuration.
type noCatalog struct{}

func (noCatalog) Apply(control.Change) []control.Result { return nil }
func (noCatalog) Complete()                             {}
func (noCatalog) Held() []plan.Ref                      { return nil }

// runManager runs the manager with the rights of its service account, and a dispatcher's
// half of the control session beside it, until the test ends.
func runManager(t *testing.T, shown func(string, plan.Secret)) *control.Client {
	t.Helper()
	kubeconfig, err := cluster.KubeconfigAs(namespace, "webhook-operator-manager")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "wh") // not TempDir: a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	session := control.NewClient(control.ClientOptions{Socket: socket, Catalog: noCatalog{}, Serving: shown})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 2)
	go func() {
		ended <- controllers.Run(ctx, controllers.Options{
			RestConfig: config, ControlSocket: socket, Logger: testr.New(t),
			Serving: serving.Options{Names: serving.Names{Namespace: namespace, Service: "webhook-dispatcher"}},
		})
	}()
	go func() { ended <- session.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, <-ended, os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return session
}

// TestManagerWorksWithItsRoles: they are enough to keep the serving certificate, to
// publish its authority to everybody, and to review a caller whom the role for callers
// was given.
func TestManagerWorksWithItsRoles(t *testing.T) {
	shown := make(chan string, 100)
	session := runManager(t, func(certificate string, _ plan.Secret) { shown <- certificate })
	config := rest.CopyConfig(cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "somebody", Groups: []string{"system:authenticated"}}
	somebody, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	<-shown
	secrets, configMaps := clients.CoreV1().Secrets(namespace), clients.CoreV1().ConfigMaps(namespace)
	published := func() error {
		read, err := somebody.CoreV1().ConfigMaps(namespace).Get(t.Context(), serving.ConfigMapName, metav1.GetOptions{})
		if err == nil && read.Data["ca.crt"] == "" {
			err = errors.New("it is empty")
		}
		return err
	}
	within(t, 20*time.Second, published)
	if err := configMaps.Delete(t.Context(), serving.ConfigMapName, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	within(t, 20*time.Second, published)
	secret, err := secrets.Get(t.Context(), serving.SecretName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"ca.crt", "tls.crt"} { // the second makes a new certificate: the Secret and the ConfigMap are updated
		secret.Data[key] = []byte("broken")
	}
	if _, err := secrets.Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	<-shown
	within(t, 20*time.Second, published)

	token := callerToken(t)
	within(t, 20*time.Second, func() error {
		got, err := session.Review(t.Context(), control.Review{Token: token, Verb: "create", Namespace: "default", Name: "order-paid"})
		if err != nil || !got.Allowed {
			return fmt.Errorf("got %+v and %w", got, err)
		}
		return nil
	})
	got, err := session.Review(t.Context(), control.Review{Token: token, Verb: "get", Namespace: "default", Name: "order-paid"})
	if err != nil || !got.Authenticated || got.Allowed {
		t.Errorf("a caller who may not read calls got %+v and %v", got, err)
	}
}

// callerToken makes a service account that may call the Webhooks of the namespace
// default, and gives a token of it.
func callerToken(t *testing.T) plan.Secret {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{GenerateName: "caller-"}}
	account, err := clients.CoreV1().ServiceAccounts("default").Create(t.Context(), account, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = clients.RbacV1().RoleBindings("default").Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "caller-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "webhook-operator-caller"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "default", Name: account.Name}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	request, err := clients.CoreV1().ServiceAccounts("default").CreateToken(t.Context(), account.Name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{Audiences: []string{controllers.Audience}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return plan.NewSecret(request.Status.Token)
}
