package access

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// reviewer answers as answer says and counts. A review takes 10 ms.
type reviewer struct {
	mu     sync.Mutex
	asked  []Review
	under  int // way, now
	most   int
	answer func(Review) (Verdict, error)
}

func (r *reviewer) Review(_ context.Context, review Review) (Verdict, error) {
	r.mu.Lock()
	r.asked = append(r.asked, review)
	r.under++
	r.most = max(r.most, r.under)
	answer := r.answer
	r.mu.Unlock()
	<-time.After(10 * time.Millisecond)
	verdict, err := answer(review)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.under--
	return verdict, err
}

// say changes the answer.
func (r *reviewer) say(verdict Verdict, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(Review) (Verdict, error) { return verdict, err }
}

// count is how many reviews there were.
func (r *reviewer) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked)
}

var (
	yes       = Verdict{Authenticated: true, Allowed: true, User: "ada"}
	forbidden = Verdict{Authenticated: true, User: "ada"}
	unknown   = Verdict{}
	errAway   = errors.New("the manager is away")
)

// world is a controller in virtual time.
type world struct {
	*testing.T
	reviewer *reviewer
	c        *Controller
	log      bytes.Buffer
}

func inWorld(t *testing.T, test func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, reviewer: &reviewer{}}
		w.reviewer.say(yes, nil)
		w.c = New(Options{Reviewer: w.reviewer, Logger: slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		test(w)
		synctest.Wait()
	})
}

// token is a JWT whose exp claim is what exp says, if it says something.
func token(exp string) string {
	claims := `{"sub":"x"}`
	if exp != "" {
		claims = `{"exp":` + exp + `}`
	}
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

// expect asks once and compares; asked is how many reviews there were until then.
func (w *world) expect(want error, asked int) {
	w.Helper()
	user, err := w.c.Allow(w.Context(), token(""), "create", "ns", "wh")
	if !errors.Is(err, want) || (err == nil) != (user == "ada") {
		w.Errorf("Allow: %q, %v, want %v", user, err, want)
	}
	synctest.Wait()
	if got := w.reviewer.count(); got != asked {
		w.Errorf("there were %d reviews, want %d", got, asked)
	}
}

func (w *world) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// TestWhatIsAsked: the review has what the caller wants, and each is one of its own.
func TestWhatIsAsked(t *testing.T) {
	inWorld(t, func(w *world) {
		for _, a := range [][4]string{
			{"t1", "create", "ns", "wh"}, {"t2", "create", "ns", "wh"}, {"t1", "get", "ns", "wh"}, {"t1", "create", "ns2", "wh"},
			{"t1", "create", "ns", ""}, {"t1", "create", "ns", "wh"},
		} {
			if _, err := w.c.Allow(w.Context(), a[0], a[1], a[2], a[3]); err != nil {
				w.Error(err)
			}
		}
		var got []string
		for _, r := range w.reviewer.asked {
			got = append(got, strings.Join([]string{r.Token.Reveal(), r.Verb, r.Namespace, r.Name}, " "))
		}
		if want := "[t1 create ns wh t2 create ns wh t1 get ns wh t1 create ns2 wh t1 create ns ]"; fmt.Sprint(got) != want {
			w.Errorf("asked %v, want %s", got, want)
		}
	})
}

// TestRefusalsAreRemembered for ten seconds, and then asked about again.
func TestRefusalsAreRemembered(t *testing.T) {
	for _, test := range []struct {
		verdict Verdict
		want    error
	}{{unknown, ErrUnauthenticated}, {forbidden, ErrForbidden}} {
		inWorld(t, func(w *world) {
			w.reviewer.say(test.verdict, nil)
			w.expect(test.want, 1)
			w.reviewer.say(yes, nil)
			w.pass(RefusedAge - time.Second)
			w.expect(test.want, 1)
			w.pass(time.Second + time.Millisecond)
			w.expect(nil, 2)
		})
	}
}

// TestRightsAreRenewedInTheBackground: a caller that keeps calling never waits, and
// a right that was taken away ends by the review in the background.
func TestRightsAreRenewedInTheBackground(t *testing.T) {
	inWorld(t, func(w *world) {
		w.expect(nil, 1)
		for i := range 10 {
			w.pass(RenewAge - time.Second)
			w.expect(nil, i+1)
			w.pass(2 * time.Second)
			begun := time.Now()
			if _, err := w.c.Allow(w.Context(), token(""), "create", "ns", "wh"); err != nil || time.Since(begun) > 0 {
				w.Errorf("a call waited %s: %v", time.Since(begun), err)
			}
			w.pass(20 * time.Millisecond)
			if got := w.reviewer.count(); got != i+2 {
				w.Errorf("%d reviews after %d renewals", got, i+1)
			}
		}
		w.reviewer.say(forbidden, nil)
		w.pass(RenewAge + time.Second)
		w.expect(nil, 12) // the one that begins the review
		w.pass(20 * time.Millisecond)
		w.expect(ErrForbidden, 12)
	})
}

// TestRightsEndWithinAMinute, also for a caller that made no call in between.
func TestRightsEndWithinAMinute(t *testing.T) {
	for _, test := range []struct {
		verdict Verdict
		want    error
	}{{unknown, ErrUnauthenticated}, {forbidden, ErrForbidden}, {yes, nil}} {
		inWorld(t, func(w *world) {
			w.expect(nil, 1)
			w.reviewer.say(test.verdict, nil)
			w.pass(MaxAge)
			w.expect(test.want, 2)
			w.expect(test.want, 2)
		})
	}
}

// TestKnownCallersGoOn while Kubernetes cannot be asked, for five minutes and no
// longer, and new ones are told to come again.
func TestKnownCallersGoOn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.expect(nil, 1)
		w.reviewer.say(Verdict{}, errAway)
		w.pass(2 * time.Minute)
		w.expect(nil, 2)
		w.expect(nil, 2)
		w.pass(retryAge)
		w.expect(nil, 3)
		w.pass(20 * time.Millisecond)
		w.expect(nil, 3)
		w.pass(Lifetime - 2*time.Minute - retryAge - time.Second)
		w.expect(nil, 4)
		w.pass(2 * time.Second)
		w.expect(ErrUnavailable, 5)
		w.reviewer.say(yes, nil)
		w.expect(ErrUnavailable, 5) // is asked about once a second
		w.pass(unavailableAge + time.Millisecond)
		w.expect(nil, 6)
		if got := strings.Count(w.log.String(), "callers cannot be reviewed"); got != 1 || !strings.Contains(w.log.String(), "reviewed again") {
			w.Errorf("the log is %s", w.log.String())
		}
	})
}

