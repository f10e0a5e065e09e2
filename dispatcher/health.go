package dispatcher

import "net/http"

// healthHandler serves /healthz, which answers 200 as soon as the store is open,
// and /readyz, which does so once unready is nil: the first whole configuration and
// the certificate for callers have arrived. As a sidecar the dispatcher starts before
// the manager, so its startup probe must be the former.
func healthHandler(unready func() error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := unready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
	return mux
}
