package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/maestra-io/webhook-operator/controllers"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// tokens makes tokens of the service account ci, which a role lets call the Webhooks
// of the world's namespace, and a single one, named only, of another namespace.
func (w *world) tokens() (other string, token func(lifetime time.Duration, audiences ...string) plan.Secret) {
	w.Helper()
	other = w.newNamespace(nil)
	w.apply(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: ci}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: caller}
rules: [{apiGroups: [webhooks.maestra.io], resources: [webhooks/calls], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: caller}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: caller}
subjects: [{kind: ServiceAccount, namespace: ` + w.namespace + `, name: ci}]
`)
	own := w.namespace
	w.namespace = other
	w.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: caller}
rules: [{apiGroups: [webhooks.maestra.io], resources: [webhooks/calls], resourceNames: [order-paid], verbs: [get, delete]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: caller}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: caller}
subjects: [{kind: ServiceAccount, namespace: ` + own + `, name: ci}]
`)
	w.namespace = own
	clients, err := kubernetes.NewForConfig(cluster.Config)
	if err != nil {
		w.Fatal(err)
	}
	return other, func(lifetime time.Duration, audiences ...string) plan.Secret {
		w.Helper()
		seconds := int64(lifetime.Seconds())
		request, err := clients.CoreV1().ServiceAccounts(own).CreateToken(w.Context(), "ci", &authenticationv1.TokenRequest{
			Spec: authenticationv1.TokenRequestSpec{Audiences: audiences, ExpirationSeconds: &seconds},
		}, metav1.CreateOptions{})
		if err != nil {
			w.Fatal(err)
		}
		return plan.NewSecret(request.Status.Token)
	}
}

// reviewOf is one that any manager answers.
func reviewOf(namespace string) control.Review {
	return control.Review{Token: plan.NewSecret("nobody's"), Verb: "create", Namespace: namespace}
}

// TestReviews: what a real API server says of real tokens, asked over the control
// session.
func TestReviews(t *testing.T) {
	w := running(t)
	other, token := w.tokens()
	good := token(time.Hour, controllers.Audience)
	user := "system:serviceaccount:" + w.namespace + ":ci"
	allowed := control.Verdict{Authenticated: true, Allowed: true, User: user}
	refused := control.Verdict{Authenticated: true, User: user}
	ask := func(token plan.Secret, verb, namespace, name string) (control.Verdict, error) {
		return w.session.Review(t.Context(), control.Review{Token: token, Verb: verb, Namespace: namespace, Name: name})
	}
	w.within(20*time.Second, func() error { // the authorizer learns of bindings by a watch
		one, err := ask(good, "create", w.namespace, "order-paid")
		two, err2 := ask(good, "get", other, "order-paid")
		if one != allowed || two != allowed {
			return fmt.Errorf("got %+v, %w, and %+v, %w", one, err, two, err2)
		}
		return nil
	})
	header, claims, _ := strings.Cut(good.Reveal(), ".")
	for name, test := range map[string]struct {
		token                 plan.Secret
		verb, namespace, name string
		want                  control.Verdict
	}{
		"any Webhook":              {good, "create", w.namespace, "another", allowed},
		"all Webhooks":             {good, "create", w.namespace, "", allowed},
		"verb not given":           {good, "get", w.namespace, "order-paid", refused},
		"another namespace":        {good, "create", other, "order-paid", refused},
		"no such namespace":        {good, "create", "nowhere", "order-paid", refused},
		"another verb by name":     {good, "delete", other, "order-paid", allowed},
		"another name":             {good, "get", other, "order-paid-2", refused},
		"all, where one was given": {good, "get", other, "", refused},
		"several audiences":        {token(time.Hour, "other", controllers.Audience), "create", w.namespace, "", allowed},
		"the API server's":         {token(time.Hour), "create", w.namespace, "", control.Verdict{}},
		"another audience":         {token(time.Hour, "other"), "create", w.namespace, "", control.Verdict{}},
		"garbage":                  {plan.NewSecret("garbage"), "create", w.namespace, "", control.Verdict{}},
		"forged":                   {plan.NewSecret(header + "." + claims + "A"), "create", w.namespace, "", control.Verdict{}},
		"empty":                    {plan.Secret{}, "create", w.namespace, "", control.Verdict{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ask(test.token, test.verb, test.namespace, test.name)
			if err != nil || got != test.want {
				t.Errorf("got %+v and %v, want %+v", got, err, test.want)
			}
		})
	}
	t.Run("of a deleted account", func(t *testing.T) {
		w.apply("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ci, annotations: {a: b}}")
		clients, err := kubernetes.NewForConfig(cluster.Config)
		if err != nil {
			t.Fatal(err)
		}
		if err := clients.CoreV1().ServiceAccounts(w.namespace).Delete(t.Context(), "ci", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		w.within(30*time.Second, func() error {
			if got, err := ask(good, "create", w.namespace, ""); err != nil || got != (control.Verdict{}) {
				return fmt.Errorf("got %+v and %w", got, err)
			}
			return nil
		})
	})
}

// TestReviewsWithoutTheAPIServer: whatever the API server does but answer is no
// refusal, for either of the two questions.
func TestReviewsWithoutTheAPIServer(t *testing.T) {
	target, err := url.Parse(cluster.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	// Between the manager and the API server: it fails the requests of one path.
	var broken atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
	forward := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if f := broken.Load(); f == nil || !(*f)(rw, r) {
			forward.ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(server.Close)
	w := newWorld(t)
	w.config = &rest.Config{Host: server.URL}
	w.startManager()
	w.startDispatcher()
	_, token := w.tokens()
	good := token(time.Hour, controllers.Audience)
	ask := func() (control.Verdict, error) {
		return w.session.Review(t.Context(), control.Review{Token: good, Verb: "create", Namespace: w.namespace})
	}
	isAllowed := func() error {
		if got, err := ask(); err != nil || !got.Allowed {
			return fmt.Errorf("got %+v and %w", got, err)
		}
		return nil
	}
	w.within(20*time.Second, isAllowed)
	code := func(status int) func(http.ResponseWriter, *http.Request) {
		return func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "about "+good.Reveal(), status) }
	}
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"500": code(500), "503": code(503), "429": code(429), "403": code(403), "401": code(401), "404": code(404),
		"hangs up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"hangs": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // the server notices the client's end only after it
			<-r.Context().Done()
		},
	} {
		for _, path := range []string{"/tokenreviews", "/subjectaccessreviews"} {
			t.Run(name+path, func(t *testing.T) {
				fail := func(rw http.ResponseWriter, r *http.Request) bool {
					hit := strings.HasSuffix(r.URL.Path, path)
					if hit {
						answer(rw, r)
					}
					return hit
				}
				broken.Store(&fail)
				defer broken.Store(nil)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				got, err := w.session.Review(ctx, control.Review{Token: good, Verb: "create", Namespace: w.namespace})
				if !errors.Is(err, control.ErrUnavailable) || got != (control.Verdict{}) {
					t.Errorf("got %+v and %v, want it unavailable", got, err)
				}
				if strings.Contains(err.Error(), good.Reveal()) || strings.Contains(err.Error(), server.URL) {
					t.Errorf("the error shows what it must not: %v", err)
				}
			})
		}
	}
	w.within(5*time.Second, isAllowed)
	if strings.Contains(w.log.String(), good.Reveal()) {
		t.Error("the manager's log has a token")
	}
}
