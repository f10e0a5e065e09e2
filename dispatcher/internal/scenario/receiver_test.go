package scenario

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/retry"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// receiver is where all requests arrive. It outlives the dispatcher.
type receiver struct {
	mu       sync.Mutex
	requests []*request // in the order they arrived
	rules    []rule     // the first that fits answers
	step     int        // number of the script's command
	connects time.Duration
	flying   int
	highest  int // most requests under way at one time
}

// request is one request that arrived.
type request struct {
	at       time.Time
	step     int // those of one command have no order
	method   string
	url      string
	headers  []plan.RenderedHeader
	body     []byte
	expected bool
	ended    bool
	unsent   bool // the story says that it has never reached the receiver
	reply    chan outbound.Response
}

// rule is what the receiver answers by itself.
type rule struct {
	part   string // of the URL
	after  time.Duration
	answer outbound.Response
}

// sender is the receiver as one life of the dispatcher reaches it: outbound's
// Sender, but for the wire.
type sender struct {
	*outbound.Sender
	*receiver
	life *life
}

// Send delivers the request and waits for the script's reply, for the deadline
// or to be given up.
func (s sender) Send(ctx context.Context, r *outbound.Request) outbound.Response {
	begun := time.Now()
	if err := s.connect(ctx); err != nil {
		return outbound.Response{Reason: plan.ReasonNetworkError, Unsent: true, Begun: begun, Message: "the attempt was stopped before there was an answer"}
	}
	if r.Gate != nil {
		if err := r.Gate(ctx); err != nil {
			return outbound.Response{Reason: plan.ReasonNetworkError, Unsent: true, Begun: begun, Message: "the attempt was stopped before it was sent"}
		}
		begun = time.Now()
	}
	if s.life.dead.Load() {
		return outbound.Response{Reason: plan.ReasonNetworkError, Begun: begun}
	}
	q := &request{
		at: begun, method: r.Method, url: r.URL.String(), body: r.Body, reply: make(chan outbound.Response, 1),
		headers: append([]plan.RenderedHeader(nil), r.Headers...),
	}
	s.arrive(q)
	deadline := time.NewTimer(r.Timeout)
	defer deadline.Stop()
	var response outbound.Response
	select {
	case response = <-q.reply:
		response.RetryAfter = retry.ParseRetryAfter(response.Header.Get("Retry-After"), time.Now())
		if r.Await && response.Reason == plan.ReasonSuccess {
			response.Whole = response.Body
		}
	case <-deadline.C:
		response = outbound.Response{Reason: plan.ReasonTimeout, Message: fmt.Sprintf("no answer within %s", r.Timeout)}
	case <-ctx.Done():
		response = outbound.Response{Reason: plan.ReasonNetworkError, Message: "the attempt was stopped before there was an answer"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q.ended = true
	s.flying--
	response.Begun, response.Duration = begun, time.Since(begun)
	return response
}

// connect takes the time that connecting takes now.
func (r *receiver) connect(ctx context.Context) error {
	r.mu.Lock()
	took := r.connects
	r.mu.Unlock()
	if took == 0 {
		return nil
	}
	timer := time.NewTimer(took)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// arrive notes a request, and answers it if a rule says how.
func (r *receiver) arrive(q *request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q.step = r.step
	r.requests = append(r.requests, q)
	r.flying++
	r.highest = max(r.highest, r.flying)
	for _, rule := range r.rules {
		if !strings.Contains(q.url, rule.part) {
			continue
		}
		if rule.after == 0 {
			q.reply <- rule.answer
		} else {
			time.AfterFunc(rule.after, func() { q.reply <- rule.answer })
		}
		return
	}
}

// pending returns the requests that nobody has expected yet.
func (r *receiver) pending() []*request {
	r.mu.Lock()
	defer r.mu.Unlock()
	var pending []*request
	for _, q := range r.requests {
		if !q.expected {
			pending = append(pending, q)
		}
	}
	return pending
}

// answer reads how a receiver answers: a status with perhaps one header or a
// body, or that its body breaks off, or that it refuses the token; reset, or blocked; or that the attempt came to
// nothing on the way to it: proxy, token, and token later if it may pass.
func answer(w *words) (outbound.Response, error) {
	switch word := w.word(); word {
	case "reset":
		return outbound.Response{Reason: plan.ReasonNetworkError, Message: "the receiver closed the connection without an answer"}, w.done()
	case "blocked":
		return outbound.Response{Reason: plan.ReasonBlocked, Message: "the address 10.0.0.1 is private"}, w.done()
	case "proxy":
		return outbound.Response{Reason: plan.ReasonProxyError, Unsent: true, Unreached: true, Message: "connecting to the egress proxy failed"}, w.done()
	case "token":
		response := outbound.Response{Reason: plan.ReasonTokenError, Unsent: true, Message: "the token server answered 401 (invalid_client)"}
		if w.take("later") {
			response.Unreached, response.Message = true, "the token server answered 503"
		}
		return response, w.done()
	default:
		status, err := strconv.Atoi(word)
		if err != nil {
			return outbound.Response{}, fmt.Errorf("%q is no answer", word)
		}
		response := outbound.Response{
			Reason: retry.Classify(status), StatusCode: status, Header: http.Header{},
			Message: strings.TrimSpace(fmt.Sprintf("the receiver answered %d %s", status, http.StatusText(status))),
		}
		if w.take("token") {
			response.Reason = plan.ReasonTokenRefused
		}
		if w.take("breaks") && w.take("off") {
			response.Reason, response.Message = plan.ReasonNetworkError, "the connection to the receiver was lost before the answer was complete"
		}
		if w.take("body") {
			response.Body = []byte(w.rest())
		}
		if w.text == "" {
			return response, nil
		}
		name, value, err := w.header()
		response.Header.Set(name, value)
		return response, err
	}
}

// rule adds what the receiver answers by itself: "503 after 2s for /x"; or says
// how long it takes to connect: "connects 2s".
func (r *receiver) rule(w *words) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.take("waits") {
		r.rules = nil
		return w.done()
	}
	var added rule
	var err error
	if w.take("connects") {
		r.connects, err = w.duration()
		return err
	}
	if added.answer, err = answer(&words{w.word()}); err != nil {
		return err
	}
	if w.take("after") {
		if added.after, err = w.duration(); err != nil {
			return err
		}
	}
	if w.take("for") {
		added.part = w.word()
	}
	r.rules = append([]rule{added}, r.rules...) // the newest counts
	return w.done()
}

// rate returns an error if there were ever more than n requests in a second.
func (r *receiver) rate(n int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := n; i < len(r.requests); i++ {
		if gap := r.requests[i].at.Sub(r.requests[i-n].at); gap < time.Second {
			return fmt.Errorf("requests %d and %d came within %v: more than %d in a second", i-n+1, i+1, gap, n)
		}
	}
	if len(r.requests) <= n {
		return errors.New("too few requests to say")
	}
	return nil
}
