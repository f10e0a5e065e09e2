package peer

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// TokensOptions are who may have tokens.
type TokensOptions struct {
	ClientID, ClientSecret string
	// Lifetime of a token; an hour if 0.
	Lifetime time.Duration
}

// Tokens is a token server of OAuth 2.0 (RFC 6749) that knows one client, one
// grant (client credentials) and the client's authentication by HTTP Basic.
// [StartTokens] starts one.
type Tokens struct {
	options  TokensOptions
	listener net.Listener
	server   *http.Server

	mu      sync.Mutex
	forms   []url.Values
	refused int
	valid   map[string]bool
}

// StartTokens starts a token server. Close it when done.
func StartTokens(o TokensOptions) (*Tokens, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the token server: %w", err)
	}
	if o.Lifetime == 0 {
		o.Lifetime = time.Hour
	}
	t := &Tokens{options: o, listener: listener, valid: map[string]bool{}}
	t.server = &http.Server{Handler: http.HandlerFunc(t.serve), ReadHeaderTimeout: time.Minute}
	go func() { _ = t.server.Serve(listener) }() // ends with Close
	return t, nil
}

// URL is the token endpoint.
func (t *Tokens) URL() string { return "http://" + t.listener.Addr().String() + "/token" }

// Close stops the server.
func (t *Tokens) Close() error { return t.server.Close() }

// Requests are the parameters of the token requests that were answered with a
// token, in order.
func (t *Tokens) Requests() []url.Values {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]url.Values(nil), t.forms...)
}

// Refused is how many token requests were answered with an error.
func (t *Tokens) Refused() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused
}

// Revoke makes all tokens so far worthless.
func (t *Tokens) Revoke() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.valid)
}

// Admits reports whether a request has a token that is worth something, as the
// header Authorization of RFC 6750.
func (t *Tokens) Admits(header http.Header) bool {
	token, bearer := strings.CutPrefix(header.Get("Authorization"), "Bearer ")
	t.mu.Lock()
	defer t.mu.Unlock()
	return bearer && t.valid[token]
}

// serve answers a token request.
func (t *Tokens) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	id, secret, ok := r.BasicAuth()
	known := ok && id == url.QueryEscape(t.options.ClientID) && secret == url.QueryEscape(t.options.ClientSecret)
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.PostForm.Get("grant_type") != "client_credentials" || !known {
		t.mu.Lock()
		t.refused++
		t.mu.Unlock()
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": "invalid_client"}) // the client has gone, if at all
		return
	}
	t.mu.Lock()
	t.forms = append(t.forms, r.PostForm)
	token := fmt.Sprintf("access-token-number-%d", len(t.forms))
	t.valid[token] = true
	t.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{ // as above
		"access_token": token, "token_type": "Bearer", "expires_in": int(t.options.Lifetime.Seconds()),
	})
}
