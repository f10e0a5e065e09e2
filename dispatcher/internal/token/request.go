package token

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// request asks the token server for a token. The error is an [*Error].
func request(ctx context.Context, from *plan.OAuth2, transport http.RoundTripper) (token, error) {
	parameters := url.Values{}
	for _, p := range from.Parameters {
		if err := plan.CheckParameterName(p.Name); err != nil {
			return token{}, &Error{text: err.Error()}
		}
		parameters.Add(p.Name, p.Value)
	}
	style := oauth2.AuthStyleInHeader
	if from.AuthStyle == plan.AuthStyleBody {
		style = oauth2.AuthStyleInParams
	}
	config := clientcredentials.Config{
		ClientID: from.ClientID, ClientSecret: from.ClientSecret.Reveal(), TokenURL: from.TokenURL,
		Scopes: from.Scopes, EndpointParams: parameters, AuthStyle: style,
	}
	x := &exchange{transport: transport}
	begun := time.Now()
	got, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: x}))
	if err != nil {
		return token{}, failure(err, context.Cause(ctx), x.status)
	}
	if err := check(got, x.status); err != nil {
		return token{}, err
	}
	return timed(got, begun, x.status)
}

// check judges a token: only type Bearer (RFC 6749, 7.1; RFC 6750), and visible
// ASCII, which is wider than RFC 6750's b64token and safe in a header.
func check(got *oauth2.Token, status int) error {
	strange := func(r rune) bool { return r < '!' || r > '~' }
	switch {
	case !strings.EqualFold(got.TokenType, "Bearer"):
		return unusable(status, "without token_type Bearer, the only type that is supported; check the client there")
	case len(got.AccessToken) > maxToken:
		return unusable(status, "with an access token of more than 16 KiB; make it smaller there")
	case strings.ContainsFunc(got.AccessToken, strange):
		return unusable(status, "with an access token that is not visible ASCII and cannot stand in a header")
	}
	return nil
}

// timed returns a token with its times. Its lifetime counts from when it was asked
// for, since the server does not say when in between it gave it.
func timed(got *oauth2.Token, begun time.Time, status int) (token, error) {
	now := time.Now()
	t := token{text: plan.NewSecret(got.AccessToken), got: now}
	if got.Expiry.IsZero() {
		return t, nil
	}
	t.expires = got.Expiry.Add(begun.Sub(now))
	t.renew = t.expires.Add(-min(earlyWindow, t.expires.Sub(begun)/10))
	if !now.Before(t.expires) {
		e := unusable(status, "with an access token that has expired already; give it a longer life there")
		e.Temporary = true
		return token{}, e
	}
	return t, nil
}
