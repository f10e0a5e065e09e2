package manifests

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// managerRights is all that the manager may do, beyond what every service account
// may (discovery, and asking what it may itself do): "verb group/resource".
var managerRights = []string{
	"create events.k8s.io/events",
	"get /configmaps",
	"get /secrets",
	"get webhooks.maestra.io/webhookintegrations",
	"get webhooks.maestra.io/webhooks",
	"list /configmaps",
	"list /namespaces",
	"list /secrets",
	"list webhooks.maestra.io/webhookintegrations",
	"list webhooks.maestra.io/webhooks",
	"patch events.k8s.io/events",
	"patch webhooks.maestra.io/webhookintegrations/status",
	"patch webhooks.maestra.io/webhooks/status",
	"watch /configmaps",
	"watch /namespaces",
	"watch /secrets",
	"watch webhooks.maestra.io/webhookintegrations",
	"watch webhooks.maestra.io/webhooks",
}

// TestManagerRights asks the API server's authorizer for each verb on each
// resource that the server has, and on some subresources that it does not list.
func TestManagerRights(t *testing.T) {
	resources := allResources(t)
	if len(resources) < 60 {
		t.Fatalf("the API server lists %d resources only, %v", len(resources), resources)
	}
	manager := allowed(t, resources, "webhook-operator-manager")
	anybody := allowed(t, resources, "anybody")

	own := slices.DeleteFunc(manager, func(right string) bool { return slices.Contains(anybody, right) })
	if diff := cmp.Diff(managerRights, own); diff != "" {
		t.Errorf("rights of the manager's service account (-want +got):\n%s", diff)
	}
}

// TestDispatcherHasNoRights: its container has no token, and no role waits for
// an account that somebody might give it.
func TestDispatcherHasNoRights(t *testing.T) {
	bindings, err := clients.RbacV1().ClusterRoleBindings().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, binding := range bindings.Items {
		for _, subject := range binding.Subjects {
			if subject.Namespace == namespace {
				subjects = append(subjects, subject.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"webhook-operator-manager"}, subjects); diff != "" {
		t.Errorf("accounts of the namespace with a role (-want +got):\n%s", diff)
	}
}

// allResources lists every resource of every group, newest versions, as
// group/resource.
func allResources(t *testing.T) []string {
	t.Helper()
	_, lists, err := clients.Discovery().ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{
		"/nodes/proxy": true, "/serviceaccounts/token": true, "webhooks.maestra.io/webhooks/calls": true,
	}
	for _, list := range lists {
		group, _, found := strings.Cut(list.GroupVersion, "/")
		if !found {
			group = ""
		}
		for _, resource := range list.APIResources {
			names[group+"/"+resource.Name] = true
		}
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	return sorted
}

// allowed lists what a service account of the operator's namespace may do, in all
// namespaces, sorted.
func allowed(t *testing.T, resources []string, account string) []string {
	t.Helper()
	verbs := []string{
		"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
		"impersonate", "escalate", "bind", "approve", "sign", "use",
	}
	var rights []string
	for _, verb := range verbs {
		for _, name := range resources {
			if isAllowed(t.Context(), t, account, verb, name) {
				rights = append(rights, verb+" "+name)
			}
		}
	}
	slices.Sort(rights)
	return rights
}

func isAllowed(ctx context.Context, t *testing.T, account, verb, name string) bool {
	t.Helper()
	group, resource, _ := strings.Cut(name, "/")
	resource, subresource, _ := strings.Cut(resource, "/")
	review, err := clients.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User:   "system:serviceaccount:" + namespace + ":" + account,
			Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb: verb, Group: group, Resource: resource, Subresource: subresource,
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}
