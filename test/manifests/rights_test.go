package manifests

import (
	"context"
	"fmt"
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
	"create authentication.k8s.io/tokenreviews",
	"create authorization.k8s.io/subjectaccessreviews",
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

// managerRightsAtHome is what it may do beyond that in its own namespace, and with what
// the operator makes there.
var managerRightsAtHome = map[string][]string{
	"":                       {"create /configmaps", "create /secrets"},
	"webhook-dispatcher-tls": {"create /configmaps", "create /secrets", "update /secrets"},
	"webhook-dispatcher-ca":  {"create /configmaps", "create /secrets", "update /configmaps"},
}

// TestManagerRights asks the API server's authorizer for each verb on each
// resource that the server has, and on some subresources that it does not list.
func TestManagerRights(t *testing.T) {
	resources := allResources(t)
	if len(resources) < 60 {
		t.Fatalf("the API server lists %d resources only, %v", len(resources), resources)
	}
	manager := allowed(t, resources, "webhook-operator-manager", "", "")
	anybody := allowed(t, resources, "anybody", "", "")

	own := slices.DeleteFunc(slices.Clone(manager), func(right string) bool { return slices.Contains(anybody, right) })
	if diff := cmp.Diff(managerRights, own); diff != "" {
		t.Errorf("rights of the manager's service account (-want +got):\n%s", diff)
	}
	for name, want := range managerRightsAtHome {
		home := allowed(t, resources, "webhook-operator-manager", namespace, name)
		anybody := allowed(t, resources, "anybody", namespace, name)
		home = slices.DeleteFunc(home, func(right string) bool { return slices.Contains(anybody, right) || slices.Contains(manager, right) })
		if diff := cmp.Diff(want, home); diff != "" {
			t.Errorf("rights of the manager's service account at home, with %q (-want +got):\n%s", name, diff)
		}
	}
	if rights := allowed(t, resources, "webhook-operator-manager", "default", "webhook-dispatcher-tls"); !slices.Equal(rights, manager) {
		t.Errorf("in another namespace the manager may do %v, want what it may everywhere", rights)
	}
}

// TestEverybodyReadsTheAuthority: who has a name in the cluster may read the authority
// of the serving certificate, and of its namespace nothing else.
func TestEverybodyReadsTheAuthority(t *testing.T) {
	resources := allResources(t)
	elsewhere := allowed(t, resources, "anybody", "default", "webhook-dispatcher-ca")
	here := allowed(t, resources, "anybody", namespace, "webhook-dispatcher-ca")
	here = slices.DeleteFunc(here, func(right string) bool { return slices.Contains(elsewhere, right) })
	if diff := cmp.Diff([]string{"get /configmaps"}, here); diff != "" {
		t.Errorf("rights of everybody about webhook-dispatcher-ca (-want +got):\n%s", diff)
	}
	if rights := allowed(t, resources, "anybody", namespace, "webhook-dispatcher-tls"); !slices.Equal(rights, elsewhere) {
		t.Errorf("everybody may do %v about webhook-dispatcher-tls, want what anybody may anywhere, %v", rights, elsewhere)
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
	roles, err := clients.RbacV1().RoleBindings("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, binding := range roles.Items {
		for _, subject := range binding.Subjects {
			if subject.Kind == "ServiceAccount" && subject.Namespace == namespace {
				subjects = append(subjects, subject.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"webhook-operator-manager"}, slices.Compact(subjects)); diff != "" {
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

// allowed lists what a service account of the operator's namespace may do, in one
// namespace or, if that is empty, in all, with the object of a name or, if that is
// empty, with all; sorted.
func allowed(t *testing.T, resources []string, account, where, object string) []string {
	t.Helper()
	asked := fmt.Sprintf("%s %s/%s", account, where, object)
	if rights, ok := answers[asked]; ok {
		return slices.Clone(rights)
	}
	verbs := []string{
		"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
		"impersonate", "escalate", "bind", "approve", "sign", "use",
	}
	var rights []string
	for _, verb := range verbs {
		for _, name := range resources {
			if isAllowed(t.Context(), t, account, authorizationv1.ResourceAttributes{Verb: verb, Resource: name, Namespace: where, Name: object}) {
				rights = append(rights, verb+" "+name)
			}
		}
	}
	slices.Sort(rights)
	answers[asked] = rights
	return slices.Clone(rights)
}

// answers are those of allowed: each takes 1,500 requests.
var answers = map[string][]string{}

// isAllowed asks for a right, whose Resource is group/resource/subresource.
func isAllowed(ctx context.Context, t *testing.T, account string, right authorizationv1.ResourceAttributes) bool {
	t.Helper()
	right.Group, right.Resource, _ = strings.Cut(right.Resource, "/")
	right.Resource, right.Subresource, _ = strings.Cut(right.Resource, "/")
	review, err := clients.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User:               "system:serviceaccount:" + namespace + ":" + account,
			Groups:             []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
			ResourceAttributes: &right,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}
