package token

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// answer returns a handler that writes one answer.
func answer(status int, contentType, body string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("WWW-Authenticate", canary)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const asJSON = "application/json"

func TestAnswersWithoutAToken(t *testing.T) {
	token := func(text string) string {
		return `{"access_token":"` + text + `","token_type":"bearer","x":"` + canary + `"}`
	}
	refusal := func(code string) string {
		return `{"error":"` + code + `","error_description":"` + canary + `","error_uri":"https://` + canary + `.test"}`
	}
	long := strings.Repeat(canary, maxAnswer/len(canary)+1)
	tests := []struct {
		name      string
		answer    func(int, http.ResponseWriter, *http.Request)
		status    int
		code      string
		temporary bool
		text      string
	}{
		{"wrong client", answer(401, asJSON, refusal("invalid_client")), 401, "invalid_client", false,
			"the token server answered 401 (invalid_client); check clientID and the Secret of the client"},
		{"wrong scope", answer(400, asJSON, refusal("invalid_scope")), 400, "invalid_scope", false, "answered 400 (invalid_scope); check scopes"},
		{"form", answer(400, "application/x-www-form-urlencoded", "error=invalid_grant&error_description="+canary), 400, "invalid_grant", false, "(invalid_grant)"},
		{"code of their own", answer(400, asJSON, refusal(canary)), 400, "", false, "answered 400; check tokenURL, scopes, parameters and authStyle"},
		{"error with 200", answer(200, asJSON, refusal("unauthorized_client")), 200, "unauthorized_client", false, "answered 200 (unauthorized_client)"},
		{"own error with 200", answer(200, asJSON, refusal(canary)), 200, "", false, "answered 200; it gave an error in place of a token"},
		{"forbidden", answer(403, "text/html", "<b>"+canary), 403, "", false, "answered 403; check clientID"},
		{"not found", answer(404, "text/plain", canary+"%zz"), 404, "", false, "answered 404; check tokenURL"},
		{"down", answer(503, "text/html", "<b>"+canary), 503, "", true, "answered 503; it is asked again later"},
		{"down with a code", answer(500, asJSON, refusal("invalid_request")), 500, "invalid_request", true, "answered 500 (invalid_request)"},
		{"too many", answer(429, asJSON, refusal(canary)), 429, "", true, "answered 429; it is asked again later"},
		{"long and down", answer(500, asJSON, long), 500, "", true, "answered 500; it is asked again later"},
		{"HTML", answer(200, "text/html", "<b>"+canary), 200, "", false, "answered 200 with something that is not JSON; check tokenURL"},
		{"nothing", answer(204, asJSON, ""), 204, "", false, "answered 204 with something that is not JSON"},
		{"broken JSON", answer(201, asJSON, token(canary)[:30]), 201, "", false, "answered 201 with something that is not JSON"},
		{"no access_token", answer(200, asJSON, `{"token_type":"Bearer","x":"`+canary+`"}`), 200, "", false, "without an access_token"},
		{"null", answer(200, asJSON, `null`), 200, "", false, "without an access_token"},
		{"number", answer(200, asJSON, `{"access_token":4711,"token_type":"Bearer"}`), 200, "", false, "without an access_token, or with a field of the wrong type"},
		{"wrong expires_in", answer(200, asJSON, `{"access_token":"`+canary+`","token_type":"Bearer","expires_in":"`+canary+`"}`), 200, "", false, "a field of the wrong type"},
		{"expired", answer(200, asJSON, `{"access_token":"`+canary+`","token_type":"Bearer","expires_in":-1}`), 200, "", true, "has expired already"},
		{"plain text", answer(200, "text/plain", canary), 200, "", false, "without an access_token"},
		{"broken form", answer(200, "text/plain", canary+"=%zz"), 200, "", false, "without an access_token"},
		{"type mac", answer(200, asJSON, `{"access_token":"`+canary+`","token_type":"mac"}`), 200, "", false, "without token_type Bearer"},
		{"no type", answer(200, asJSON, `{"access_token":"`+canary+`"}`), 200, "", false, "without token_type Bearer"},
		{"line break", answer(200, asJSON, token(canary+`\r\nX: y`)), 200, "", false, "is not visible ASCII"},
		{"space", answer(200, asJSON, token(canary+` a`)), 200, "", false, "is not visible ASCII"},
		{"no ASCII", answer(200, asJSON, token(canary+`ä`)), 200, "", false, "is not visible ASCII"},
		{"long token", answer(200, asJSON, token(strings.Repeat("a", maxToken+1))), 200, "", false, "an access token of more than 16 KiB"},
		{"long answer", answer(200, asJSON, `{"x":"`+long+`"}`), 200, "", false, "answered 200 with more than 64 KiB"},
		{"redirect", func(_ int, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/"+canary+"2", 307) },
			307, "", false, "answered 307; redirects are never followed, so check tokenURL"},
		{"redirect to nowhere", func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://["+canary)
			w.WriteHeader(302)
		}, 302, "", false, "answered 302; redirects are never followed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source, server := onLoopback(t, tt.answer)
			text, err := source.Token(t.Context())
			var failed *Error
			if !errors.As(err, &failed) || text != (plan.Secret{}) {
				t.Fatalf("token %q, error %v", text.Reveal(), err)
			}
			if failed.Status != tt.status || failed.Code != tt.code || failed.Temporary != tt.temporary || !strings.Contains(failed.Error(), tt.text) {
				t.Errorf("status %d, code %q, temporary %v: %v", failed.Status, failed.Code, failed.Temporary, failed)
			}
			hidden(t, err)
			if n := len(server.seen()); n != 1 {
				t.Errorf("%d token requests, want 1", n)
			}
		})
	}
}

