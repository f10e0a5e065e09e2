package outbound

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"
)

// The steps of a request, in the order in which they begin. Those to do with a
// connection are of the last one that was made for it; there are none if it found one.
const (
	// StepToken is waiting for the access token.
	StepToken = iota
	// StepLookup is looking the host name up, StepConnect connecting, both of the
	// egress proxy if there is one, and StepTLS the handshake with the receiver.
	StepLookup
	StepConnect
	StepTLS
	// StepGate is waiting at the request's gate.
	StepGate
	// StepAnswer is waiting for the first byte of the answer, from the last byte of the
	// request on, and StepRead reading the rest.
	StepAnswer
	StepRead

	steps
)

// StepNames are what the steps are called.
var StepNames = [steps]string{"token", "dns", "connect", "tls", "gate", "first byte", "read"}

// Timing takes down when the steps of one request began and ended. It is safe for
// concurrent use: connections are made by goroutines of net/http, also after the
// request has ended.
type Timing struct {
	mu   sync.Mutex
	from [steps]time.Time
	to   [steps]time.Time
}

// begin and end do nothing to a nil Timing.
func (t *Timing) begin(step int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.from[step], t.to[step] = time.Now(), time.Time{}
}

func (t *Timing) end(step int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.to[step] = time.Now()
}

// Steps calls yield with each step that was taken. One that has not ended ends at the
// given time, which is that of the request.
func (t *Timing) Steps(ended time.Time, yield func(step int, from, to time.Time)) {
	t.mu.Lock()
	from, to := t.from, t.to
	t.mu.Unlock()
	for step := range steps {
		switch {
		case from[step].IsZero(), from[step].After(ended): // of what came after
		case to[step].Before(from[step]):
			yield(step, from[step], ended)
		default:
			yield(step, from[step], to[step])
		}
	}
}

// watch has net/http tell of the steps that it takes.
func (t *Timing) watch(trace *httptrace.ClientTrace) {
	trace.DNSStart = func(httptrace.DNSStartInfo) { t.begin(StepLookup) }
	trace.DNSDone = func(httptrace.DNSDoneInfo) { t.end(StepLookup) }
	trace.ConnectStart = func(string, string) { t.begin(StepConnect) }
	trace.ConnectDone = func(string, string, error) { t.end(StepConnect) }
	trace.TLSHandshakeStart = func() { t.begin(StepTLS) }
	trace.TLSHandshakeDone = func(tls.ConnectionState, error) { t.end(StepTLS) }
	trace.WroteRequest = func(httptrace.WroteRequestInfo) { t.begin(StepAnswer) }
	trace.GotFirstResponseByte = func() { t.end(StepAnswer) }
}
