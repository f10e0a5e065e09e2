package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Source gives the access token of one integration. It is safe for concurrent
// use. It has no goroutine but while a token request is in flight.
type Source struct {
	from      plan.OAuth2
	transport http.RoundTripper
	alive     context.Context // ends with Close
	end       context.CancelCauseFunc
	running   sync.WaitGroup

	mu       sync.Mutex
	current  token
	flight   *flight // nil if none
	failures int     // token requests that failed in a row
	failed   error   // of the last request, nil if it did not fail
	next     time.Time
	closed   bool
}

// token is an access token. The zero value is none.
type token struct {
	text    plan.Secret
	got     time.Time
	renew   time.Time // from then on it is renewed
	expires time.Time // both are zero if its lifetime is unknown
}

// flight is a token request and those who wait for it.
type flight struct {
	done  chan struct{} // closed when the rest is set
	token plan.Secret
	err   error
}

var (
	errClosed  = errors.New("the source of access tokens is closed")
	errTimeout = errors.New("the token request took too long")
)

// New returns a Source of tokens. Its requests go through transport, which must
// not be nil, uses no proxy of the environment, judges addresses and bounds
// headers; it stays the caller's. End the Source with [Source.Close].
func New(o plan.OAuth2, transport http.RoundTripper) *Source {
	s := &Source{from: o, transport: transport}
	s.alive, s.end = context.WithCancelCause(context.Background())
	return s
}

// Token returns an access token that has not expired as far as we know, to be sent as
// "Authorization: Bearer". If there is none it waits for a token request, at most
// until ctx ends, and then the error wraps ctx.Err. If the request fails, or one
// failed so recently that there is no other yet, the error is an [*Error].
func (s *Source) Token(ctx context.Context) (plan.Secret, error) {
	f, text, err := s.look(time.Now())
	if f == nil {
		return text, err
	}
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return plan.Secret{}, fmt.Errorf("wait for an access token: %w", ctx.Err())
	}
}

// look returns the request to wait for, or else what Token returns at once.
func (s *Source) look(now time.Time) (*flight, plan.Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	idle := s.flight == nil && !s.closed
	if s.current.good(now) {
		if idle && s.current.ageing(now) && !now.Before(s.next) {
			s.start(0)
		}
		return nil, s.current.text, nil
	}
	switch {
	case s.closed:
		return nil, plan.Secret{}, errClosed
	case idle && s.failed != nil && now.Before(s.next):
		return nil, plan.Secret{}, s.failed
	case idle:
		s.start(s.next.Sub(now))
	}
	return s.flight, plan.Secret{}, nil
}

// good reports whether there is a token, and it has not expired.
func (t *token) good(now time.Time) bool {
	return t.text != plan.Secret{} && (t.expires.IsZero() || now.Before(t.expires))
}

// ageing reports whether it is time to renew the token.
func (t *token) ageing(now time.Time) bool { return !t.renew.IsZero() && !now.Before(t.renew) }

// start makes a token request after a time. The caller holds the lock.
func (s *Source) start(after time.Duration) {
	f := &flight{done: make(chan struct{})}
	s.flight = f
	s.running.Go(func() {
		got, err := s.fetch(after)
		s.land(f, got, err)
	})
}

// fetch makes a token request after a time.
func (s *Source) fetch(after time.Duration) (token, error) {
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.alive.Done():
		return token{}, errClosed
	}
	ctx, cancel := context.WithTimeoutCause(s.alive, requestTimeout, errTimeout)
	defer cancel()
	return request(ctx, &s.from, s.transport)
}

// land ends a flight.
func (s *Source) land(f *flight, got token, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
	if err != nil {
		s.failures++
		s.next = time.Now().Add(delay(s.failures))
	} else {
		s.failures, s.next, s.current = 0, time.Time{}, got
	}
	f.token, f.err = got.text, err
	s.flight = nil
	close(f.done)
}

// Discard throws a token away that the receiver answered 401 to, unless it is no
// longer the current one. The next Token waits for another, which is asked for no
// sooner than a second after the discarded one came, lest a receiver that refuses
// every token sends us to the token server as often as it is called.
func (s *Source) Discard(text plan.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text != s.current.text {
		return
	}
	if earliest := s.current.got.Add(firstDelay); earliest.After(s.next) {
		s.next = earliest
	}
	s.current = token{}
}

// Close ends a token request in flight and waits for its end. After it a token
// that is there is still given, and no other asked for. Close it when no attempt
// needs it any more, for those that wait get an error.
func (s *Source) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end(errClosed)
	s.running.Wait()
}

// Format hides everything in every verb: package fmt does not ask a [plan.Secret]
// in a field that is not exported how it wants to be shown.
func (s *Source) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "token.Source") }
