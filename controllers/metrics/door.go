package metrics

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// How long what Kubernetes said of a scraper holds.
const (
	// allowedAge is how long one that was let in is not asked about again, lifetime how
	// long it is let in while Kubernetes cannot be asked, and refusedAge how long one
	// that was not let in stays out.
	allowedAge = time.Minute
	lifetime   = 5 * time.Minute
	refusedAge = 10 * time.Second
	// reviewTimeout bounds a review, with the wait for its turn.
	reviewTimeout = 5 * time.Second
)

const (
	// maxVerdicts bounds the scrapers that are remembered, maxReviews the reviews that are
	// under way at one time.
	maxVerdicts = 256
	maxReviews  = 4
	// maxToken is the longest token that is looked at, in bytes.
	maxToken = 16 << 10
)

// Review asks Kubernetes whether the holder of a token may get the metrics. An error says
// that it cannot be asked now.
type Review func(ctx context.Context, token plan.Secret) (ReviewResult, error)

// door lets those in whom Kubernetes allows to get the metrics.
type door struct {
	review  atomic.Pointer[Review]
	reviews chan struct{} // a place for each review under way

	mu       sync.Mutex
	verdicts map[[sha256.Size]byte]verdict
}

// verdict is what was said of a scraper.
type verdict struct {
	result ReviewResult
	asked  time.Time
}

// Admit sets who is asked about scrapers.
func (m *Metrics) Admit(review Review) { m.door.review.Store(&review) }

// guard answers those that are not let in.
func (d *door) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := bearer(r.Header)
		result := Unauthenticated
		if ok {
			result = d.judge(r.Context(), token)
		}
		switch result {
		case Allowed:
			next.ServeHTTP(w, r)
		case Forbidden:
			http.Error(w, "the caller has no right to read metrics; it is given by a role with the verb get on the path /metrics, such as the ClusterRole webhook-operator-metrics-reader", http.StatusForbidden)
		case Unauthenticated:
			w.Header().Set("WWW-Authenticate", `Bearer realm="webhook-manager"`)
			http.Error(w, "a token is needed that Kubernetes knows; send it as Authorization: Bearer", http.StatusUnauthorized)
		default:
			w.Header().Set("Retry-After", "5")
			http.Error(w, "who the caller is cannot be found out at this moment", http.StatusServiceUnavailable)
		}
	})
}

// bearer is the token of an Authorization header (RFC 6750, section 2.1).
func bearer(header http.Header) (token string, ok bool) {
	values := header["Authorization"]
	if len(values) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	return token, strings.EqualFold(scheme, "Bearer") && token != "" && len(token) <= maxToken
}

// judge says whether the holder of a token is let in, from memory if it can.
func (d *door) judge(ctx context.Context, token string) ReviewResult {
	key := sha256.Sum256([]byte(token))
	d.mu.Lock()
	known, ok := d.verdicts[key]
	d.mu.Unlock()
	if ok && time.Since(known.asked) < known.age() {
		return known.result
	}
	asked := time.Now()
	result := d.ask(ctx, token)
	if result == ReviewFailed {
		if ok && known.result == Allowed && time.Since(known.asked) < lifetime {
			return Allowed
		}
		return result
	}
	d.remember(key, verdict{result: result, asked: asked})
	return result
}

// ask asks Kubernetes.
func (d *door) ask(ctx context.Context, token string) ReviewResult {
	review := d.review.Load()
	if review == nil {
		return ReviewFailed
	}
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	select {
	case d.reviews <- struct{}{}:
		defer func() { <-d.reviews }()
	case <-ctx.Done():
		return ReviewFailed
	}
	result, err := (*review)(ctx, plan.NewSecret(token))
	if err != nil {
		return ReviewFailed
	}
	return result
}

// age is how long a verdict holds.
func (v verdict) age() time.Duration {
	if v.result == Allowed {
		return allowedAge
	}
	return refusedAge
}

// remember keeps a verdict. There is room for those that allow: a flood of tokens that
// nobody knows pushes out others of its kind first.
func (d *door) remember(key [sha256.Size]byte, v verdict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.verdicts) >= maxVerdicts {
		d.makeRoom()
	}
	if len(d.verdicts) < maxVerdicts {
		d.verdicts[key] = v
	}
}

// makeRoom forgets what is past its time, and refusals if that is not enough. The lock
// is held.
func (d *door) makeRoom() {
	for key, v := range d.verdicts {
		if time.Since(v.asked) >= lifetime {
			delete(d.verdicts, key)
		}
	}
	for key, v := range d.verdicts {
		if len(d.verdicts) < maxVerdicts {
			return
		}
		if v.result != Allowed {
			delete(d.verdicts, key)
		}
	}
}
