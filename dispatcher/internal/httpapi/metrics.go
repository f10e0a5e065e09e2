package httpapi

import (
	"errors"
	"net/http"
	"path"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
)

// errNoScrape is the [access.ErrForbidden] of who may not get the metrics.
var errNoScrape = forbidden("the caller has no right to read metrics; it is given by a role with the verb get on the path /metrics, such as the ClusterRole webhook-operator-metrics-reader")

// forbidden is an [access.ErrForbidden] that says something else.
type forbidden string

// Error returns the text.
func (e forbidden) Error() string { return string(e) }

// Is makes it one.
func (forbidden) Is(target error) bool { return target == access.ErrForbidden }

// guardMetrics lets those through who may get the path of metrics.
func (a *api) guardMetrics(w http.ResponseWriter, r *http.Request, token string, next http.HandlerFunc) {
	_, err := a.access.AllowPath(r.Context(), token, access.MetricsPath)
	switch {
	case errors.Is(err, access.ErrForbidden):
		a.refuse(w, r, errNoScrape)
	case err != nil:
		a.refuse(w, r, err)
	default:
		next(w, r)
	}
}

// getMetrics shows the metrics: GET /metrics.
func (a *api) getMetrics(w http.ResponseWriter, r *http.Request) {
	a.metrics.ServeHTTP(w, r)
}

// count tells of a problem that is answered.
func (a *api) count(p *client.Problem) {
	if a.told != nil {
		a.told(path.Base(p.Type))
	}
}