// TestNobodyWaitsForAReviewThatHangs a second time.
func TestNobodyWaitsForAReviewThatHangs(t *testing.T) {
	inWorld(t, func(w *world) {
		w.expect(nil, 1)
		w.reviewer.say(Verdict{}, errAway)
		w.pass(MaxAge)
		w.expect(nil, 2)
		w.pass(retryAge)
		begun := time.Now()
		w.expect(nil, 3)
		if time.Since(begun) > 0 {
			w.Errorf("a call waited %s", time.Since(begun))
		}
		w.pass(20 * time.Millisecond)
		w.reviewer.say(forbidden, nil)
		w.pass(retryAge)
		w.expect(nil, 4) // begins the review
		w.pass(20 * time.Millisecond)
		w.expect(ErrForbidden, 4)
	})
}

// TestTokensEnd: a verdict is used no longer than its token says.
func TestTokensEnd(t *testing.T) {
	inWorld(t, func(w *world) {
		now := time.Now().Unix()
		for _, test := range []struct {
			token string
			want  time.Duration
		}{
			{token(fmt.Sprint(now + 20)), 20 * time.Second},
			{token(fmt.Sprintf("%d.75", now+20)), 20 * time.Second},
			{token(fmt.Sprint(now + 3600)), Lifetime},
			{token("1e300"), Lifetime}, {token("-1e300"), 0}, {token("0"), 0}, {token(fmt.Sprint(now - 1)), 0},
			{token(`"soon"`), Lifetime}, {token("null"), Lifetime}, {token(""), Lifetime},
			{"opaque", Lifetime}, {"a.b", Lifetime}, {"a.!.c", Lifetime}, {"a.W10.c", Lifetime}, {"..", Lifetime},
		} {
			begun := time.Now()
			if got := max(end(test.token, begun.Add(Lifetime)).Sub(begun), 0); got != test.want {
				w.Errorf("%q ends after %s, want %s", test.token, got, test.want)
			}
		}
		short := token(fmt.Sprint(now + 20))
		allow := func(asked int) {
			w.Helper()
			if _, err := w.c.Allow(w.Context(), short, "get", "ns", ""); err != nil {
				w.Error(err)
			}
			if got := w.reviewer.count(); got != asked {
				w.Errorf("there were %d reviews, want %d", got, asked)
			}
		}
		allow(1)
		w.pass(19 * time.Second)
		allow(1)
		w.pass(time.Second)
		allow(2) // whose verdict is used once
		allow(3)
	})
}

