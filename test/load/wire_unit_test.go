//go:build linux

package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// answers serves a batch of which all but one more are accepted, one call, and a
// webhook that is full.
func answers() http.Handler {
	refusal := "{\"status\":429,\"problem\":{}}\n"
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/namespaces/load/webhooks/batch/calls", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for i := range bytes.Count(body, []byte("\n")) {
			_, _ = fmt.Fprintf(w, "{\"status\":202,\"transactionId\":\"%d\"}\n", i)
		}
		_, _ = io.WriteString(w, refusal)
	})
	mux.HandleFunc("/v1/namespaces/load/webhooks/full/calls", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusTooManyRequests) // without reading the body
	})
	mux.HandleFunc("/v1/namespaces/load/webhooks/one/calls", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write(body)
	})
	return mux
}

// TestWire holds the callers' own client to what net/http's server answers.
func TestWire(t *testing.T) {
	server := httptest.NewServer(answers())
	defer server.Close()
	w := newWire(strings.TrimPrefix(server.URL, "http://"))
	defer w.close()
	for range 2 { // the connection is used again, or dialled again
		for _, test := range []struct {
			request []byte
			calls   int
			refused bool
			leisure time.Duration
		}{
			{singleRequest("one"), 1, false, 100 * time.Millisecond},
			{batchRequest("batch"), batchLines, true, 100 * time.Millisecond},
			{batchRequest("full"), 0, true, 2 * time.Second},
		} {
			a, err := w.do(test.request)
			if err != nil {
				t.Fatal(err)
			}
			calls, refused, err := a.accepted()
			if err != nil || calls != test.calls || refused != test.refused || a.leisure() != test.leisure {
				t.Errorf("status %d: %d calls, refused %v, leisure %s, %v; want %+v", a.status, calls, refused, a.leisure(), err, test)
			}
			if a.status == http.StatusAccepted && !bytes.Equal(a.body, callData) {
				t.Errorf("the body is %q", a.body)
			}
		}
	}
}

// TestCallData: the data has the size that all figures are about, and can be
// renumbered in place.
func TestCallData(t *testing.T) {
	request := singleRequest("wh")
	renumber(request, firstNumber+12345)
	data := request[len(request)-dataSize:]
	var decoded struct{ N int }
	if err := json.Unmarshal(data, &decoded); err != nil || len(callData) != dataSize || decoded.N != firstNumber+12345 {
		t.Errorf("%d bytes, number %d, %v", len(callData), decoded.N, err)
	}
}
