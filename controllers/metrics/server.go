package metrics

import (
	"crypto/tls"
	"net/http"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/client-go/rest"
	runtimemetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// maxScrapes bounds the scrapes that are answered at one time; further ones get 503.
const maxScrapes = 4

// Serve is how controller-runtime serves the metrics at an address; nowhere if that is
// empty or 0. Nobody is let in before [Metrics.Admit].
func (m *Metrics) Serve(address string) server.Options {
	if address == "" || address == "0" {
		return server.Options{BindAddress: "0"}
	}
	return server.Options{
		BindAddress: address, SecureServing: true,
		TLSOpts: []func(*tls.Config){func(c *tls.Config) {
			c.MinVersion, c.GetCertificate, c.SessionTicketsDisabled = tls.VersionTLS12, m.serving.get, true
		}},
		FilterProvider: func(*rest.Config, *http.Client) (server.Filter, error) {
			// The handler that it brings shows controller-runtime's registry alone. That is
			// one for the process, and there may be several managers in it, as in tests, so
			// ours is not put into it.
			return func(logr.Logger, http.Handler) (http.Handler, error) { return m.door.guard(m.handler()), nil }, nil
		},
	}
}

// handler shows our metrics and those of controller-runtime.
func (m *Metrics) handler() http.Handler {
	both := prometheus.Gatherers{runtimemetrics.Registry, m.registry}
	return promhttp.HandlerFor(both, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, ErrorHandling: promhttp.HTTPErrorOnError})
}
