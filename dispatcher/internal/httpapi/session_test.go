package httpapi

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
)

// knowing is an Access that knows one token.
type knowing string

func (k knowing) Allow(context.Context, string, string, string, string) (string, error) {
	return "", access.ErrForbidden
}

func (k knowing) Identify(_ context.Context, token string) (string, error) {
	if token != string(k) {
		return "", access.ErrUnauthenticated
	}
	return "somebody", nil
}

// TestASessionFromLoginToLogout in plain and over TLS, as a browser goes through it.
func TestASessionFromLoginToLogout(t *testing.T) {
	for _, secure := range []bool{false, true} {
		a := New(Options{Access: knowing("tok"), Logger: slog.New(slog.DiscardHandler)})
		var cookie *http.Cookie
		ask := func(method, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, sessionPath, strings.NewReader(body))
			r.Header.Set("Content-Type", mediaJSON)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			if secure {
				r.TLS = &tls.ConnectionState{}
			}
			if cookie != nil {
				r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
			}
			w := httptest.NewRecorder()
			a.ServeHTTP(w, r)
			return w
		}
		session := func(step string, want client.Session) {
			t.Helper()
			var got client.Session
			if w := ask("GET", ""); w.Code != 200 || json.Unmarshal(w.Body.Bytes(), &got) != nil || got != want {
				t.Errorf("%s: %d %s, want %+v", step, w.Code, w.Body, want)
			}
		}
		session("at first", client.Session{LoginNeeded: true})
		if w := ask("POST", `{"token": "wrong"}`); w.Code != 401 || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("a wrong token: %d %q", w.Code, w.Header())
		}
		w := ask("POST", `{"token": "tok"}`)
		if cookies := w.Result().Cookies(); w.Code != 204 || len(cookies) != 1 {
			t.Fatalf("logging in: %d %q", w.Code, w.Header())
		} else {
			cookie = cookies[0]
		}
		name := map[bool]string{false: "webhook-session", true: "__Host-webhook-session"}[secure]
		want := &http.Cookie{Name: name, Value: "tok", Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode, Raw: cookie.Raw}
		if diff := cmp.Diff(want, cookie); diff != "" {
			t.Errorf("the cookie (-want +got):\n%s", diff)
		}
		session("logged in", client.Session{Authenticated: true, User: "somebody", LoginNeeded: true})
		w = ask("DELETE", "")
		if cookies := w.Result().Cookies(); w.Code != 204 || len(cookies) != 1 || cookies[0].MaxAge >= 0 || cookies[0].Name != name {
			t.Errorf("logging out: %d %q", w.Code, w.Header())
		}
		cookie.Value = "expired"
		session("with a token that has ended", client.Session{LoginNeeded: true})
	}
}

// TestTokensThatNoCookieKeeps are refused in words, and are not in them.
func TestTokensThatNoCookieKeeps(t *testing.T) {
	a := New(Options{Access: knowing("tok"), Logger: slog.New(slog.DiscardHandler)})
	for _, body := range []string{`{"token": "` + strings.Repeat("s3cr3t", 634) + `"}`, `{"token": "s3cr3t; Path=/"}`, `{"token": ""}`, `{"Token": "s3cr3t"}`, `"s3cr3t"`, `{"token": ["s3cr3t"]}`} {
		r := httptest.NewRequest("POST", sessionPath, strings.NewReader(body))
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != 400 || !strings.Contains(w.Body.String(), "problems/invalid-session") || strings.Contains(w.Body.String(), "s3cr3t") {
			t.Errorf("%.60s: %d %s", body, w.Code, w.Body)
		}
	}
}

// TestThePageIsForEverybody, and takes the place of nothing of the API.
func TestThePageIsForEverybody(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("page " + r.URL.Path)) })
	a := New(Options{Access: knowing("tok"), Logger: slog.New(slog.DiscardHandler), Page: page})
	without := New(Options{Access: knowing("tok"), Logger: slog.New(slog.DiscardHandler)})
	for _, test := range []struct {
		method, path, accept string
		status               int
		says                 string
		without              int
	}{
		{"GET", "/ui/", "", 200, "page /ui/", 404},
		{"HEAD", "/ui/app.js", "", 200, "", 404},
		{"GET", "/ui/deliveries/x", "", 200, "page /ui/deliveries/x", 404},
		{"POST", "/ui/", "", 405, "method-not-allowed", 404},
		{"GET", "/ui", "", 302, "/ui/", 404},
		{"GET", "/", "text/html,*/*", 302, "/ui/", 404},
		{"GET", "/", "*/*", 404, "not-found", 404},
		{"POST", "/", "text/html", 404, "not-found", 404},
		{"GET", "/ui/session", "", 200, "loginNeeded", 200},
		{"PUT", "/ui/session", "", 405, "GET", 405},
		{"GET", "/ui/../v1", "", 404, "not-found", 404},
	} {
		r := httptest.NewRequest(test.method, test.path, nil)
		r.Header.Set("Accept", test.accept)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != test.status || !strings.Contains(w.Body.String()+w.Header().Get("Location")+w.Header().Get("Allow"), test.says) {
			t.Errorf("%s %s: %d %s %q", test.method, test.path, w.Code, w.Body, w.Header())
		}
		w = httptest.NewRecorder()
		without.ServeHTTP(w, r)
		if w.Code != test.without {
			t.Errorf("%s %s without a page: %d", test.method, test.path, w.Code)
		}
	}
}
