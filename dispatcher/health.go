package dispatcher

import (
	"net/http"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
)

// healthHandler serves /healthz, which answers 200 as soon as the store is open,
// and /readyz, which does so once the first whole configuration has arrived. As
// a sidecar the dispatcher starts before the manager, so its startup probe must
// be the former.
func healthHandler(c *catalog.Catalog) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !c.Complete() {
			http.Error(w, "no configuration has arrived yet", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
	return mux
}
