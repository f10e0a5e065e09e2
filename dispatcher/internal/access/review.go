package access

import (
	"context"
	"strings"
	"time"

	"github.com/jellydator/ttlcache/v3"
	"golang.org/x/sync/singleflight"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// begin begins a review, or joins the one that is under way for the key. It renews
// old, or is for a new caller if that is nil.
func (c *Controller) begin(k key, token string, old *grant) <-chan singleflight.Result {
	flight := strings.Join([]string{string(k.token[:]), k.verb, k.namespace, k.name, k.path}, "\x00")
	return c.flights.DoChan(flight, func() (any, error) {
		// What is remembered is held by no request.
		k.verb, k.namespace, k.name, k.path = strings.Clone(k.verb), strings.Clone(k.namespace), strings.Clone(k.name), strings.Clone(k.path)
		return c.review(k, token, old)
	})
}

// review asks Kubernetes and remembers what it says. No caller's context ends it.
func (c *Controller) review(k key, token string, old *grant) (user string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), reviewTimeout)
	defer cancel()
	places := c.reviews
	if old != nil {
		places = c.renewals
	}
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	case <-ctx.Done():
		return "", c.unavailable(k, old, ctx.Err())
	}
	asked := time.Now()
	wanted := Review{Token: plan.NewSecret(token), Verb: k.verb, Namespace: k.namespace, Name: k.name, Path: k.path}
	if k.path != "" {
		wanted.Verb = ""
	}
	verdict, err := c.reviewer.Review(ctx, wanted)
	if err != nil {
		return "", c.unavailable(k, old, err)
	}
	if c.failing.CompareAndSwap(true, false) {
		c.log.Info("callers are reviewed again")
	}
	switch {
	case !verdict.Authenticated:
		return "", c.refuse(k, ErrUnauthenticated)
	case !verdict.Allowed && k.verb != identify:
		return "", c.refuse(k, ErrForbidden)
	}
	c.allow(k, verdict.User, asked, end(token, asked.Add(Lifetime)))
	return verdict.User, nil
}

// unavailable remembers that Kubernetes could not be asked, and logs the first of
// such reviews in a row.
func (c *Controller) unavailable(k key, old *grant, reason error) error {
	if c.failing.CompareAndSwap(false, true) {
		c.log.Warn("callers cannot be reviewed, so new ones are refused until they can; those reviewed in the last minutes go on", "reason", reason)
	}
	if old == nil {
		remember(c.refused, k, ErrUnavailable, unavailableAge)
		return ErrUnavailable
	}
	old.retry.Store(time.Now().Add(retryAge).UnixNano())
	old.renewing.Store(false)
	return ErrUnavailable
}

// refuse remembers a refusal, which ends what was allowed before.
func (c *Controller) refuse(k key, refusal error) error {
	remember(c.refused, k, refusal, RefusedAge)
	c.allowed.Delete(k)
	return refusal
}

// allow remembers that the user is allowed until until.
func (c *Controller) allow(k key, user string, asked, until time.Time) {
	lifetime := time.Until(until)
	if lifetime <= 0 {
		c.allowed.Delete(k)
		return
	}
	remember(c.allowed, k, &grant{user: user, renew: asked.Add(RenewAge), wait: asked.Add(MaxAge)}, lifetime)
}

// remember makes room by what is past its time, and puts a verdict in.
func remember[V any](cache *ttlcache.Cache[key, V], k key, v V, lifetime time.Duration) {
	cache.DeleteExpired()
	cache.Set(k, v, lifetime)
}
