//go:build linux

package load

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sending says what the bare client sends.
type sending struct {
	Root    string // scheme and authority of the receiver
	Request sample
	// Connections is how many requests are under way at most.
	Connections int
	// PerSecond is the rate of an open loop; 0 sends as fast as answers come.
	PerSecond float64
}

// bareClient is the limit of delivery, a process of its own: the requests that
// the dispatcher sends, by the same net/http transport, and nothing else.
type bareClient struct {
	stopped atomic.Bool
	running sync.WaitGroup

	mu    sync.Mutex
	sent  []arrival // of an open loop: when each was sent
	error error     // the first
}

// serveBareClient runs the bare client.
func serveBareClient() error {
	listeners, err := listen("control")
	if err != nil {
		return err
	}
	var current *bareClient
	mux := http.NewServeMux()
	mux.HandleFunc("/start", answering(func(s sending) (any, error) {
		current = &bareClient{}
		return nil, current.start(s)
	}))
	mux.HandleFunc("/stop", answering(func(any) ([]arrival, error) {
		current.stopped.Store(true)
		current.running.Wait()
		return current.sent, current.error
	}))
	if err := announce(listeners); err != nil {
		return err
	}
	return http.Serve(listeners["control"], mux)
}

// start begins to send.
func (c *bareClient) start(s sending) error {
	target, err := url.Parse(s.Root + s.Request.URI)
	if err != nil {
		return err
	}
	transport := bareTransport()
	if s.PerSecond == 0 {
		for range s.Connections {
			c.running.Go(func() {
				for !c.stopped.Load() {
					c.send(transport, target, &s.Request)
				}
			})
		}
		return nil
	}
	prefix := target.Path[:strings.LastIndexByte(target.Path, '/')+1]
	c.running.Go(func() {
		openLoop(s.PerSecond, s.Connections, c.stopped.Load, func(int) func(int) {
			return func(i int) {
				numbered := *target
				numbered.Path = prefix + strconv.Itoa(firstNumber+i)
				at := now()
				c.send(transport, &numbered, &s.Request)
				c.mu.Lock()
				c.sent = append(c.sent, arrival{Number: firstNumber + i, At: at})
				c.mu.Unlock()
			}
		})
	})
	return nil
}

// send sends one request and reads its answer.
func (c *bareClient) send(transport *http.Transport, target *url.URL, s *sample) {
	request := &http.Request{
		Method: s.Method, URL: target, Host: target.Host, Header: s.Header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(s.Body)), ContentLength: int64(len(s.Body)),
	}
	response, err := transport.RoundTrip(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.error = err
		c.stopped.Store(true)
	}
}

// bareTransport has the settings of the dispatcher's, see
// dispatcher/internal/outbound, as far as they count for HTTP/1.1.
func bareTransport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		DisableCompression:     true,
		MaxIdleConns:           2048,
		MaxIdleConnsPerHost:    1024,
		IdleConnTimeout:        4 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// sender is the bare client as the benchmark sees it.
type sender struct{ *part }

func startBareClient(tb testing.TB) sender { return sender{startPart(tb, "client")} }

func (c sender) start(s sending) { c.ask("/start", s, nil) }

// stop stops it. Of an open loop it returns when each request was sent.
func (c sender) stop() (sent []arrival) {
	c.tb.Helper()
	c.ask("/stop", nil, &sent)
	return sent
}

// sameBytes holds the bare client to the dispatcher's requests: method, length
// of the URL, headers and body are the same.
func sameBytes(tb testing.TB, ours, bare sample) {
	tb.Helper()
	var a, b bytes.Buffer
	_ = ours.Header.Write(&a)
	_ = bare.Header.Write(&b)
	if ours.Method != bare.Method || len(ours.URI) != len(bare.URI) || a.String() != b.String() || ours.Body != bare.Body {
		tb.Fatalf("the bare client sends other bytes\n%+v\nthan the dispatcher\n%+v", bare, ours)
	}
}
