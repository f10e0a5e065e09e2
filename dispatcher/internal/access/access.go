package access

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jellydator/ttlcache/v3"
	"golang.org/x/sync/singleflight"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The errors of [Controller.Allow]. Their texts are for callers, and do not tell
// whether there is such a Webhook.
var (
	// ErrUnauthenticated is for a token that Kubernetes does not know, that has
	// expired, or that is for another audience.
	ErrUnauthenticated = errors.New("the token is not one that Kubernetes knows for the audience webhook-dispatcher; get a new one for it")
	// ErrForbidden is for a caller that Kubernetes knows and does not allow this.
	ErrForbidden = errors.New("the caller has no right to do this; it is given by a role with the resource webhooks/calls of the API group webhooks.maestra.io")
	// ErrUnavailable is for a caller that is not known yet while Kubernetes cannot be
	// asked.
	ErrUnavailable = errors.New("who the caller is cannot be found out at this moment; send the request again in a few seconds")
)

// How long verdicts are used, from the moment that Kubernetes was asked.
const (
	// RenewAge is when a verdict that allows is renewed in the background.
	RenewAge = 45 * time.Second
	// MaxAge is when it is used no more without being renewed, while Kubernetes can be
	// asked.
	MaxAge = time.Minute
	// Lifetime is when it is used no more at all.
	Lifetime = 5 * time.Minute
	// RefusedAge is how long a caller stays refused.
	RefusedAge = 10 * time.Second
)

// MetricsPath is the path at which a process shows its metrics.
const MetricsPath = "/metrics"

const (
	// identify, in place of a verb, asks only who somebody is; pagePath is then asked for,
	// since a review asks for something.
	identify = "identify"
	pagePath = "/ui/"
	// unavailableAge is how long a caller is not asked about again after a review that
	// failed; retryAge is that for a verdict that is still used.
	unavailableAge = time.Second
	retryAge       = 5 * time.Second
	// reviewTimeout bounds a review, with the wait for its turn.
	reviewTimeout = 10 * time.Second
	// maxReviews bounds the reviews of new callers that are under way at one time,
	// maxRenewals those that renew: a flood of unknown tokens holds up none of these.
	maxReviews  = 32
	maxRenewals = 16
)

// DefaultMaxEntries is for [Options]; an entry takes about 0.5 KiB.
const DefaultMaxEntries = 16 << 10

// Review asks who a token's holder is and whether it may do something.
type Review struct {
	// Token is what the caller sent.
	Token plan.Secret
	// Verb is create, get or delete, on webhooks/calls.
	Verb string
	// Namespace and Name name the Webhook; without a Name all of the namespace.
	Namespace, Name string
	// Path, if not empty, asks in place of these whether the holder may get it, as a path
	// that is no resource's.
	Path string
}

// Verdict is what Kubernetes says.
type Verdict struct {
	Authenticated, Allowed bool
	// User is the caller's name.
	User string
}

// Reviewer asks Kubernetes. An error says that it cannot be asked now.
type Reviewer interface {
	Review(ctx context.Context, r Review) (Verdict, error)
}

// Options configure a [Controller].
type Options struct {
	// Reviewer is asked for what is not remembered. Needed.
	Reviewer Reviewer
	// MaxEntries bounds the verdicts that allow and are remembered, and a quarter of
	// it those that refuse; DefaultMaxEntries if zero. Past it the ones not used for
	// the longest time are forgotten.
	MaxEntries int
	// Logger takes the log; none if nil.
	Logger *slog.Logger
}

// Controller judges callers. Make it with [New]; its methods may be called
// concurrently.
type Controller struct {
	reviewer Reviewer
	log      *slog.Logger
	allowed  *ttlcache.Cache[key, *grant]
	refused  *ttlcache.Cache[key, error]
	flights  singleflight.Group
	reviews  chan struct{} // a place for each review of a new caller
	renewals chan struct{} // and for each that renews
	failing  atomic.Bool   // the last review failed, and the log says so
	hits     atomic.Uint64 // verdicts that came from memory
}

