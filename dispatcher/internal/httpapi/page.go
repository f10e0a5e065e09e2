package httpapi

import (
	"net/http"
	"strings"
)

// servePage serves the web page. Its files are for everybody; what it shows it asks the
// API for.
func servePage(mux *http.ServeMux, page http.Handler) {
	if page == nil {
		return
	}
	mux.HandleFunc("/ui/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			methodNotAllowed("GET, HEAD")(w, r)
			return
		}
		page.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /ui", toPage)
	mux.HandleFunc("/ui", methodNotAllowed("GET, HEAD"))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			toPage(w, r)
			return
		}
		notFound(w, r)
	})
}

// toPage sends a browser to the page.
func toPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/ui/", http.StatusFound)
}
