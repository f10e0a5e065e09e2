//go:build linux

package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

const (
	retries = 6  // of a call with the key
	callers = 24 // how many send calls at one time
	watches = 4  // how many of them read their calls as fast as they can
)

// fate is what its caller knows about a call.
type fate string

const (
	accepted fate = "accepted" // answered 202
	refused  fate = "refused"  // answered that it is not accepted, or never sent
	unknown  fate = "unknown"  // the answer was cut off
)

// call is a call as its caller knows it.
type call struct {
	n       int
	webhook string
	key     string // the Idempotency-Key; empty for none
	posts   int    // how often it was handed in
	fate    fate
	status  int          // of the last answer that was a problem
	id      string       // the transaction id, if accepted
	seen    *client.Call // as it was first seen finished
}

// pad is a part of the data that makes some calls' bodies large. It does not
// compress well.
func (c *call) pad() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	size := c.n % 50
	if c.n%10 == 0 {
		size = 100 << 10
	}
	rng := rand.New(rand.NewPCG(uint64(c.n), 0))
	pad := make([]byte, size)
	for i := range pad {
		pad[i] = letters[rng.Uint64()%uint64(len(letters))]
	}
	return string(pad)
}

// body is what the receiver must get.
func (c *call) body() []byte {
	if c.webhook == "with" {
		return fmt.Appendf(nil, `{"n": %d, "id": "%s", "pad": "%s"}`, c.n, c.id, c.pad())
	}
	return fmt.Appendf(nil, `{"n": %d, "pad": "%s"}`, c.n, c.pad())
}

// load is a number of callers.
type load struct {
	base string
	http *http.Client

	mu    sync.Mutex
	calls []*call
	taken int // calls answered 202
	next  int
	// faults are promises that were broken before the callers' eyes.
	faults []string

	group sync.WaitGroup
	stop  context.CancelFunc
}

// newLoad makes a load without callers.
func newLoad(address string) *load {
	return &load{
		base: "http://" + address,
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * callers}, Timeout: 20 * time.Second},
	}
}

// start starts the callers.
func (l *load) start() {
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	for caller := range callers {
		l.group.Go(func() { l.run(ctx, caller) })
	}
}

// end stops the callers. Those with an Idempotency-Key hand in their last call
// until it is answered, so the dispatcher must be there.
func (l *load) end() {
	l.stop()
	l.group.Wait()
}

// accepted is how many calls have been answered 202.
func (l *load) accepted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken
}

// run hands in one call after the other. A third of the callers send an
// Idempotency-Key and hand a call in again until it is answered 202. Half of them are watched until they are
// finished, so that the callers go no faster than the receiver.
func (l *load) run(ctx context.Context, caller int) {
	for ctx.Err() == nil {
		c := &call{webhook: []string{"with", "without"}[caller%2]}
		l.mu.Lock()
		l.next++
		c.n = l.next
		l.mu.Unlock()
		if caller%3 == 0 {
			c.key = fmt.Sprintf("crash-%d", c.n)
		}
		if c.key != "" {
			l.postOnce(c)
		} else {
			l.post(c)
		}
		l.mu.Lock()
		l.calls = append(l.calls, c)
		if c.fate == accepted {
			l.taken++
		}
		l.mu.Unlock()
		switch {
		case c.fate != accepted: // the dispatcher is down
			pause()
		case caller < watches || c.n%2 == 0:
			l.watch(ctx, c, caller < watches)
		}
	}
}

// postOnce hands in a call with an Idempotency-Key until it is answered 202, and
// some calls twice at the same time.
func (l *load) postOnce(c *call) {
	for c.fate != accepted {
		if c.status == http.StatusUnprocessableEntity {
			l.fault("call %d was handed in again as it was and is said to have other data", c.n)
			return
		}
		if c.fate != "" {
			pause()
		}
		twin := *c
		var group sync.WaitGroup
		if c.n%3 == 0 {
			group.Go(func() { l.post(&twin) })
		}
		l.post(c)
		group.Wait()
		switch {
		case twin.fate != accepted:
		case c.fate != accepted:
			*c = twin
		case c.id != twin.id:
			l.fault("call %d was handed in twice with one Idempotency-Key and became %s and %s", c.n, c.id, twin.id)
		}
	}
}

// fault notes that a promise was broken.
func (l *load) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

// pause keeps a caller from spinning.
func pause() { <-time.After(10 * time.Millisecond) }

// watch reads a call until it is finished or the dispatcher is gone.
func (l *load) watch(ctx context.Context, c *call, closely bool) {
	for ctx.Err() == nil {
		got, err := l.get(c)
		if err != nil {
			return
		}
		if got.State == client.StateFinished {
			l.mu.Lock()
			c.seen = got
			l.mu.Unlock()
			return
		}
		if !closely {
			pause()
		}
	}
}

// post hands a call in once and notes its fate.
func (l *load) post(c *call) {
	data := fmt.Sprintf(`{"n": %d, "pad": "%s"}`, c.n, c.pad())
	request, err := http.NewRequest(http.MethodPost, l.base+client.CallsPath("ns", c.webhook), strings.NewReader(data))
	if err != nil {
		panic(err) // the address is wrong
	}
	request.Header.Set("Content-Type", "application/json")
	request.GetBody = nil // so that net/http never sends it twice by itself
	if c.key != "" {
		request.Header.Set("Idempotency-Key", c.key)
	}
	got, err := l.do(request)
	var problem *client.Problem
	var op *net.OpError
	c.posts++
	switch {
	case err == nil:
		c.fate, c.id = accepted, got.TransactionID
	case errors.As(err, &problem):
		c.fate, c.status = refused, problem.Status
		if problem.Status == http.StatusInternalServerError { // the only one that does not say that it was refused
			c.fate = unknown
		}
	case errors.As(err, &op) && op.Op == "dial":
		c.fate = refused
	default:
		c.fate = unknown
	}
}

// get reads a call's state. A problem in place of it is a [*client.Problem].
func (l *load) get(c *call) (*client.Call, error) {
	request, err := http.NewRequest(http.MethodGet, l.base+client.CallsPath("ns", c.webhook)+"/"+c.id, nil)
	if err != nil {
		return nil, err
	}
	return l.do(request)
}

// do performs a request and decodes the answer.
func (l *load) do(request *http.Request) (*client.Call, error) {
	response, err := l.http.Do(request)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		problem := &client.Problem{Status: response.StatusCode}
		_ = json.Unmarshal(answer, problem) // without a document its status says enough
		return nil, problem
	}
	got := &client.Call{}
	return got, json.NewDecoder(bytes.NewReader(answer)).Decode(got)
}

// all returns the calls so far.
func (l *load) all() []*call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls)
}
