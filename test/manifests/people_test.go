package manifests

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// The resources of people's work.
const (
	webhooks     = "webhooks"
	integrations = "webhookintegrations"
)

// TestPeoplesRights: the operator's roles for people are parts of view, edit and
// admin as this API server defines them, and what a holder of each may then
// really do is what the roles' comments say.
func TestPeoplesRights(t *testing.T) {
	for builtIn, want := range map[string]struct {
		parts []string // the operator's
		may   []string // of all that is tried
	}{
		"view": {
			parts: []string{"webhook-operator-view"},
			may:   []string{"get webhookintegrations", "get webhooks", "list webhookintegrations", "list webhooks", "watch webhookintegrations", "watch webhooks"},
		},
		"edit": {
			parts: []string{"webhook-operator-edit", "webhook-operator-view"},
			may: []string{
				"create webhooks", "create webhooks/calls", "delete webhooks", "delete webhooks/calls", "deletecollection webhooks",
				"get webhookintegrations", "get webhooks", "get webhooks/calls", "list webhookintegrations", "list webhooks", "patch webhooks", "update webhooks",
				"watch webhookintegrations", "watch webhooks",
			},
		},
		"admin": {
			parts: []string{"webhook-operator-admin", "webhook-operator-edit", "webhook-operator-view"},
			may: []string{
				"create webhookintegrations", "create webhooks", "create webhooks/calls",
				"delete webhookintegrations", "delete webhooks", "delete webhooks/calls",
				"deletecollection webhookintegrations", "deletecollection webhooks",
				"get webhookintegrations", "get webhooks", "get webhooks/calls",
				"list webhookintegrations", "list webhooks", "patch webhookintegrations", "patch webhooks",
				"update webhookintegrations", "update webhooks", "watch webhookintegrations", "watch webhooks",
			},
		},
	} {
		t.Run(builtIn, func(t *testing.T) {
			parts := partsOf(t, builtIn)
			own := slices.DeleteFunc(slices.Clone(parts), func(name string) bool { return !isOwn(name) })
			if diff := cmp.Diff(want.parts, own); diff != "" {
				t.Errorf("the operator's parts of %s (-want +got):\n%s", builtIn, diff)
			}
			p := newPerson(t, builtIn, parts)
			if diff := cmp.Diff(want.may, p.may(t)); diff != "" {
				t.Errorf("what a holder of %s may do (-want +got):\n%s", builtIn, diff)
			}
		})
	}
}

// TestCallersRights: the two roles for callers are part of no other, and a holder may
// do one thing with calls, in the namespace alone, and nothing with the objects.
func TestCallersRights(t *testing.T) {
	for role, want := range map[string][]string{
		"webhook-operator-caller":      {"create webhooks/calls"},
		"webhook-operator-call-reader": {"get webhooks/calls"},
	} {
		t.Run(role, func(t *testing.T) {
			p := newPerson(t, role, []string{role})
			if diff := cmp.Diff(want, p.may(t)); diff != "" {
				t.Errorf("what a holder may do (-want +got):\n%s", diff)
			}
			p.namespace = "default"
			if may := p.mayCall(t); may != nil {
				t.Errorf("in another namespace a holder may %v", may)
			}
			for _, builtIn := range []string{"view", "edit", "admin"} {
				if slices.Contains(partsOf(t, builtIn), role) {
					t.Errorf("%s is part of %s", role, builtIn)
				}
			}
		})
	}
}

// isOwn tells the operator's roles from the cluster's.
func isOwn(role string) bool {
	return slices.Contains([]string{"webhook-operator-view", "webhook-operator-edit", "webhook-operator-admin", "webhook-operator-manager"}, role)
}

