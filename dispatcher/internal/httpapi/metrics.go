package httpapi

import (
	"context"
	"errors"
	"net/http"

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

// allowScrape judges the holder of a token for getting the path of metrics.
func (a *api) allowScrape(ctx context.Context, token string) (user string, err error) {
	user, err = a.access.AllowPath(ctx, token, access.MetricsPath)
	if errors.Is(err, access.ErrForbidden) {
		err = errNoScrape
	}
	return user, err
}

// getMetrics shows the metrics: GET /metrics.
func (a *api) getMetrics(w http.ResponseWriter, r *http.Request) {
	a.metrics.ServeHTTP(w, r)
}
