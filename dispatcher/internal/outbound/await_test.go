package outbound

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// awaiting is a request whose answer is awaited.
func awaiting(t testing.TB, address string) *Request {
	r := request(t, "POST", address)
	r.Await = true
	return r
}

// TestAwaitedAnswers: what is whole is there whole, and everything else is told apart by
// whether another attempt may change it.
func TestAwaitedAnswers(t *testing.T) {
	const document = `{"code":"A-1"}`
	whole := func(n int) string { return strings.Repeat("a", n) }
	coded := func(coding, body string) string {
		return fmt.Sprintf("Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", coding, len(body), body)
	}
	sized := func(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) }
	zipped := compressed(t, "gzip", document)
	const lost = "the connection to the receiver was lost before the answer was complete"
	for _, tt := range []struct {
		name    string
		answer  string // after "HTTP/1.1 "
		reason  plan.Reason
		message string
		whole   string
	}{
		{"with its length", "200 OK\r\n" + sized(document), plan.ReasonSuccess, "the receiver answered 200 OK", document},
		{"in chunks", "201 Created\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"code\"\r\n7\r\n:\"A-1\"}\r\n0\r\n\r\n", plan.ReasonSuccess, "the receiver answered 201 Created", document},
		{"up to the end of the connection", "200 OK\r\nConnection: close\r\n\r\n" + document, plan.ReasonSuccess, "the receiver answered 200 OK", document},
		{"compressed", "200 OK\r\n" + coded("gzip", zipped), plan.ReasonSuccess, "the receiver answered 200 OK", document},
		{"compressed twice", "200 OK\r\n" + coded("deflate, gzip", compressed(t, "gzip", compressed(t, "deflate", whole(maxBody)))), plan.ReasonSuccess, "the receiver answered 200 OK", whole(maxBody)},
		{"none", "204 No Content\r\n\r\n", plan.ReasonSuccess, "the receiver answered 204 No Content", ""},
		{"empty", "200 OK\r\nContent-Length: 0\r\n\r\n", plan.ReasonSuccess, "the receiver answered 200 OK", ""},
		{"more than the first buffer", "200 OK\r\n" + sized(whole(smallBody)), plan.ReasonSuccess, "the receiver answered 200 OK", whole(smallBody)},
		{"more than is kept", "200 OK\r\n" + sized(whole(KeptBody+1)), plan.ReasonSuccess, "the receiver answered 200 OK", whole(KeptBody + 1)},
		{"the longest", "200 OK\r\n" + sized(whole(maxBody)), plan.ReasonSuccess, "the receiver answered 200 OK", whole(maxBody)},
		{"one byte longer", "200 OK\r\n" + sized(whole(maxBody+1)), plan.ReasonResponseUnusable, "the answer is longer than 1 MiB", ""},
		{"one byte longer, decompressed", "200 OK\r\n" + coded("gzip", compressed(t, "gzip", whole(maxBody+1))), plan.ReasonResponseUnusable, "the answer is longer than 1 MiB", ""},
		{"longer, compressed", "200 OK\r\n" + coded("gzip", compressed(t, "gzip", noise(maxBody+100))), plan.ReasonResponseUnusable, "the answer is longer than 1 MiB", ""},
		{"in too many chunks", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\na\r\n", 500_000), plan.ReasonResponseUnusable, "the answer is longer than 1 MiB", ""},
		{"unknown coding", "200 OK\r\n" + coded("br", document), plan.ReasonResponseUnusable, "the answer is compressed in a way that is not known here", ""},
		{"not compressed", "200 OK\r\n" + coded("gzip", document), plan.ReasonResponseUnusable, "the answer cannot be decompressed", ""},
		{"compressed to a part", "200 OK\r\n" + coded("gzip", zipped[:len(zipped)-8]), plan.ReasonResponseUnusable, "the answer cannot be decompressed", ""},
		{"shorter than its length", "200 OK\r\nContent-Length: 100\r\n\r\n" + document, plan.ReasonNetworkError, lost, ""},
		{"shorter than its length, compressed", "200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n" + zipped[:20], plan.ReasonNetworkError, lost, ""},
		{"without the last chunk", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"code\"\r\n", plan.ReasonNetworkError, lost, ""},
		{"broken chunks", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", plan.ReasonNetworkError, lost, ""},
		{"breaks off, but is no success", "500 Internal Server Error\r\nContent-Length: 100\r\n\r\npart", plan.ReasonServerError, "the receiver answered 500 Internal Server Error", ""},
		{"no success", "404 Not Found\r\n" + sized(document), plan.ReasonClientError, "the receiver answered 404 Not Found", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := serveRaw(t, func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 4<<10))
				_, _ = io.WriteString(conn, "HTTP/1.1 "+tt.answer)
			})
			got := newSender(t).Send(t.Context(), awaiting(t, address))
			if got.Reason != tt.reason || got.Message != tt.message || string(got.Whole) != tt.whole {
				t.Errorf("%s: %s: %d bytes, %.50q", got.Reason, got.Message, len(got.Whole), got.Whole)
			}
			if got.Reason == plan.ReasonSuccess && (string(got.Body) != tt.whole[:min(len(tt.whole), KeptBody)] || got.BodyCut != (len(tt.whole) > KeptBody)) {
				t.Errorf("%d bytes for the log, cut %v", len(got.Body), got.BodyCut)
			}
			if len(got.Body) > KeptBody || got.StatusCode == 0 {
				t.Errorf("status %d, %d bytes for the log", got.StatusCode, len(got.Body))
			}
			if lost := got.Reason != plan.ReasonSuccess && got.StatusCode < 300; lost && !got.BodyCut {
				t.Error("what is there of the body seems to be all of it")
			}
		})
	}
}

