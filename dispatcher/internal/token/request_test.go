package token

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// What is sent is what RFC 6749 says, id and secret encoded as a form in Basic too.
func TestWhatIsSent(t *testing.T) {
	const secret = "a:b c/ä%&+="
	tests := []struct {
		name   string
		change func(*plan.OAuth2)
		basic  bool
		form   url.Values
	}{
		{"least", func(*plan.OAuth2) {}, true, url.Values{"grant_type": {"client_credentials"}}},
		{"header", func(o *plan.OAuth2) { o.AuthStyle = plan.AuthStyleHeader }, true, url.Values{"grant_type": {"client_credentials"}}},
		{"body", func(o *plan.OAuth2) { o.AuthStyle = plan.AuthStyleBody }, false,
			url.Values{"grant_type": {"client_credentials"}, "client_id": {"my:client"}, "client_secret": {secret}}},
		{"scopes and parameters", func(o *plan.OAuth2) {
			o.Scopes = []string{"read", "write:all"}
			o.Parameters = []plan.Parameter{{Name: "audience", Value: "https://a.test/?b=c&d"}, {Name: "resource", Value: "1"}, {Name: "resource", Value: "2"}}
		}, true, url.Values{
			"grant_type": {"client_credentials"}, "scope": {"read write:all"},
			"audience": {"https://a.test/?b=c&d"}, "resource": {"1", "2"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source, server := onLoopback(t, numbered(time.Hour, 0), func(o *plan.OAuth2) {
				o.ClientID, o.ClientSecret = "my:client", plan.NewSecret(secret)
				tt.change(o)
			})
			want(t, source, "token-1")
			got := server.seen()[0]
			if diff := cmp.Diff(tt.form, got.form); diff != "" {
				t.Error(diff)
			}
			user, pass := "", ""
			if tt.basic {
				user, pass = url.QueryEscape("my:client"), url.QueryEscape(secret)
			}
			if got.basic != tt.basic || got.user != user || got.pass != pass {
				t.Errorf("Basic %v, user %q, password %q", got.basic, got.user, got.pass)
			}
			if kind := got.header.Get("Content-Type"); kind != "application/x-www-form-urlencoded" {
				t.Errorf("Content-Type %q", kind)
			}
		})
	}
}

// Neither style of authentication is tried after the other was refused.
func TestNoProbing(t *testing.T) {
	for _, style := range []plan.AuthStyle{"", plan.AuthStyleHeader, plan.AuthStyleBody} {
		source, server := onLoopback(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
			func(o *plan.OAuth2) { o.AuthStyle = style })
		if _, err := source.Token(t.Context()); err == nil {
			t.Errorf("style %q: no error", style)
		}
		if n := len(server.seen()); n != 1 {
			t.Errorf("style %q: %d token requests, want 1", style, n)
		}
	}
}

// No cookie of an answer comes back.
func TestNoCookies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			grant(w, "token", time.Hour)
		})
		for range 2 {
			want(t, source, "token")
			source.Discard(plan.NewSecret("token"))
		}
		if n := len(server.seen()); n != 2 {
			t.Fatalf("%d token requests, want 2", n)
		}
		if got := server.seen()[1].header.Get("Cookie"); got != "" {
			t.Errorf("Cookie %q", got)
		}
	})
}
