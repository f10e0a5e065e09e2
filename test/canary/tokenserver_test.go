//go:build linux

package canary

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// tokenServer answers token requests; what it does is the last part of the path.
type tokenServer struct {
	*httptest.Server
	values []string // what it tells beside what it got

	mu   sync.Mutex
	seen strings.Builder
}

// tokenAnswers are the ways of a token server: the status, and what it writes.
var tokenAnswers = map[string]func(told string) (int, string){
	"described": func(told string) (int, string) {
		return 400, object("error", "invalid_client", "error_description", told, "error_uri", told)
	},
	"named":        func(told string) (int, string) { return 400, object("error", told) },
	"failed":       func(told string) (int, string) { return 500, told },
	"unauthorized": func(told string) (int, string) { return 401, object("error", "invalid_client", told, told) },
	"moved":        func(told string) (int, string) { return 302, told },
	"no-json":      func(told string) (int, string) { return 200, told },
	"no-token":     func(told string) (int, string) { return 200, object("token_type", "Bearer", "refresh_token", told) },
	"wrong-type":   func(told string) (int, string) { return 200, object("access_token", told, "token_type", told) },
	"wrong-expiry": func(told string) (int, string) {
		return 200, object("access_token", told, "token_type", "Bearer", "expires_in", told)
	},
	"unusable":      func(told string) (int, string) { return 200, object("access_token", told+"\n", "token_type", "Bearer") },
	"error-granted": func(told string) (int, string) { return 200, object("error", told, "error_description", told) },
}

// newTokenServer starts one, whose /good grants the access token.
func newTokenServer(t *testing.T, accessToken string, values ...string) *tokenServer {
	t.Helper()
	s := &tokenServer{values: append(values, accessToken)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // as far as it goes
		got := r.Header.Get("Authorization") + " " + string(body)
		s.mu.Lock()
		s.seen.WriteString(got + "\n")
		s.mu.Unlock()
		told := strings.Join(s.values, " ") + " " + got
		status, text := 200, object("access_token", accessToken, "token_type", "Bearer", "scope", told)
		if way, ok := tokenAnswers[strings.TrimPrefix(r.URL.Path, "/")]; ok {
			status, text = way(told)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Echo", told)
		if status == http.StatusFound {
			w.Header().Set("Location", "/"+told)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s
}

// received reports whether a text came in.
func (s *tokenServer) received(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.seen.String(), text)
}

// object is a JSON object of strings.
func object(pairs ...string) string {
	fields := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
