package httpapi

import (
	"errors"
	"io"
	"net/http"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
)

// The cookie that keeps the token of somebody who uses the page. Over TLS browsers let
// nobody else set one of its name.
const (
	sessionCookie      = "__Host-webhook-session"
	plainSessionCookie = "webhook-session"
)

const (
	// maxSession bounds the body that begins a session, and maxSessionToken its token, in
	// bytes: browsers keep cookies of 4,096 with their attributes.
	maxSession      = 16 << 10
	maxSessionToken = 3800
)

var (
	// errCrossOrigin is for a request that another site has a browser send.
	errCrossOrigin = errors.New("a page of another origin has sent this request with your session; only the dispatcher's own page may")
	// errSessionCookie is for a cookie that holds no token.
	errSessionCookie unauthenticated = "the session is not valid; log in again"
	// errSessionToken is for what cannot be kept in a cookie.
	errSessionToken = &sessionError{"token must be a bearer token of at most 3800 bytes, which is what browsers keep in a cookie; kubectl create token makes shorter ones"}
)

// sessionError is what is wrong with the body that begins a session.
type sessionError struct{ text string }

// Error returns one sentence.
func (e *sessionError) Error() string { return e.text }

// protection tells requests that another site has a browser send.
var protection = http.NewCrossOriginProtection()

// cookieName is the session cookie's name on a connection.
func cookieName(r *http.Request) string {
	if r.TLS != nil {
		return sessionCookie
	}
	return plainSessionCookie
}

// credentials are the token of a request: that of its Authorization header, or of its
// session. A session's counts only for requests that no other site has sent.
func credentials(r *http.Request) (token string, err error) {
	if _, ok := r.Header["Authorization"]; ok {
		return bearer(r.Header)
	}
	cookies := r.CookiesNamed(cookieName(r))
	switch {
	case len(cookies) == 0:
		return "", errNoToken
	case protection.Check(r) != nil:
		return "", errCrossOrigin
	case len(cookies) > 1 || !isToken(cookies[0].Value):
		return "", errSessionCookie
	}
	return cookies[0].Value, nil
}

// setSession sets the session cookie, or with an empty token takes it back.
func setSession(w http.ResponseWriter, r *http.Request, token string) {
	c := &http.Cookie{Name: cookieName(r), Value: token, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// postSession begins a session with a token: POST /ui/session.
func (a *api) postSession(w http.ResponseWriter, r *http.Request) {
	if err := protection.Check(r); err != nil {
		a.problem(w, r, errCrossOrigin)
		return
	}
	if err := mustBeJSON(r); err != nil {
		a.problem(w, r, err)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSession))
	if err != nil {
		a.problem(w, r, errors.Join(errBrokenBody, err))
		return
	}
	var token string
	err = readObject(body, map[string]field{"token": {&token, "must be the text of a token"}})
	switch {
	case err != nil:
		err = &sessionError{err.Error()}
	case !isToken(token) || len(token) > maxSessionToken:
		err = errSessionToken
	}
	if err == nil && a.access != nil {
		_, err = a.access.Identify(r.Context(), token)
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	setSession(w, r, token)
}

// getSession says who is logged in: GET /ui/session.
func (a *api) getSession(w http.ResponseWriter, r *http.Request) {
	if a.access == nil {
		writeJSON(w, http.StatusOK, mediaJSON, client.Session{Authenticated: true})
		return
	}
	session := client.Session{LoginNeeded: true}
	token, err := credentials(r)
	if err == nil {
		session.User, err = a.access.Identify(r.Context(), token)
	}
	switch {
	case err == nil:
		session.Authenticated = true
	case !errors.Is(err, access.ErrUnauthenticated):
		a.problem(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, mediaJSON, session)
}

// deleteSession ends the session: DELETE /ui/session.
func (a *api) deleteSession(w http.ResponseWriter, r *http.Request) {
	if err := protection.Check(r); err != nil {
		a.problem(w, r, errCrossOrigin)
		return
	}
	setSession(w, r, "")
}
