//go:build linux

package crash

import (
	"fmt"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

// account is all that is known about a call at the end.
type account struct {
	*call
	final    *client.Call // nil if it was not answered 202
	requests []line
}

// audit returns what is wrong with a call; nil if every promise was kept.
func (a *account) audit() error {
	if err := a.once(); err != nil {
		return err
	}
	switch {
	case a.fate == refused && a.key == "" && len(a.requests) > 0:
		return fmt.Errorf("it was refused and arrived %d times", len(a.requests))
	case a.fate != accepted:
		return a.alike()
	case a.final.State != client.StateFinished:
		return fmt.Errorf("it was answered 202 and is still %s", a.final.State)
	}
	if err := a.alike(); err != nil {
		return err
	}
	if err := a.explain(); err != nil {
		return fmt.Errorf("%w (status %d, %q)", err, a.final.StatusCode, a.final.Message)
	}
	return nil
}

// once: without the key there is one request at most, even half a one, whatever
// the caller was answered.
func (a *account) once() error {
	if a.webhook == "without" && len(a.requests) > 1 {
		return fmt.Errorf("it has no key and arrived %d times", len(a.requests))
	}
	return nil
}

// alike: all requests of a call carry the same transaction id and the same bytes.
// Those of a call whose 202 was cut off tell the id themselves.
func (a *account) alike() error {
	for _, l := range a.requests {
		c := *a.call
		if c.id == "" {
			c.id = a.requests[0].ID
		}
		if l.Webhook != c.webhook {
			return fmt.Errorf("request %d is of the webhook %s", l.K, l.Webhook)
		}
		if c.webhook == "with" && l.ID != c.id {
			return fmt.Errorf("request %d carries the transaction id %s, not %s", l.K, l.ID, c.id)
		}
		if l.Whole && l.Sum != sum("POST", fmt.Sprintf("/%s/%d", c.webhook, c.n), c.body()) {
			return fmt.Errorf("request %d is not what it must be", l.K)
		}
	}
	return nil
}

// explain: the outcome agrees with what the receiver did.
func (a *account) explain() error {
	how, n := mannerOf(a.n), len(a.requests)
	switch outcome := a.final.Outcome; outcome {
	case "Succeeded":
		if a.final.StatusCode != 200 || !a.answered(200) {
			return fmt.Errorf("it is said to have succeeded, but none of %d requests was answered so", n)
		}
	case "Rejected":
		if status := how.status(1); (status != 404 && status != 302) || a.final.StatusCode != status || !a.answered(status) {
			return fmt.Errorf("it is said to be rejected, but the receiver %s", how)
		}
	case "Lost": // it may have arrived or not: nobody knows, which is what Lost says
		if a.webhook == "with" || a.final.Attempts != 1 {
			return fmt.Errorf("it is Lost after %d attempts with the webhook %s", a.final.Attempts, a.webhook)
		}
	case "Failed":
		if a.webhook == "with" {
			return fmt.Errorf("it has the key and was not retried")
		}
		return a.failure(1)
	case "Exhausted":
		if a.webhook != "with" || a.final.Attempts != retries+1 || n < a.final.Attempts {
			return fmt.Errorf("it is Exhausted after %d attempts, of which %d arrived, with the webhook %s", a.final.Attempts, n, a.webhook)
		}
		return a.failure(n)
	default:
		return fmt.Errorf("it ended as %q, for which there is no reason", outcome)
	}
	return nil
}

// failure: an outcome that is a failure was caused by the receiver's manner, or
// by an overloaded machine: then its message says that time ran out.
func (a *account) failure(k int) error {
	status := mannerOf(a.n).status(k)
	switch {
	case a.slow():
		return nil
	case len(a.requests) == 0:
		return fmt.Errorf("it is said to have failed, but never arrived")
	case status == 200 || a.final.StatusCode != status:
		return fmt.Errorf("it is said to have failed, but the receiver %s", mannerOf(a.n))
	}
	return nil
}

// slow reports whether the last attempt took too long.
func (a *account) slow() bool {
	return a.final.StatusCode == 0 && strings.HasPrefix(a.final.Message, "no answer within")
}

// answered reports whether one of the requests was answered with the status.
func (a *account) answered(status int) bool {
	for _, l := range a.requests {
		if mannerOf(a.n).status(l.K) == status {
			return true
		}
	}
	return false
}
