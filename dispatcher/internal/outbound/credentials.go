package outbound

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/signature"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/token"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// authorization is the header that says who sends a request.
const authorization = "Authorization"

// tokenError is the error of an attempt that got no access token.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return "get an access token: " + e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

// authorize adds an access token, if the request is to have one. It waits at most
// until ctx ends.
func (r *Request) authorize(ctx context.Context) error {
	if !r.wantsToken || r.Route == nil || r.Route.tokens == nil {
		return nil
	}
	r.Timing.begin(StepToken)
	accessToken, err := r.Route.tokens.source.Token(ctx)
	r.Timing.end(StepToken)
	if err != nil {
		return &tokenError{err}
	}
	r.accessToken = accessToken
	r.Headers = append(r.Headers, bearer(accessToken))
	return nil
}

// sign adds the signatures of an attempt at the given time, if there are keys.
func (r *Request) sign(at time.Time) {
	if r.Route != nil {
		r.Headers = append(r.Headers, signature.Headers(r.ID, at, r.Body, r.Route.Integration.SigningKeys)...)
	}
}

// judgeToken throws the access token away that a receiver answered 401 to: it may
// have been revoked, and another attempt gets a new one.
func (r *Request) judgeToken(response *Response) {
	if response.StatusCode != http.StatusUnauthorized || r.accessToken == (plan.Secret{}) {
		return
	}
	r.Route.tokens.source.Discard(r.accessToken)
	response.Reason = plan.ReasonTokenRefused
	response.Message += ", so its access token is not used again"
}

// tokenFailure is the response of an attempt without an access token.
func tokenFailure(err *tokenError, cause error, timeout time.Duration) Response {
	var blocked *egress.BlockedError
	var proxy *ProxyError
	var refused *token.Error
	throughProxy := errors.As(err, &proxy)
	switch {
	case throughProxy && errors.As(err, &blocked): // the proxy itself
		return Response{Reason: plan.ReasonBlocked, Message: proxy.Error()}
	case errors.As(err, &blocked):
		return Response{Reason: plan.ReasonBlocked, Message: "the token server's " + blocked.What()}
	case throughProxy && proxy.Failure == ProxyUnreachable:
		return Response{Reason: plan.ReasonProxyError, Unreached: true, Message: proxy.Error()}
	case throughProxy && proxy.Failure == ProxyRefused:
		return Response{Reason: plan.ReasonBlocked, Message: "the rules of the egress proxy do not allow the token server"}
	case throughProxy:
		return Response{Reason: plan.ReasonTokenError, Unreached: true, Message: "the egress proxy could not reach the token server"}
	case errors.Is(cause, errDeadline):
		return Response{Reason: plan.ReasonTokenError, Unreached: true, Message: fmt.Sprintf("no access token within %s", timeout)}
	case cause != nil:
		return Response{Reason: plan.ReasonNetworkError, Message: stoppedUnsent}
	case errors.As(err, &refused):
		return Response{Reason: plan.ReasonTokenError, Unreached: refused.Temporary, Message: refused.Error()}
	}
	return Response{Reason: plan.ReasonTokenError, Message: "no access token could be got"}
}
