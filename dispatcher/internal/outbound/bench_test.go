package outbound

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The senders of the benchmarks, each in a goroutine of its own: the default of
// maxConcurrency, and what several integrations have under way to one host.
const (
	fewSenders  = 64
	manySenders = 256
)

// benchIntegration and benchParts make a usual request: three headers and a body
// of 1 KiB.
func benchIntegration(address string) *plan.Integration {
	return &plan.Integration{
		URL: address + "/v1",
		Headers: []plan.Header{
			{Name: "Authorization", Value: plan.NewSecret("Bearer 0123456789abcdef"), Private: true},
			{Name: "X-Team", Value: plan.NewSecret("crm")},
		},
		Timeout: 30 * time.Second,
	}
}

func benchParts() Parts {
	return Parts{
		Method: "POST", Suffix: "/orders?source=maestra", Own: []plan.RenderedHeader{{Name: "X-Request-Id", Value: "0197-42"}},
		HasBody: true, Body: bytes.Repeat([]byte("x"), 1024),
	}
}

// BenchmarkSend sends through a Sender. What it takes more than
// BenchmarkRoundTrip is the price of this package.
func BenchmarkSend(b *testing.B) { benchmarkSend(b, fewSenders) }

// BenchmarkSendMany shows whether the pool keeps the connections of so many.
func BenchmarkSendMany(b *testing.B) { benchmarkSend(b, manySenders) }

func benchmarkSend(b *testing.B, senders int) {
	s := newSender(b)
	address, connections := serveBench(b)
	r, err := Build(benchIntegration(address), benchParts())
	if err != nil {
		b.Fatal(err)
	}
	concurrently(b, senders, func() {
		one := *r
		if got := s.Send(b.Context(), &one); got.StatusCode != http.StatusOK || len(got.Body) != 2 {
			b.Errorf("%s: %s", got.Reason, got.Message)
		}
	})
	b.ReportMetric(float64(connections.Load()), "connections")
}

// BenchmarkRoundTrip sends the same bytes through the bare transport.
func BenchmarkRoundTrip(b *testing.B) {
	s := newSender(b)
	address, _ := serveBench(b)
	r, err := Build(benchIntegration(address), benchParts())
	if err != nil {
		b.Fatal(err)
	}
	concurrently(b, fewSenders, func() {
		request := (&http.Request{
			Method: r.Method, URL: r.URL, Host: r.URL.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{
				"Authorization": {"Bearer 0123456789abcdef"}, "X-Team": {"crm"}, "X-Request-Id": {"0197-42"},
				"Content-Type": {"application/json"}, "User-Agent": {"webhook-operator/test"},
			},
			Body: io.NopCloser(bytes.NewReader(r.Body)), ContentLength: int64(len(r.Body)),
		}).WithContext(context.Background())
		answer, err := s.usual.transport.RoundTrip(request)
		if err != nil {
			b.Error(err)
			return
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || len(body) != 2 {
			b.Errorf("body %q, %v", body, err)
		}
		_ = answer.Body.Close()
	})
}

// BenchmarkBuild joins the parts of a call with its integration.
func BenchmarkBuild(b *testing.B) {
	in, parts := benchIntegration("https://api.example.com"), benchParts()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Build(in, parts); err != nil {
			b.Fatal(err)
		}
	}
}

// concurrently calls send b.N times in all, from the given number of goroutines.
// It reports the time of the processors, too, in which a busy machine shows less.
func concurrently(b *testing.B, senders int, send func()) {
	b.Helper()
	b.ReportAllocs()
	todo := make(chan struct{}, senders)
	done := make(chan struct{})
	for range senders {
		go func() {
			for range todo {
				send()
			}
			done <- struct{}{}
		}()
	}
	b.ResetTimer()
	before := processorTime(b)
	for range b.N {
		todo <- struct{}{}
	}
	close(todo)
	for range senders {
		<-done
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// processorTime is what the process has used, the receiver included.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// serveBench answers each request of the benchmarks with 200 and "ok", at as
// little cost as it can, and counts its connections.
func serveBench(b *testing.B) (address string, _ *atomic.Int64) {
	connections := new(atomic.Int64)
	return serveRaw(b, func(conn net.Conn) {
		connections.Add(1)
		for r := bufio.NewReader(conn); ; {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) > len("\r\n") {
				continue
			}
			if _, err := r.Discard(1024); err != nil {
				return
			}
			if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"); err != nil {
				return
			}
		}
	}), connections
}