// TestOneReviewForAll: callers wait for one review, and one that goes away ends it
// for none of the others.
func TestOneReviewForAll(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, leave := context.WithCancel(w.Context())
		var all sync.WaitGroup
		errs := make([]error, 100)
		for i := range errs {
			all.Go(func() {
				c := w.Context()
				if i%2 == 0 {
					c = ctx
				}
				_, errs[i] = w.c.Allow(c, "t", "create", "ns", "wh")
			})
		}
		synctest.Wait()
		leave()
		all.Wait()
		for i, err := range errs {
			if gone := i%2 == 0; gone != errors.Is(err, context.Canceled) || !gone && err != nil {
				w.Errorf("caller %d: %v", i, err)
			}
		}
		if got := w.reviewer.count(); got != 1 {
			w.Errorf("there were %d reviews", got)
		}
	})
}

// TestFlood: unknown tokens take neither memory nor places of callers that are known.
func TestFlood(t *testing.T) {
	inWorld(t, func(w *world) {
		w.c = New(Options{Reviewer: w.reviewer, MaxEntries: 100})
		w.expect(nil, 1)
		w.pass(MaxAge + time.Second)
		hang := make(chan struct{})
		w.reviewer.mu.Lock()
		w.reviewer.answer = func(r Review) (Verdict, error) {
			if r.Token.Reveal() == token("") {
				return yes, nil
			}
			<-hang
			return unknown, nil
		}
		w.reviewer.mu.Unlock()
		var flood sync.WaitGroup
		for i := range 1000 {
			flood.Go(func() {
				if _, err := w.c.Allow(w.Context(), fmt.Sprint(i), "create", "ns", "wh"); !errors.Is(err, ErrUnauthenticated) {
					w.Errorf("token %d: %v", i, err)
				}
			})
		}
		synctest.Wait()
		w.expect(nil, maxReviews+2) // renews past them all
		close(hang)
		flood.Wait()
		if w.reviewer.most > maxReviews+1 {
			w.Errorf("%d reviews were under way at one time", w.reviewer.most)
		}
		if allowed, refused := w.c.allowed.Len(), w.c.refused.Len(); allowed != 1 || refused > 25 {
			w.Errorf("%d verdicts that allow are remembered, want 1, and %d that refuse, want 25", allowed, refused)
		}
	})
}

// TestAReviewThatNeverComes is given up in time, also one that never gets its turn.
func TestAReviewThatNeverComes(t *testing.T) {
	inWorld(t, func(w *world) {
		hang := make(chan struct{})
		w.reviewer.answer = func(Review) (Verdict, error) { <-hang; return unknown, nil }
		for i := range maxReviews {
			go func() { _, _ = w.c.Allow(w.Context(), fmt.Sprint(i), "create", "ns", "wh") }()
		}
		synctest.Wait()
		begun := time.Now()
		w.expect(ErrUnavailable, maxReviews)
		if took := time.Since(begun); took != reviewTimeout {
			w.Errorf("it took %s", took)
		}
		close(hang)
	})
}

// TestNothingShowsATokenNorAWebhook: neither the log nor an error.
func TestNothingShowsATokenNorAWebhook(t *testing.T) {
	inWorld(t, func(w *world) {
		for _, answer := range []error{nil, errAway} {
			w.reviewer.say(Verdict{}, answer)
			_, err := w.c.Allow(w.Context(), "SECRET"+fmt.Sprint(answer), "create", "ns", "SECRET")
			if err == nil || strings.Contains(err.Error()+w.log.String(), "SECRET") {
				w.Errorf("it shows one: %v, %s", err, w.log.String())
			}
		}
	})
}
