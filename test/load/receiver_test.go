//go:build linux

package load

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// arrival is a numbered request and the time of it in nanoseconds of
// CLOCK_REALTIME, which all processes of the machine share.
type arrival struct {
	Number int
	At     int64
	// Sent is when it was sent, if that is known, see stampedListener.
	Sent int64 `json:",omitempty"`
}

// sample is a whole request, to see that two clients send the same.
type sample struct {
	Method string
	URI    string
	Header http.Header
	Body   string
}

// collector is the receiver's process: a net/http server that reads a request,
// counts it and answers 200 without a body. It does no more than that unless
// asked to.
type collector struct {
	count     atomic.Int64
	sampling  atomic.Bool
	recording atomic.Bool

	mu       sync.Mutex
	sample   *sample
	arrivals []arrival
}

// serveReceiver runs the receiver. Its listener "dead" accepts connections and
// never answers.
func serveReceiver() error {
	listeners, err := listen("data", "stamped", "delayed", "dead", "control")
	if err != nil {
		return err
	}
	c := &collector{}
	go swallow(listeners["dead"])
	failed := make(chan error, 4)
	go func() { failed <- http.Serve(listeners["delayed"], delayed(c)) }()
	go func() { failed <- http.Serve(listeners["control"], c.control()) }()
	go func() { failed <- http.Serve(listeners["data"], c) }()
	go func() { failed <- serveStamped(listeners["stamped"], c) }()
	if err := announce(listeners); err != nil {
		return err
	}
	return <-failed
}

// answerTime is how long the receiver takes for an answer on its listener "delayed".
const answerTime = 5 * time.Millisecond

// delayed answers as next does, after answerTime.
func delayed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pause(answerTime)
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP takes a request.
func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	at := now()
	if c.sampling.Load() {
		c.keep(r)
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return // the client has gone in the middle of its request
	}
	if c.recording.Load() {
		number, _ := strconv.Atoi(r.RequestURI[strings.LastIndexByte(r.RequestURI, '/')+1:])
		c.mu.Lock()
		c.arrivals = append(c.arrivals, arrival{number, at, stampOf(r)})
		c.mu.Unlock()
	}
	c.count.Add(1)
}

// keep keeps a request as the sample. It leaves the body to be read again.
func (c *collector) keep(r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sample = &sample{r.Method, r.RequestURI, r.Header.Clone(), string(body)}
	c.sample.Header.Del("Content-Length") // the body says it
}

// swallow accepts connections, reads what comes and never answers.
func swallow(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}()
	}
}

// control serves what the benchmark asks.
func (c *collector) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/count", answering(func(any) (int64, error) { return c.count.Load(), nil }))
	mux.HandleFunc("/sampling", answering(func(on bool) (*sample, error) {
		c.sampling.Store(on)
		c.mu.Lock()
		defer c.mu.Unlock()
		taken := c.sample
		c.sample = nil
		return taken, nil
	}))
	mux.HandleFunc("/recorded", answering(func(any) (int, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.arrivals), nil
	}))
	mux.HandleFunc("/recording", answering(func(expected int) ([]arrival, error) {
		c.recording.Store(expected > 0)
		c.mu.Lock()
		defer c.mu.Unlock()
		taken := c.arrivals
		c.arrivals = make([]arrival, 0, expected)
		return taken, nil
	}))
	return mux
}

// receiver is the receiver as the benchmark sees it.
type receiver struct{ *part }

func startReceiver(tb testing.TB) receiver { return receiver{startPart(tb, "receiver")} }

// url is the root of an integration that works.
func (r receiver) url() string { return "http://" + r.addresses["data"] }

// stampedURL is url with arrivals of which the time of sending is known.
func (r receiver) stampedURL() string { return "http://" + r.addresses["stamped"] }

// delayedURL is the root of an integration whose receiver takes answerTime.
func (r receiver) delayedURL() string { return "http://" + r.addresses["delayed"] }

// deadURL is the root of an integration whose receiver never answers.
func (r receiver) deadURL() string { return "http://" + r.addresses["dead"] }

// count is how many requests have come.
func (r receiver) count() (n int64) {
	r.tb.Helper()
	r.ask("/count", nil, &n)
	return n
}

// sampled returns the request that send makes.
func (r receiver) sampled(send func()) sample {
	r.tb.Helper()
	before := r.count()
	r.ask("/sampling", true, nil)
	send()
	await(r.tb, patience, "a request to sample", func() bool { return r.count() > before })
	var taken *sample
	r.ask("/sampling", false, &taken)
	if taken == nil {
		r.tb.Fatal("the receiver has taken no sample")
	}
	return *taken
}

// record begins to record arrivals, about as many as expected.
func (r receiver) record(expected int) { r.ask("/recording", expected, nil) }

// recorded is how many arrivals are recorded.
func (r receiver) recorded() (n int) {
	r.tb.Helper()
	r.ask("/recorded", nil, &n)
	return n
}

// arrivals ends recording and returns what has come since it began, in order.
func (r receiver) arrivals() []arrival {
	r.tb.Helper()
	var taken []arrival
	r.ask("/recording", 0, &taken)
	return taken
}
