package outbound

import (
	"slices"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Preview returns the headers that [Sender.Send] would send at the given time.
// Nothing is asked of a token server: an access token is [plan.Redacted].
func (r *Request) Preview(at time.Time) []plan.RenderedHeader {
	shown := *r
	shown.Headers = slices.Clone(r.Headers)
	if r.Route != nil {
		shown.identify(r.Route.userAgent)
	}
	if r.wantsToken {
		shown.Headers = append(shown.Headers, bearer(plan.NewSecret(plan.Redacted)))
	}
	shown.sign(at)
	return shown.Headers
}

// identify adds the User-Agent if there is none.
func (r *Request) identify(agent string) {
	if !has(r.Headers, userAgent) {
		r.Headers = append(r.Headers, plan.RenderedHeader{Name: userAgent, Value: agent})
	}
}

// bearer is the header with an access token (RFC 6750, 2.1).
func bearer(token plan.Secret) plan.RenderedHeader {
	return plan.RenderedHeader{Name: authorization, Value: "Bearer " + token.Reveal(), Private: true}
}