// Answers that other clients take are taken too.
func TestAnswersWithAToken(t *testing.T) {
	long := strings.Repeat("a", maxToken)
	tests := []struct{ name, contentType, body, want string }{
		{"BEARER", asJSON, `{"access_token":"-._~+/=","token_type":"BEARER"}`, "-._~+/="},
		{"long", asJSON, `{"access_token":"` + long + `","token_type":"Bearer"}`, long},
		{"no content type", "", `{"access_token":"a","token_type":"Bearer","expires_in":null}`, "a"},
		{"form", "application/x-www-form-urlencoded", "access_token=a&token_type=bearer&expires_in=60", "a"},
		{"seconds in a string", asJSON, `{"access_token":"a","token_type":"Bearer","expires_in":"60"}`, "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source, _ := onLoopback(t, answer(200, tt.contentType, tt.body))
			want(t, source, tt.want)
		})
	}
}

// blocked is an error of a transport that has a type of its own.
type blocked struct{ rule string }

func (b *blocked) Error() string { return "blocked: " + b.rule }

// dialled returns a transport whose connections are made by dial.
func dialled(dial func() (net.Conn, error)) *http.Transport {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return dial() }}
}

// speaking returns a transport whose connections say something to any request.
func speaking(words string) *http.Transport {
	return dialled(func() (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			_, _ = far.Read(make([]byte, 4096))
			_, _ = io.WriteString(far, words)
		}()
		return near, nil
	})
}

