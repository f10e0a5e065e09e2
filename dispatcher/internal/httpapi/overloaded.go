package httpapi

import (
	"log/slog"
	"net/http"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/admission"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
)

// Overloaded answers requests that there is no place for, before anything of them is
// looked at.
func Overloaded(log *slog.Logger) http.HandlerFunc {
	return observed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tracing.Of(r.Context()).Err = admission.ErrBusy // for the log
		w.Header().Set("Retry-After", retrySeconds)
		writeProblem(w, problemOf(admission.ErrBusy))
	}), &Options{Logger: log}).ServeHTTP
}
