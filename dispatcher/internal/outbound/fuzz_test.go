package outbound

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// FuzzHeaders: whatever an integration's headers, a webhook's templates and a
// call's data are, either nothing is sent or the receiver gets, byte by byte, the
// headers that were meant and no more: one line each, one request, with the host
// and the length that are ours; a webhook's own replaces the integration's of the
// same name, in any case.
func FuzzHeaders(f *testing.F) {
	for _, value := range []string{"plain", "", " trimmed\t", "a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b", "ü", "\xff", "a\r\n\r\nGET /evil HTTP/1.1\r\nHost: evil\r\n\r\n", "\u2028", "a\x85b", ","} {
		f.Add("X-Team", "crm", "x-team", "${v}", "Authorization", "of the webhook", "aUTHORIZATION", value, "{}", true)
		f.Add("X-Team", "crm", "X-Own", "a ${v} b", "Content-Type", "text/plain", "", value, value, true)
		f.Add("X-Team", value, "X-Own", "a ${v} b", "Content-Type", "text/plain", "", "v", value, true)
		f.Add("X-Team", "crm", "X-Own", "a ${v} b", "Content-Type", value, "", "v", value, true)
	}
	for _, name := range []string{"Host", "hoſt", "content-length", "Transfer-Encoding", "X Y", "X:Y", "X\r\nY", "", "user-agent", "webhook-Signature", "expect", "K", "Content-Type", "accept-encoding", "te", "connection"} {
		f.Add("Authorization", "Bearer x", name, "a ${v} b", name, "5", "X-Off", "100-continue", "body", true)
		f.Add(name, "5", "Authorization", "${v}", "X-Own", "@{ if v }1@{ end if }", name, "v", "", false)
	}
	s := newSender(f)
	seen := make(chan string, 1)
	address := serveRaw(f, func(conn net.Conn) {
		for reader := bufio.NewReader(conn); ; {
			text, err := readRequest(reader)
			if err != nil {
				return
			}
			more, _ := reader.Peek(reader.Buffered())
			seen <- text + string(more)
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	})
	f.Fuzz(func(t *testing.T, inName, inValue, ownName, ownTemplate, secondName, secondValue, off, value, body string, hasBody bool) {
		in := &plan.Integration{
			URL:         address,
			Headers:     []plan.Header{{Name: inName, Value: plan.NewSecret(inValue)}, {Name: "X-Always", Value: plan.NewSecret("here")}},
			SigningKeys: []plan.Secret{plan.NewSecret("a key of at least 24 bytes")},
		}
		own, ok := rendered(t, ownTemplate, value, ownName)
		if !ok {
			return
		}
		if ownTemplate == "a ${v} b" && own.Value != "a "+string([]rune(value))+" b" { // JSON has no invalid UTF-8
			t.Fatalf("the value %q became the header value %q", value, own.Value)
		}
		p := Parts{
			ID: "an-id", Method: "POST", Suffix: "/path", InheritedOff: []string{off}, HasBody: hasBody,
			Own: []plan.RenderedHeader{own, {Name: secondName, Value: secondValue}},
		}
		if hasBody {
			p.Body = []byte(body)
		}
		route, err := s.Route(in)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Leave(route)
		r, err := route.Build(p)
		if err != nil {
			return // nothing is sent
		}
		if got := s.Send(t.Context(), r); got.Reason != plan.ReasonSuccess {
			t.Fatalf("%s: %s", got.Reason, got.Message)
		}
		checkWire(t, <-seen, strings.TrimPrefix(address, "http://"), in, p)
	})
}

// rendered renders a header's template with the value as v, the way of a webhook;
// false if it cannot be.
func rendered(t *testing.T, source, value, name string) (plan.RenderedHeader, bool) {
	t.Helper()
	compiled, err := parts.Compile(&plan.Webhook{Method: "POST", Headers: []plan.HeaderTemplate{{Name: name, Value: source}}})
	if err != nil {
		return plan.RenderedHeader{}, false
	}
	object, err := json.Marshal(map[string]string{"v": value})
	if err != nil {
		t.Fatal(err)
	}
	data, err := template.ParseData(object)
	if err != nil {
		return plan.RenderedHeader{}, false
	}
	text, err := compiled.Render(data)
	if err != nil {
		return plan.RenderedHeader{}, false
	}
	return text.Headers[0], true
}

// checkWire compares a request as it came with what was meant, which it works out by
// rules of its own.
func checkWire(t *testing.T, text, host string, in *plan.Integration, p Parts) {
	t.Helper()
	head, rest, _ := strings.Cut(text, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	want := []string{"host: " + host, fmt.Sprintf("content-length: %d", len(p.Body))}
	add := func(name, value string) { want = append(want, strings.ToLower(name)+": "+strings.Trim(value, " \t")) }
	same := strings.EqualFold
	for _, h := range in.Headers {
		if !same(h.Name, p.InheritedOff[0]) && !same(h.Name, p.Own[0].Name) && !same(h.Name, p.Own[1].Name) && !same(h.Name, userAgent) {
			add(h.Name, h.Value.Reveal())
		}
	}
	agents := meantAgents(in, p)
	if agents[0] != "" { // an author who wants none sets an empty one
		add(userAgent, agents[0])
	}
	typed := !p.HasBody
	for _, h := range p.Own {
		if !same(h.Name, userAgent) {
			add(h.Name, h.Value)
		}
	}
	for _, line := range want {
		typed = typed || strings.HasPrefix(line, "content-type: ")
	}
	if !typed {
		add("Content-Type", "application/json")
	}
	add("webhook-id", p.ID)
	var got []string
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		if name = strings.ToLower(name); name != "webhook-timestamp" && name != "webhook-signature" {
			got = append(got, name+": "+value)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || lines[0] != "POST /path HTTP/1.1" || rest != string(p.Body) || len(lines)-1 != len(want)+2 {
		t.Fatalf("the receiver got %q; its headers (-want +got):\n%s", text, diff)
	}
}

// meantAgents are the user agents that were meant, of which net/http sends the
// first.
func meantAgents(in *plan.Integration, p Parts) []string {
	var agents []string
	for _, h := range p.Own {
		if strings.EqualFold(h.Name, userAgent) {
			agents = append(agents, h.Value)
		}
	}
	if len(agents) == 0 && strings.EqualFold(in.Headers[0].Name, userAgent) && !strings.EqualFold(p.InheritedOff[0], userAgent) {
		agents = append(agents, in.Headers[0].Value.Reveal())
	}
	return append(agents, "webhook-operator/test")
}