func TestNoAnswer(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	defer secure.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	plain := func(err error) *http.Transport { return dialled(func() (net.Conn, error) { return nil, err }) }
	lookup := func(notFound bool) error {
		return &net.OpError{Op: "dial", Err: &net.DNSError{Name: canary, Err: canary, IsNotFound: notFound}}
	}
	const address = "http://token.test/" + canary
	const cut = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"access_token\":\"" + canary
	tests := []struct {
		name, address string
		transport     *http.Transport
		text          string
	}{
		{"refused", "http://" + closed.Addr().String(), &http.Transport{}, "refused the connection"},
		{"not trusted", secure.URL, &http.Transport{}, "certificate of the token server is not trusted"},
		{"no such host", address, plain(lookup(true)), "does not exist"},
		{"lookup fails", address, plain(lookup(false)), "looking up"},
		{"blocked", address, plain(&net.OpError{Op: "dial", Err: &blocked{canary}}), "failed before there was an answer"},
		{"timed out", address, plain(&net.OpError{Op: "dial", Err: timedOut{}}), "timed out"},
		{"no HTTP", address, speaking(canary + "\r\n\r\n"), "failed before there was an answer"},
		{"cut off", address, speaking(cut), "failed before there was an answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source := New(credentials(tt.address), tt.transport)
			defer tt.transport.CloseIdleConnections()
			defer source.Close()
			_, err := source.Token(t.Context())
			var failed *Error
			if !errors.As(err, &failed) || failed.Status != 0 || failed.Code != "" || !failed.Temporary || !strings.Contains(failed.Error(), tt.text) {
				t.Errorf("error %v", err)
			}
			hidden(t, err)
			var withURL *url.Error
			if errors.As(err, &withURL) {
				t.Error("the error wraps one with the URL")
			}
			var known *blocked
			if errors.As(err, &known) != (tt.name == "blocked") {
				t.Errorf("the transport's error is %v", failed.Unwrap())
			}
		})
	}
}

// timedOut is an error of the network that is a timeout.
type timedOut struct{}

func (timedOut) Error() string   { return canary }
func (timedOut) Timeout() bool   { return true }
func (timedOut) Temporary() bool { return true }

// A 401 whose body breaks off is a 401.
func TestStatusOfABrokenAnswer(t *testing.T) {
	transport := speaking("HTTP/1.1 401 Unauthorized\r\nContent-Length: 99\r\n\r\n{" + canary)
	source := New(credentials("http://token.test"), transport)
	defer source.Close()
	_, err := source.Token(t.Context())
	var failed *Error
	if !errors.As(err, &failed) || failed.Status != 401 || failed.Temporary {
		t.Errorf("error %v", err)
	}
	hidden(t, err)
}

// After "101 Switching Protocols" there is no body to wait for.
func TestSwitchingProtocols(t *testing.T) {
	source := New(credentials("http://token.test"), speaking("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
	defer source.Close()
	_, err := source.Token(t.Context())
	var failed *Error
	if !errors.As(err, &failed) || failed.Status != 101 || failed.Temporary {
		t.Errorf("error %v", err)
	}
}

func TestWrongConfiguration(t *testing.T) {
	tests := map[string]func(*plan.OAuth2){
		"tokenURL is not a valid URL": func(o *plan.OAuth2) { o.TokenURL = "http://a.test:" + canary },
		"parameter grant_type of the token request belongs to the grant": func(o *plan.OAuth2) {
			o.Parameters = []plan.Parameter{{Name: "grant_type", Value: canary}}
		},
	}
	for text, change := range tests {
		source, server := onLoopback(t, numbered(time.Hour, 0), change)
		_, err := source.Token(t.Context())
		var failed *Error
		if !errors.As(err, &failed) || failed.Temporary || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want %q", err, text)
		}
		hidden(t, err)
		if n := len(server.seen()); n != 0 {
			t.Errorf("%d token requests", n)
		}
	}
}

// A Source shows nothing, whether it has a token, waits or has failed.
func TestSourceShowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := inBubble(t, func(n int, w http.ResponseWriter, r *http.Request) {
			if n > 1 {
				answer(500, asJSON, canary)(n, w, r)
				return
			}
			grant(w, canary, time.Hour)
		})
		hidden(t, source)
		want(t, source, canary)
		hidden(t, source)
		hidden(t, struct{ S *Source }{source})
		source.Discard(plan.NewSecret(canary))
		_, err := source.Token(t.Context())
		hidden(t, err)
		hidden(t, source)
	})
}

// hidden checks that the canary is in no text of a value.
func hidden(t *testing.T, value any) {
	t.Helper()
	var shown bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&shown, verb+"\n", value)
	}
	slog.New(slog.NewTextHandler(&shown, nil)).Info("x", "value", value)
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("x", "value", value)
	if strings.Contains(shown.String(), canary) || strings.Contains(shown.String(), "http://") {
		t.Errorf("a secret, a URL or what the server wrote shows in\n%s", shown.String())
	}
}
