package token

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestOneRequestForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, numbered(time.Hour, time.Second))
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				if got, err := source.Token(t.Context()); err != nil || got.Reveal() != "token-1" {
					t.Errorf("token %q, error %v", got.Reveal(), err)
				}
			})
		}
		callers.Wait()
		want(t, source, "token-1")
		if n := len(server.seen()); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
	})
}

// In the early window one request is made in the background, and nobody waits.
func TestRenewedEarly(t *testing.T) {
	tests := []struct{ lifetime, renewed time.Duration }{
		{10 * time.Hour, 10*time.Hour - time.Minute},
		{10 * time.Minute, 9 * time.Minute},
		{100 * time.Second, 90 * time.Second},
		{time.Second, 900 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.lifetime.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, server := inBubble(t, numbered(tt.lifetime, 10*time.Millisecond))
				want(t, source, "token-1")
				time.Sleep(tt.renewed - 11*time.Millisecond) // the bubble's clock; the lifetime began 10 ms ago
				want(t, source, "token-1")
				synctest.Wait()
				if n := len(server.seen()); n != 1 {
					t.Fatalf("%d token requests before the window", n)
				}
				time.Sleep(time.Millisecond) // the bubble's clock
				before := time.Now()
				for range 100 {
					want(t, source, "token-1")
				}
				if took := time.Since(before); took != 0 {
					t.Errorf("callers waited %v", took)
				}
				time.Sleep(11 * time.Millisecond) // the bubble's clock
				want(t, source, "token-2")
				if diff := cmp.Diff([]time.Duration{0, tt.renewed}, server.times()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// While a token is good no failure of the server is felt; then it is.
func TestRenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n > 1 && n < 8 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			grant(w, fmt.Sprint("token-", n), 10*time.Minute)
		})
		begun := time.Now()
		for time.Since(begun) < 10*time.Minute {
			want(t, source, "token-1")
			time.Sleep(100 * time.Millisecond) // the bubble's clock
		}
		_, err := source.Token(t.Context())
		var failed *Error
		if !errors.As(err, &failed) || failed.Status != http.StatusServiceUnavailable || !failed.Temporary {
			t.Errorf("error %v", err)
		}
		time.Sleep(31 * time.Second) // the bubble's clock
		want(t, source, "token-8")
		var times []time.Duration
		for _, after := range []int{0, 540, 541, 543, 547, 555, 571, 631} {
			times = append(times, time.Duration(after)*time.Second)
		}
		if diff := cmp.Diff(times, server.times()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := inBubble(t, numbered(10*time.Minute, time.Second))
		want(t, source, "token-1")
		time.Sleep(10*time.Minute - time.Second) // the bubble's clock
		before := time.Now()
		want(t, source, "token-2")
		if took := time.Since(before); took != time.Second {
			t.Errorf("waited %v for another token, want 1s", took)
		}
	})
}

// Without expires_in, or with 0, a token is good until it is discarded.
func TestUnknownLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, numbered(0, 0))
		want(t, source, "token-1")
		time.Sleep(10 * 365 * 24 * time.Hour) // the bubble's clock
		want(t, source, "token-1")
		source.Discard(plan.NewSecret("token-1"))
		want(t, source, "token-2")
		if n := len(server.seen()); n != 2 {
			t.Errorf("%d token requests, want 2", n)
		}
	})
}

func TestDiscard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, numbered(time.Hour, 0))
		source.Discard(plan.NewSecret("token-1"))
		source.Discard(plan.Secret{})
		want(t, source, "token-1")
		time.Sleep(time.Minute) // the bubble's clock
		source.Discard(plan.NewSecret("token-1"))
		before := time.Now()
		want(t, source, "token-2")
		source.Discard(plan.NewSecret("token-1"))
		want(t, source, "token-2")
		if took := time.Since(before); took != 0 {
			t.Errorf("waited %v, want no wait after an old token", took)
		}
		if n := len(server.seen()); n != 2 {
			t.Errorf("%d token requests, want 2", n)
		}
	})
}

// A receiver that answers 401 to every token has one asked for once a second.
func TestEveryTokenIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, numbered(time.Hour, 0))
		begun := time.Now()
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				for time.Since(begun) < 10*time.Second {
					got, err := source.Token(t.Context())
					if err != nil {
						t.Error(err)
					}
					time.Sleep(5 * time.Millisecond) // the bubble's clock
					source.Discard(got)
				}
			})
		}
		callers.Wait()
		var times []time.Duration
		for i := range 11 {
			times = append(times, time.Duration(i)*time.Second)
		}
		if diff := cmp.Diff(times, server.times()); diff != "" {
			t.Error(diff)
		}
	})
}

