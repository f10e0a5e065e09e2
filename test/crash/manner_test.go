//go:build linux

package crash

// timeoutSeconds is how long the dispatcher gives an attempt, in these tests.
const timeoutSeconds = 1

// manner is how the receiver treats the requests of a call.
type manner string

// The manners. Those that say "first" answer 200 from the next request on.
const (
	answers   manner = "answers"   // 200 at once
	drips     manner = "drips"     // 200, byte by byte, within the timeout
	stalls    manner = "stalls"    // first: the header byte by byte, past the timeout
	trickles  manner = "trickles"  // 200, and a body that goes on past the timeout
	resets    manner = "resets"    // first: RST once the request is read
	hangsUp   manner = "hangs up"  // first: closes without an answer
	throttles manner = "throttles" // first: 429 with Retry-After: 1
	stumbles  manner = "stumbles"  // 500, then 503, then 200
	floods    manner = "floods"    // 200 with a body of 3 MiB
	bombs     manner = "bombs"     // 200 with gzip that would unpack to 256 MiB
	hastens   manner = "hastens"   // 200 before the body is read
	breaks    manner = "breaks"    // 500 always
	rejects   manner = "rejects"   // 404
	redirects manner = "redirects" // 302
)

// manners deals them out by a call's number.
var manners = []manner{
	answers, drips, answers, resets, answers, stumbles, floods, answers, hangsUp, answers, bombs, answers,
	throttles, answers, hastens, answers, breaks, answers, rejects, trickles, answers, stalls, answers, redirects,
	hastens, answers, answers, floods, answers,
}

func mannerOf(n int) manner { return manners[n%len(manners)] }

// status is what the k-th request of a call, from 1, is answered; 0 if it gets no
// whole answer in time.
func (m manner) status(k int) int {
	switch m {
	case rejects:
		return 404
	case redirects:
		return 302
	case breaks:
		return 500
	case stumbles:
		if k <= 2 {
			return []int{500, 503}[k-1]
		}
	case throttles:
		if k == 1 {
			return 429
		}
	case stalls, resets, hangsUp:
		if k == 1 {
			return 0
		}
	}
	return 200
}
