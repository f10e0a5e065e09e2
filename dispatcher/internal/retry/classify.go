package retry

import (
	"net/http"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Classify returns the reason that a receiver's final status code stands for. A
// code outside the classes of RFC 9110 counts as a server error, as section 15
// asks.
func Classify(status int) plan.Reason {
	switch {
	case status < 100 || status > 599:
		return plan.ReasonServerError
	case status == http.StatusTooManyRequests:
		return plan.ReasonTooManyRequests
	case status >= 500:
		return plan.ReasonServerError
	case status >= 400:
		return plan.ReasonClientError
	case status >= 200 && status <= 299:
		return plan.ReasonSuccess
	default:
		return plan.ReasonRedirect
	}
}
