package peer

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector takes traces by OTLP over HTTP. End it with Close.
type Collector struct {
	server *httptest.Server
	// Status, if it is not 0, is what every request is answered with, and nothing taken.
	Status atomic.Int64

	mu       sync.Mutex
	raw      [][]byte
	headers  []http.Header
	resource map[string]string
	spans    []*trace.Span
	err      error
}

// StartCollector starts one on 127.0.0.1.
func StartCollector() *Collector {
	c := &Collector{resource: map[string]string{}}
	c.server = httptest.NewServer(http.HandlerFunc(c.serve))
	return c
}

// URL is its address, without a path.
func (c *Collector) URL() string { return c.server.URL }

// Close ends it.
func (c *Collector) Close() { c.server.Close() }

func (c *Collector) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := body(r)
	var request collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(raw, &request)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw, c.headers = append(c.raw, raw), append(c.headers, r.Header)
	switch status := int(c.Status.Load()); {
	case err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces":
		c.err = err
		w.WriteHeader(http.StatusBadRequest)
		return
	case status != 0:
		w.WriteHeader(status)
		_, _ = io.WriteString(w, r.Header.Get("Authorization")) // as a bad one would
		return
	}
	for _, of := range request.GetResourceSpans() {
		for _, a := range of.GetResource().GetAttributes() {
			c.resource[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, scope := range of.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// body is a request's, decompressed.
func body(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// Spans are those that came so far, in order, and the error of the last request that was none.
func (c *Collector) Spans() ([]*trace.Span, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans), c.err
}

// Requests are the bodies of all requests, decompressed, and their headers.
func (c *Collector) Requests() ([][]byte, []http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.raw), slices.Clone(c.headers)
}

// Resource is an attribute of the process that the last spans came from.
func (c *Collector) Resource(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resource[name]
}
