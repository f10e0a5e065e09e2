package outbound

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestBuild(t *testing.T) {
	in := &plan.Integration{
		URL: "https://example.com/api",
		Headers: []plan.Header{
			{Name: "Authorization", Value: plan.NewSecret("Bearer s3cret"), Private: true},
			{Name: "X-Team", Value: plan.NewSecret("a")},
		},
		Timeout: 7 * time.Second,
	}
	got, err := Build(in, Parts{
		Method: "POST", Suffix: "/calls?id=1", InheritedOff: []string{"x-team"},
		Own:     []plan.RenderedHeader{{Name: "webhookHeader", Value: "test"}},
		HasBody: true, Body: []byte(`{}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.URL.String() != "https://example.com/api/calls?id=1" || got.Method != "POST" || !got.HasBody || string(got.Body) != "{}" {
		t.Errorf("got %s %s with body %q", got.Method, got.URL, got.Body)
	}
	want := []plan.RenderedHeader{
		{Name: "Authorization", Value: "Bearer s3cret", Private: true},
		{Name: "webhookHeader", Value: "test"},
		{Name: "Content-Type", Value: "application/json"},
	}
	if diff := cmp.Diff(want, got.Headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if got.Timeout != 7*time.Second {
		t.Errorf("timeout = %v, want the integration's", got.Timeout)
	}
}

func TestBuildDefaults(t *testing.T) {
	xml := plan.RenderedHeader{Name: "content-type", Value: "text/xml"}
	tests := []struct {
		name        string
		integration plan.Integration
		parts       Parts
		headers     []plan.RenderedHeader
		timeout     time.Duration
	}{
		{"no body, no Content-Type", plan.Integration{}, Parts{}, []plan.RenderedHeader{}, plan.DefaultTimeout},
		{"an empty body is a body", plan.Integration{}, Parts{HasBody: true},
			[]plan.RenderedHeader{{Name: "Content-Type", Value: "application/json"}}, plan.DefaultTimeout},
		{"the author's Content-Type", plan.Integration{}, Parts{HasBody: true, Own: []plan.RenderedHeader{xml}},
			[]plan.RenderedHeader{xml}, plan.DefaultTimeout},
		{"the webhook's timeout", plan.Integration{Timeout: time.Second}, Parts{Timeout: 2 * time.Second}, []plan.RenderedHeader{}, 2 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.integration.URL, tt.parts.Method = "http://example.com", "POST"
			got, err := Build(&tt.integration, tt.parts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.headers, got.Headers); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if got.Timeout != tt.timeout {
				t.Errorf("timeout = %v, want %v", got.Timeout, tt.timeout)
			}
		})
	}
}

func TestBuildRefuses(t *testing.T) {
	own := func(name, value string) []plan.RenderedHeader {
		return []plan.RenderedHeader{{Name: name, Value: value}}
	}
	tests := []struct {
		name    string
		root    string
		parts   Parts
		blocked bool
		message string
	}{
		{"another host", "http://example.com", Parts{Suffix: ".evil.test/"}, true, "host would change"},
		{"dot segments", "http://example.com/api/", Parts{Suffix: "../s3cret"}, true, "climbs above"},
		{"a line break in the URL", "http://example.com/", Parts{Suffix: "s3cret\r\nX: y"}, false, "control character"},
		{"a line break in a value", "http://example.com/", Parts{Own: own("X-A", "s3cret\r\nX-B: 1")}, false, "X-A contains a line break"},
		{"a header of HTTP itself", "http://example.com/", Parts{Own: own("hOST", "s3cret")}, false, "set by HTTP itself"},
		{"no header name", "http://example.com/", Parts{Own: own("a b", "s3cret")}, false, "not a valid HTTP token"},
		{"a host name that is none", "http://exa<mple.com/", Parts{}, false, "host name"},
		{"another method", "http://example.com/", Parts{Method: "CONNECT"}, false, "none of GET"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.parts.Method == "" {
				tt.parts.Method = "GET"
			}
			_, err := Build(&plan.Integration{URL: tt.root}, tt.parts)
			if err == nil || !strings.Contains(err.Error(), tt.message) || strings.Contains(err.Error(), "s3cret") {
				t.Fatalf("error = %v, want it to say %q", err, tt.message)
			}
			if got := errors.Is(err, plan.ErrLeavesRoot); got != tt.blocked {
				t.Errorf("wraps ErrLeavesRoot: %v, want %v", got, tt.blocked)
			}
		})
	}
}

// The bound holds to the byte, over the parts of webhook and integration.
func TestBuildBoundsTheRequest(t *testing.T) {
	in := &plan.Integration{URL: "http://example.com/", Headers: []plan.Header{{Name: "X-A", Value: plan.NewSecret("s3cret")}}}
	parts := Parts{Method: "POST", Suffix: "x", Own: []plan.RenderedHeader{{Name: "Content-Type", Value: "text/plain"}}, HasBody: true}
	rest := len("http://example.com/" + "x" + "X-A" + "s3cret" + "Content-Type" + "text/plain")
	for over := range 2 {
		parts.Body = make([]byte, MaxRequest-rest+over)
		_, err := Build(in, parts)
		if over == 0 && err != nil || over == 1 && (err == nil || !strings.Contains(err.Error(), "1048577 bytes of URL, headers and body")) {
			t.Errorf("%d bytes more than fit: %v", over, err)
		}
	}
}

// What a receiver sees, byte for byte.
func TestWire(t *testing.T) {
	h := func(name, value string) plan.RenderedHeader { return plan.RenderedHeader{Name: name, Value: value} }
	tests := []struct {
		name    string
		method  string
		headers []plan.RenderedHeader
		body    string
		want    []string // after the request line and Host
	}{
		{"GET", "GET", nil, "", []string{"User-Agent: webhook-operator/test"}},
		{"DELETE", "DELETE", nil, "", []string{"User-Agent: webhook-operator/test"}},
		{"POST without a body", "POST", nil, "", []string{"User-Agent: webhook-operator/test", "Content-Length: 0"}},
		{"POST without a body, with a key", "POST", []plan.RenderedHeader{h("Idempotency-Key", "1")}, "",
			[]string{"User-Agent: webhook-operator/test", "Content-Length: 0", "Idempotency-Key: 1"}},
		{"names as the author wrote them", "GET", []plan.RenderedHeader{h("webhookHeader", "test"), h("AUTHORIZATION", "x"), h("content-type", "text/xml")}, "",
			[]string{"User-Agent: webhook-operator/test", "AUTHORIZATION: x", "content-type: text/xml", "webhookHeader: test"}},
		{"the author's User-Agent", "GET", []plan.RenderedHeader{h("user-agent", "mine")}, "", []string{"User-Agent: mine"}},
		{"one name in two spellings", "GET", []plan.RenderedHeader{h("x-tag", "2"), h("X-Tag", "1")}, "",
			[]string{"User-Agent: webhook-operator/test", "x-tag: 2", "x-tag: 1"}},
		{"a body", "PUT", []plan.RenderedHeader{h("Accept-Encoding", "br")}, "hello",
			[]string{"User-Agent: webhook-operator/test", "Content-Length: 5", "Accept-Encoding: br", "", "hello"}},
		{"GET with a body", "GET", nil, "hello", []string{"User-Agent: webhook-operator/test", "Content-Length: 5", "", "hello"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen := make(chan string, 1)
			address := serveRaw(t, func(conn net.Conn) {
				text, _ := readRequest(bufio.NewReader(conn))
				seen <- text
				_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
			})
			r := request(t, tt.method, address+"/a%2Fb?c=d", tt.headers...)
			if tt.body != "" {
				withBody(r, tt.body)
			}
			if got := newSender(t).Send(t.Context(), r); got.Reason != plan.ReasonSuccess {
				t.Fatalf("%s: %s", got.Reason, got.Message)
			}
			want := tt.method + " /a%2Fb?c=d HTTP/1.1\r\nHost: " + r.URL.Host + "\r\n" + strings.Join(tt.want, "\r\n")
			if tt.body == "" {
				want += "\r\n\r\n"
			}
			if diff := cmp.Diff(want, <-seen); diff != "" {
				t.Errorf("bytes (-want +got):\n%s", diff)
			}
			if !has(r.Headers, "User-Agent") {
				t.Error("the headers do not tell of the User-Agent that was sent")
			}
		})
	}
}