// TestAwaitedAnswersThatStop: by the deadline, or given up by the caller.
func TestAwaitedAnswersThatStop(t *testing.T) {
	s := newSender(t)
	begun := make(chan struct{}, 1)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "part")
		_ = http.NewResponseController(w).Flush()
		begun <- struct{}{}
		<-r.Context().Done()
	})
	late := awaiting(t, address)
	late.Timeout = 100 * time.Millisecond
	got := s.Send(t.Context(), late)
	if got.Reason != plan.ReasonTimeout || got.Message != "the answer was not complete within 100ms" || got.StatusCode != 200 || string(got.Body) != "part" {
		t.Errorf("%s: %s: status %d, body %q", got.Reason, got.Message, got.StatusCode, got.Body)
	}
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	got = s.Send(ctx, awaiting(t, address))
	if got.Reason != plan.ReasonNetworkError || got.Message != "the attempt was stopped before the answer was complete" && got.Message != stopped {
		t.Errorf("%s: %s", got.Reason, got.Message)
	}
}

// TestAwaitedAnswersWithoutRoom: a small one needs none; for others there may be some
// at the next attempt.
func TestAwaitedAnswersWithoutRoom(t *testing.T) {
	const noRoom = "there was no memory for the answer, which is awaited whole"
	for _, tt := range []struct {
		size   int
		coding string
		room   int // all that there is
		asked  []int
		ok     bool
	}{
		{smallBody - 1, "", 0, nil, true},
		{smallBody, "", 0, nil, true}, // its length is known
		{smallBody + 1, "", 0, []int{growth * smallBody}, false},
		{smallBody + 1, "", growth * smallBody, []int{growth * smallBody}, true},
		{1000, "gzip", decoderSize - 1, []int{decoderSize}, false},
		{1000, "gzip", decoderSize, []int{decoderSize}, true},
		{maxBody, "", 2 << 20, []int{16 << 10, 64 << 10, 256 << 10, maxBody + 1}, true},
		{maxBody, "", 1 << 20, []int{16 << 10, 64 << 10, 256 << 10, maxBody + 1}, false},
	} {
		address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			body := strings.Repeat("a", tt.size)
			if tt.coding != "" {
				w.Header().Set("Content-Encoding", tt.coding)
				body = compressed(t, tt.coding, body)
			}
			_, _ = io.WriteString(w, body)
		})
		r := awaiting(t, address)
		var asked []int
		r.Room = func(size int) bool {
			asked = append(asked, size)
			tt.room -= size
			return tt.room >= 0
		}
		got := newSender(t).Send(t.Context(), r)
		if ok := got.Reason == plan.ReasonSuccess; ok != tt.ok || ok && len(got.Whole) != tt.size || !ok && (got.Reason != plan.ReasonNetworkError || got.Message != noRoom) {
			t.Errorf("%d bytes: %s: %s: %d", tt.size, got.Reason, got.Message, len(got.Whole))
		}
		if !slices.Equal(asked, tt.asked) {
			t.Errorf("%d bytes: asked for %v, want %v", tt.size, asked, tt.asked)
		}
	}
}

// TestAwaitedAnswersReuseConnections: one that was read to its end leaves its connection
// to the next.
func TestAwaitedAnswersReuseConnections(t *testing.T) {
	var peers []string
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		peers = append(peers, r.RemoteAddr)
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, compressed(t, "gzip", `{"a":1}`))
	})
	s := newSender(t)
	for range 2 {
		if got := s.Send(t.Context(), awaiting(t, address)); string(got.Whole) != `{"a":1}` {
			t.Fatalf("%s: %s", got.Reason, got.Message)
		}
	}
	if peers[0] != peers[1] {
		t.Error("the second went by another connection")
	}
}

// TestBuildAccept: an awaited answer is asked for as JSON, unless somebody asks for
// something else.
func TestBuildAccept(t *testing.T) {
	own := plan.RenderedHeader{Name: "accept", Value: "application/hal+json"}
	inherited := plan.Header{Name: "ACCEPT", Value: plan.NewSecret("text/json")}
	added := plan.RenderedHeader{Name: "Accept", Value: "application/json"}
	for name, tt := range map[string]struct {
		in    plan.Integration
		parts Parts
		want  []plan.RenderedHeader
	}{
		"not awaited":    {plan.Integration{}, Parts{}, []plan.RenderedHeader{}},
		"awaited":        {plan.Integration{}, Parts{Await: true}, []plan.RenderedHeader{added}},
		"with a body":    {plan.Integration{}, Parts{Await: true, HasBody: true}, []plan.RenderedHeader{{Name: "Content-Type", Value: "application/json"}, added}},
		"own":            {plan.Integration{}, Parts{Await: true, Own: []plan.RenderedHeader{own}}, []plan.RenderedHeader{own}},
		"inherited":      {plan.Integration{Headers: []plan.Header{inherited}}, Parts{Await: true}, []plan.RenderedHeader{{Name: "ACCEPT", Value: "text/json"}}},
		"inherited, off": {plan.Integration{Headers: []plan.Header{inherited}}, Parts{Await: true, InheritedOff: []string{"Accept"}}, []plan.RenderedHeader{added}},
	} {
		tt.in.URL, tt.parts.Method = "http://receiver", "POST"
		got, err := Build(&tt.in, tt.parts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got.Headers); diff != "" || got.Await != tt.parts.Await {
			t.Errorf("%s: await %v, headers (-want +got):\n%s", name, got.Await, diff)
		}
	}
}
