package client_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

// TestTokenOverTLS: the token is read anew for each request, and sent to the server
// that the authority vouches for.
func TestTokenOverTLS(t *testing.T) {
	var got []string
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization")+" "+r.Header.Get("Prefer")+" "+r.Header.Get("Idempotency-Key"))
		_, _ = io.WriteString(w, `{"transactionId": "id"}`)
	}))
	defer s.Close()
	https, err := client.NewHTTPClient(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "token")
	c := &client.Client{BaseURL: s.URL, HTTP: https, Token: client.TokenFile(file)}
	for _, token := range []string{"one", "two"} {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.CallWith(t.Context(), "ns", "wh", []byte("{}"), client.CallOptions{IdempotencyKey: "k", Wait: 1500 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 2 || got[0] != "Bearer one wait=2 k" || got[1] != "Bearer two wait=2 k" {
		t.Errorf("the server got %q", got)
	}
	if _, err := (&client.Client{BaseURL: s.URL}).Get(t.Context(), "ns", "wh", "id"); err == nil {
		t.Error("a server of an unknown authority was believed")
	}
}

func TestErrors(t *testing.T) {
	if _, err := client.NewHTTPClient([]byte("junk")); err == nil {
		t.Error("junk was taken for an authority")
	}
	gone := errors.New("the file is gone")
	c := &client.Client{BaseURL: "http://127.0.0.1:1", Token: func(context.Context) (string, error) { return "", gone }}
	if _, err := c.Get(t.Context(), "ns", "wh", "id"); !errors.Is(err, gone) {
		t.Errorf("without a token: %v", err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer s.Close()
	var problem *client.Problem
	if _, err := (&client.Client{BaseURL: s.URL}).Get(t.Context(), "ns", "wh", "id"); !errors.As(err, &problem) || problem.Type != "about:blank" || problem.Status != 502 {
		t.Errorf("of a proxy: %v", err)
	}
}
