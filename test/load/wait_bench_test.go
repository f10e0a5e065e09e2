//go:build linux

package load

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// waitRate is the calls a second of BenchmarkWait.
const waitRate = 200

// BenchmarkWait measures, at 200 calls a second in an open loop, how long a caller
// waits for the outcome of its call with Prefer: wait, without the 5 ms that the
// receiver takes for its answer. The bare limit beside it is the same request sent to
// the receiver directly, at the same rate, by the same callers.
func BenchmarkWait(b *testing.B) {
	window := window(b, 20*time.Second)
	for b.Loop() {
		waited, bare := measureWait(b, window)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(len(waited))/window.Seconds(), "calls/s")
		reportLatency(b, "", waited)
		reportLatency(b, "bare-", bare)
	}
}

// measureWait returns how much longer than the receiver the answers took, sorted.
func measureWait(tb testing.TB, window time.Duration) (waited, bare []time.Duration) {
	tb.Helper()
	receiver := startReceiver(tb)
	w := newWorld(tb, newPair("wh", receiver.delayedURL(), true))
	direct := directRequest(sampleOf(tb, receiver, w, "wh"))
	warm := warmth + window
	bare = answersOf(tb, receiver.addresses["delayed"], direct, warm)
	waited = answersOf(tb, w.address, waitRequest("wh"), warm)
	w.kill()
	receiver.kill()
	return waited, bare
}

// waitRequest is singleRequest that waits for the outcome.
func waitRequest(webhook string) []byte {
	return bytes.Replace(singleRequest(webhook), []byte("\r\n\r\n"), []byte("\r\nPrefer: wait=10\r\n\r\n"), 1)
}

// directRequest is what the dispatcher sends, as a caller sends it.
func directRequest(s sample) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: receiver\r\nContent-Length: %d\r\n", s.Method, s.URI, len(s.Body))
	_ = s.Header.Write(&b)
	b.WriteString("\r\n" + s.Body)
	return b.Bytes()
}

// answersOf sends a request over and over at waitRate and returns how long the
// answers took, all of them 200, without answerTime and those of the beginning.
func answersOf(tb testing.TB, address string, request []byte, window time.Duration) []time.Duration {
	tb.Helper()
	var mu sync.Mutex
	var all []time.Duration
	end := time.Now().Add(window)
	openLoop(waitRate, 64, func() bool { return time.Now().After(end) || tb.Failed() }, func(int) func(int) {
		w := newWire(address)
		buffer := bytes.Clone(request)
		return func(i int) {
			renumber(buffer, firstNumber+i)
			begun := time.Now()
			a, err := w.do(buffer)
			took := time.Since(begun)
			switch {
			case err != nil:
				tb.Error(err)
			case a.status != http.StatusOK || strings.Contains(string(a.body), `"Waiting"`):
				tb.Errorf("the answer is %d: %s", a.status, a.body)
			case i >= warmedUp(waitRate):
				mu.Lock()
				defer mu.Unlock()
				all = append(all, took-answerTime)
			}
		}
	})
	slices.Sort(all)
	return all
}
