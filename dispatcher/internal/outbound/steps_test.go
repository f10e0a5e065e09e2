package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// stepsOf sends a request and returns the steps that it took, in order. Each must be
// within the request.
func stepsOf(t *testing.T, s *Sender, route *Route, change func(*Request)) (string, Response) {
	t.Helper()
	r, err := route.Build(Parts{ID: "019b0c2e-7d7a-7cc0-8000-0123456789ab", Method: http.MethodPost, HasBody: true, Body: []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	r.Timing = new(Timing)
	if change != nil {
		change(r)
	}
	began := time.Now()
	got := s.Send(t.Context(), r)
	ended := time.Now()
	var names []string
	r.Timing.Steps(ended, func(step int, from, to time.Time) {
		names = append(names, StepNames[step])
		if from.Before(began) || to.Before(from) || to.After(ended) {
			t.Errorf("%s took from %s to %s, the request from %s to %s", StepNames[step], from, to, began, ended)
		}
	})
	return strings.Join(names, ", "), got
}

// TestSteps: what a request took its time for.
func TestSteps(t *testing.T) {
	ca := newAuthority(t, "ca")
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue("receiver", func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} })}}
	tokens := newTokenServer(t, nil)
	server := receive(t, config, true, echo)
	root := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	s := newSenderOf(t, loopback)
	route := routed(t, s, integration(root, tokens.client(), withTLS(&plan.TLS{CABundle: ca.bundle()})))

	steps, got := stepsOf(t, s, route, func(r *Request) { r.Gate = func(context.Context) error { return nil } })
	ok(t, "the first", got)
	if want := "token, dns, connect, tls, gate, first byte, read"; steps != want {
		t.Errorf("the first took %s, want %s", steps, want)
	}
	steps, got = stepsOf(t, s, route, nil)
	ok(t, "the second", got)
	if want := "token, first byte, read"; steps != want {
		t.Errorf("the second, on the same connection, took %s, want %s", steps, want)
	}
}

// TestStepsOfAFailure: a step in which a request ended lasts to its end.
func TestStepsOfAFailure(t *testing.T) {
	s := newSenderOf(t, loopback)
	steps, got := stepsOf(t, s, routed(t, s, integration(closedPort(t))), nil)
	check(t, "refused", got, plan.ReasonNetworkError, got.Message, true)
	if steps != "connect" {
		t.Errorf("a refused connection took %s", steps)
	}
	release := make(chan struct{})
	slow := receive(t, nil, false, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	steps, got = stepsOf(t, s, routed(t, s, integration(slow.URL)), func(r *Request) { r.Timeout = 50 * time.Millisecond })
	check(t, "slow", got, plan.ReasonTimeout, got.Message, false)
	if steps != "connect, first byte" {
		t.Errorf("an answer that did not come took %s", steps)
	}
}