// A token server that is down is asked after 1 s, 2 s, 4 s and so on up to 30 s,
// and callers in between learn at once what is wrong.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		begun := time.Now()
		for time.Since(begun) < 125*time.Second {
			before := time.Now()
			_, err := source.Token(t.Context())
			var failed *Error
			if !errors.As(err, &failed) || failed.Status != http.StatusBadGateway {
				t.Fatalf("error %v", err)
			}
			if took := time.Since(before); took != 0 {
				t.Fatalf("waited %v for an error", took)
			}
			time.Sleep(10 * time.Millisecond) // the bubble's clock
		}
		var times []time.Duration
		for _, after := range []int{0, 1, 3, 7, 15, 31, 61, 91, 121} {
			times = append(times, time.Duration(after)*time.Second)
		}
		if diff := cmp.Diff(times, server.times()); diff != "" {
			t.Error(diff)
		}
	})
}

// After a success the delays begin anew.
func TestBackoffBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 3 {
				grant(w, "token-3", 10*time.Second)
				return
			}
			w.WriteHeader(http.StatusBadGateway)
		})
		begun := time.Now()
		for time.Since(begun) < 15*time.Second {
			_, _ = source.Token(t.Context())
			time.Sleep(10 * time.Millisecond) // the bubble's clock
		}
		want := []time.Duration{0, time.Second, 3 * time.Second, 12 * time.Second, 13 * time.Second}
		if diff := cmp.Diff(want, server.times()); diff != "" {
			t.Error(diff)
		}
	})
}

// A caller that gives up, even the one that began the request, disturbs no other.
func TestCallersGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, numbered(time.Hour, 5*time.Second))
		begun := time.Now()
		var callers sync.WaitGroup
		for i, patience := range []time.Duration{time.Second, 2 * time.Second, time.Minute} {
			callers.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				got, err := source.Token(ctx)
				switch took := time.Since(begun); {
				case i < 2 && (!errors.Is(err, context.DeadlineExceeded) || took != patience):
					t.Errorf("caller %d: error %v after %v", i, err, took)
				case i == 2 && (err != nil || got.Reveal() != "token-1" || took != 5*time.Second):
					t.Errorf("caller %d: token %q, error %v after %v", i, got.Reveal(), err, took)
				}
			})
			synctest.Wait()
		}
		callers.Wait()
		if n := len(server.seen()); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
	})
}

// A server that gives no answer is given up, be it before its headers or in the body.
func TestSlowServer(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"no headers": func(http.ResponseWriter) {},
		"half a body": func(w http.ResponseWriter) {
			_, _ = w.Write([]byte(`{"access_token": "`))
			_ = http.NewResponseController(w).Flush()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, _ := inBubble(t, func(_ int, w http.ResponseWriter, r *http.Request) {
					begin(w)
					<-r.Context().Done()
				})
				before := time.Now()
				_, err := source.Token(t.Context())
				var failed *Error
				if !errors.As(err, &failed) || !failed.Temporary || failed.Error() != "the token server gave no answer within 30s" {
					t.Errorf("error %v", err)
				}
				if took := time.Since(before); took != requestTimeout {
					t.Errorf("waited %v", took)
				}
			})
		})
	}
}

// Close ends what is in flight, and leaves a good token in use.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, numbered(10*time.Minute, time.Second))
		want(t, source, "token-1")
		time.Sleep(9*time.Minute + 30*time.Second) // the bubble's clock
		want(t, source, "token-1")
		source.Discard(plan.NewSecret("token-1"))
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, err := source.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "closed") {
				t.Errorf("error of a caller that waits: %v", err)
			}
		})
		synctest.Wait()
		before := time.Now()
		source.Close()
		callers.Wait()
		if took := time.Since(before); took != 0 {
			t.Errorf("Close took %v", took)
		}
		if _, err := source.Token(t.Context()); !errors.Is(err, errClosed) {
			t.Errorf("error after Close: %v", err)
		}
		if n := len(server.seen()); n != 2 {
			t.Errorf("%d token requests, want 2", n)
		}
	})
}

func TestCloseLeavesAGoodToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, numbered(10*time.Minute, 0))
		want(t, source, "token-1")
		source.Close()
		time.Sleep(9*time.Minute + 30*time.Second) // the bubble's clock
		want(t, source, "token-1")
		synctest.Wait()
		if n := len(server.seen()); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
	})
}

// A Source that waits for its second after a discarded token closes at once.
func TestCloseWhileAnotherTokenIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, server := inBubble(t, numbered(time.Hour, 0))
		want(t, source, "token-1")
		source.Discard(plan.NewSecret("token-1"))
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, err := source.Token(t.Context()); !errors.Is(err, errClosed) {
				t.Errorf("error of a caller that waits: %v", err)
			}
		})
		synctest.Wait()
		before := time.Now()
		source.Close()
		callers.Wait()
		if took := time.Since(before); took != 0 || len(server.seen()) != 1 {
			t.Errorf("Close took %v, %d token requests", took, len(server.seen()))
		}
	})
}

func TestDelay(t *testing.T) {
	var got []time.Duration
	for _, n := range []int{1, 2, 5, 6, 7, 1 << 30} {
		got = append(got, delay(n))
	}
	if want := []time.Duration{1e9, 2e9, 16e9, 30e9, 30e9, 30e9}; !slices.Equal(got, want) {
		t.Errorf("delays %v, want %v", got, want)
	}
}
