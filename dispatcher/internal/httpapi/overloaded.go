package httpapi

import (
	"net/http"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/admission"
)

// Overloaded answers a request that there is no place for, before anything of it is
// looked at.
func Overloaded(w http.ResponseWriter, r *http.Request) {
	identify(w, r)
	w.Header().Set("Retry-After", retrySeconds)
	writeProblem(w, problemOf(admission.ErrBusy))
}
