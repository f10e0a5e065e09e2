package httpapi

import (
	"errors"
	"net/http"

	"golang.org/x/sync/errgroup"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
)

const (
	// maxNamespaces bounds those that one request asks Kubernetes about, and atOnce how
	// many it asks about at a time.
	maxNamespaces = 200
	atOnce        = 8
)

// getNamespaces lists the namespaces with Webhooks in which the caller may read calls: GET
// /v1/namespaces.
func (a *api) getNamespaces(w http.ResponseWriter, r *http.Request) {
	if !a.catalog.Complete() {
		a.problem(w, r, errNotConfigured)
		return
	}
	all := a.catalog.Namespaces()
	answer := client.Namespaces{Items: []string{}, Partial: a.access != nil && len(all) > maxNamespaces}
	if answer.Partial {
		all = all[:maxNamespaces]
	}
	may := make([]bool, len(all))
	group, ctx := errgroup.WithContext(r.Context())
	group.SetLimit(atOnce)
	for i, namespace := range all {
		group.Go(func() error {
			if a.access == nil {
				may[i] = true
				return nil
			}
			_, err := a.access.Allow(ctx, tokenOf(ctx), verbGet, namespace, "")
			may[i] = err == nil
			if errors.Is(err, access.ErrForbidden) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		a.refuse(w, r, err)
		return
	}
	for i, namespace := range all {
		if may[i] {
			answer.Items = append(answer.Items, namespace)
		}
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}
