package httpapi

import (
	_ "embed"
	"net/http"
)

// openAPI describes the API in OpenAPI 3.1; a test holds it to what the handlers do.
//
//go:embed openapi.json
var openAPI []byte

// getOpenAPI returns the description of the API: GET /openapi.json.
func getOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", mediaJSON)
	w.Header().Set("Cache-Control", "no-cache") // it is another after an upgrade
	_, _ = w.Write(openAPI)                     // an error means that the caller has gone
}