// partsOf are the ClusterRoles whose rules the cluster's aggregation controller
// puts together to a built-in one, by the built-in one's own selectors. That
// controller does not run here; rules only add up, so a holder of all parts may
// do the same.
func partsOf(t *testing.T, builtIn string) []string {
	t.Helper()
	role, err := clients.RbacV1().ClusterRoles().Get(t.Context(), builtIn, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if role.AggregationRule == nil {
		t.Fatalf("ClusterRole %s is put together from no others", builtIn)
	}
	var names []string
	for _, selector := range role.AggregationRule.ClusterRoleSelectors {
		parts, err := clients.RbacV1().ClusterRoles().List(t.Context(), metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(&selector)})
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts.Items {
			if part.AggregationRule != nil {
				names = append(names, partsOf(t, part.Name)...)
			} else {
				names = append(names, part.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// person is a user with rights in one namespace.
type person struct {
	namespace string
	client    dynamic.Interface     // with the person's rights
	own       *kubernetes.Clientset // the same
	admin     dynamic.Interface     // with all rights
}

// newPerson makes a namespace, and in it a user who holds the roles.
func newPerson(t *testing.T, name string, roles []string) *person {
	t.Helper()
	namespace, err := clients.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "people-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range roles {
		bind(t, namespace.Name, name, "ClusterRole", role)
	}
	config := rest.CopyConfig(cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: []string{"system:authenticated"}}
	p := &person{namespace: namespace.Name}
	if p.client, err = dynamic.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	if p.own, err = kubernetes.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	if p.admin, err = dynamic.NewForConfig(cluster.Config); err != nil {
		t.Fatal(err)
	}
	p.awaitRights(t, name)
	return p
}

// awaitRights waits until the API server's authorizer has seen all bindings. It
// sees them in the order they are made, so one more, which is made last and gives
// a right to nothing, tells.
func (p *person) awaitRights(t *testing.T, name string) {
	t.Helper()
	_, err := clients.RbacV1().Roles(p.namespace).Create(t.Context(), &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "last"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"example.com"}, Resources: []string{"nothing"}, Verbs: []string{"get"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	bind(t, p.namespace, name, "Role", "last")
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: name, ResourceAttributes: &authorizationv1.ResourceAttributes{
		Namespace: p.namespace, Verb: "get", Group: "example.com", Resource: "nothing",
	}}}
	within(t, 20*time.Second, func() error {
		answer, err := clients.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
		if err == nil && !answer.Status.Allowed {
			err = errors.New("the authorizer has not seen the last binding")
		}
		return err
	})
}

// bind gives a user a role in a namespace.
func bind(t *testing.T, namespace, user, kind, role string) {
	t.Helper()
	_, err := clients.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "person-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// within waits until check finds nothing wrong, and fails the test with what it
// found last after the limit.
func within(t *testing.T, limit time.Duration, check func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(limit)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s: %v", limit, err)
		}
	}
}

// may lists what of all that can be tried succeeds, as "verb resource", sorted.
// Status is among it: nobody may write that.
func (p *person) may(t *testing.T) []string {
	t.Helper()
	var may []string
	for _, resource := range []string{integrations, webhooks} {
		for verb, try := range p.tries(t, resource) {
			switch err := try(t.Context()); {
			case err == nil:
				may = append(may, verb+" "+resource)
			case !apierrors.IsForbidden(err):
				t.Errorf("%s %s failed with %v", verb, resource, err)
			}
		}
	}
	may = append(may, p.mayCall(t)...)
	slices.Sort(may)
	return may
}

// mayCall lists what the person may do with calls, of all verbs, by asking as the
// person does by kubectl auth can-i: there are no such objects to try it with.
func (p *person) mayCall(t *testing.T) (may []string) {
	t.Helper()
	for _, verb := range []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"} {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb: verb, Group: "webhooks.maestra.io", Resource: webhooks, Subresource: "calls", Namespace: p.namespace, Name: "there",
			},
		}}
		answer, err := p.own.AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status.Allowed {
			may = append(may, verb+" webhooks/calls")
		}
	}
	return may
}

// tries are the requests, each of which works for somebody with all rights and
// changes nothing.
func (p *person) tries(t *testing.T, resource string) map[string]func(context.Context) error {
	t.Helper()
	gvr := schema.GroupVersionResource{Group: "webhooks.maestra.io", Version: "v1alpha1", Resource: resource}
	there, err := p.admin.Resource(gvr).Namespace(p.namespace).Apply(t.Context(), "there", object(resource, p.namespace, "there"),
		metav1.ApplyOptions{FieldManager: "test", Force: true})
	if err != nil {
		t.Fatal(err)
	}
	own := p.client.Resource(gvr).Namespace(p.namespace)
	all := []string{metav1.DryRunAll}
	patch := []byte(`{"metadata": {"labels": {"a": "b"}}}`)
	status := []byte(`{"status": {"observedGeneration": 7}}`)
	return map[string]func(context.Context) error{
		"get":  func(ctx context.Context) error { return second(own.Get(ctx, "there", metav1.GetOptions{})) },
		"list": func(ctx context.Context) error { return second(own.List(ctx, metav1.ListOptions{})) },
		"watch": func(ctx context.Context) error {
			watch, err := own.Watch(ctx, metav1.ListOptions{})
			if err == nil {
				watch.Stop()
			}
			return err
		},
		"create": func(ctx context.Context) error {
			return second(own.Create(ctx, object(resource, p.namespace, "new"), metav1.CreateOptions{DryRun: all}))
		},
		"update": func(ctx context.Context) error {
			return second(own.Update(ctx, there.DeepCopy(), metav1.UpdateOptions{DryRun: all}))
		},
		"patch": func(ctx context.Context) error {
			return second(own.Patch(ctx, "there", types.MergePatchType, patch, metav1.PatchOptions{DryRun: all}))
		},
		"delete": func(ctx context.Context) error {
			return own.Delete(ctx, "there", metav1.DeleteOptions{DryRun: all})
		},
		"deletecollection": func(ctx context.Context) error {
			return own.DeleteCollection(ctx, metav1.DeleteOptions{DryRun: all}, metav1.ListOptions{})
		},
		"patch status of": func(ctx context.Context) error {
			return second(own.Patch(ctx, "there", types.MergePatchType, status, metav1.PatchOptions{DryRun: all}, "status"))
		},
		"update status of": func(ctx context.Context) error {
			return second(own.UpdateStatus(ctx, there.DeepCopy(), metav1.UpdateOptions{DryRun: all}))
		},
	}
}

// object is a small valid object of a resource.
func object(resource, namespace, name string) *unstructured.Unstructured {
	kind, spec := "Webhook", map[string]any{"integrationRef": map[string]any{"name": "there"}}
	if resource == integrations {
		kind, spec = "WebhookIntegration", map[string]any{"url": "https://api.example.com"}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "webhooks.maestra.io/v1alpha1", "kind": kind,
		"metadata": map[string]any{"namespace": namespace, "name": name}, "spec": spec,
	}}
}

func second[T any](_ T, err error) error { return err }