// key is what a verdict is for.
type key struct {
	token                       [sha256.Size]byte
	verb, namespace, name, path string
}

// grant is a verdict that allows.
type grant struct {
	user        string
	renew, wait time.Time // when it has RenewAge and MaxAge
	renewing    atomic.Bool
	retry       atomic.Int64 // when, in Unix nanoseconds, a renewal that failed may be begun again
}

// New makes a controller that remembers nothing.
func New(o Options) *Controller {
	if o.MaxEntries == 0 {
		o.MaxEntries = DefaultMaxEntries
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Controller{
		reviewer: o.Reviewer, log: o.Logger,
		allowed: ttlcache.New(ttlcache.WithCapacity[key, *grant](uint64(o.MaxEntries)), ttlcache.WithDisableTouchOnHit[key, *grant]()),
		refused: ttlcache.New(ttlcache.WithCapacity[key, error](uint64(max(o.MaxEntries/4, 1))), ttlcache.WithDisableTouchOnHit[key, error]()),
		reviews: make(chan struct{}, maxReviews), renewals: make(chan struct{}, maxRenewals),
	}
}

// Allow says who the holder of token is, if it may do verb (create, get or delete)
// on the calls of the Webhook, or of all Webhooks of the namespace if name is
// empty. The error is [ErrUnauthenticated], [ErrForbidden], [ErrUnavailable], or
// that of ctx. A review that ctx's end leaves behind goes on for others.
func (c *Controller) Allow(ctx context.Context, token, verb, namespace, name string) (user string, err error) {
	return c.judge(ctx, token, key{token: sha256.Sum256([]byte(token)), verb: verb, namespace: namespace, name: name})
}

// AllowPath is Allow for getting a path that is no resource's, such as
// [MetricsPath].
func (c *Controller) AllowPath(ctx context.Context, token, path string) (user string, err error) {
	return c.judge(ctx, token, key{token: sha256.Sum256([]byte(token)), path: path})
}

// Identify says who the holder of token is, whatever it may do. The errors are those of
// Allow, but ErrForbidden.
func (c *Controller) Identify(ctx context.Context, token string) (user string, err error) {
	return c.judge(ctx, token, key{token: sha256.Sum256([]byte(token)), verb: identify, path: pagePath})
}

// Hits is how many verdicts came from memory, without a wait for Kubernetes.
func (c *Controller) Hits() uint64 { return c.hits.Load() }

// judge is Allow for a key.
func (c *Controller) judge(ctx context.Context, token string, k key) (user string, err error) {
	if item := c.allowed.Get(k); item != nil {
		if g, now := item.Value(), time.Now(); now.After(g.renew) {
			return c.renew(ctx, k, token, g, now)
		}
		c.hits.Add(1)
		return item.Value().user, nil
	}
	if item := c.refused.Get(k); item != nil {
		c.hits.Add(1)
		return "", item.Value()
	}
	return await(ctx, c.begin(k, token, nil))
}

// renew begins a review of a verdict that becomes old, and waits for it if it is
// too old, unless Kubernetes cannot be asked: then what it said last holds on.
func (c *Controller) renew(ctx context.Context, k key, token string, g *grant, now time.Time) (string, error) {
	retry := g.retry.Load()
	if now.UnixNano() < retry {
		c.hits.Add(1)
		return g.user, nil
	}
	if now.Before(g.wait) || retry > 0 { // a review that failed before may hang now, so nobody waits for it
		if g.renewing.CompareAndSwap(false, true) {
			c.begin(k, token, g)
		}
		c.hits.Add(1)
		return g.user, nil
	}
	user, err := await(ctx, c.begin(k, token, g))
	if errors.Is(err, ErrUnavailable) {
		return g.user, nil
	}
	return user, err
}

// await waits for a review's end or ctx's.
func await(ctx context.Context, flight <-chan singleflight.Result) (string, error) {
	select {
	case r := <-flight:
		user, _ := r.Val.(string) // always one
		return user, r.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
