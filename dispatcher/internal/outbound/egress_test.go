package outbound

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The address is judged where it is dialled, whatever name or notation led to it.
func TestSendBlocked(t *testing.T) {
	s := New(Options{Policy: egress.Policy{AllowPrivate: true, AllowLinkLocal: true}})
	defer s.Close()
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "0.0.0.0", "127.1", "0x7f.1", "metadata.google.internal"} {
		got := s.Send(t.Context(), request(t, "GET", "http://"+host+":9/"))
		if got.Reason != plan.ReasonBlocked || !strings.Contains(got.Message, "allow") || got.StatusCode != 0 || !got.Unsent {
			t.Errorf("%s: %s: %s", host, got.Reason, got.Message)
		}
	}
}

// Only the operator's hosts are called, and the others not even looked up.
func TestSendToHosts(t *testing.T) {
	target := serve(t, func(http.ResponseWriter, *http.Request) {})
	s := New(Options{Policy: egress.Policy{AllowLoopback: true, Hosts: []string{"127.0.0.1", "*.example.com"}}, Resolver: &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Error("a host was looked up")
			return nil, net.ErrClosed
		},
	}})
	defer s.Close()
	if got := s.Send(t.Context(), request(t, "GET", target)); got.Reason != plan.ReasonSuccess {
		t.Errorf("%s: %s", got.Reason, got.Message)
	}
	got := s.Send(t.Context(), request(t, "GET", "http://api.example.org/"))
	if want := `the receiver's host "api.example.org" is none of the hosts that the operator allows`; got.Reason != plan.ReasonBlocked || got.Message != want || !got.Unsent {
		t.Errorf("%s: %s", got.Reason, got.Message)
	}
}

// rebound is a name whose address changes from one query to the next.
const rebound = "rebound.example."

// TestRebinding: DNS that gives an allowed address to whoever checks and another one
// to whoever dials gains nothing, for the verdict is on the address that is dialled.
func TestRebinding(t *testing.T) {
	var requests atomic.Int64
	target, err := url.Parse(serve(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	if err != nil {
		t.Fatal(err)
	}
	address := "http://rebound.example:" + target.Port() + "/"

	for _, test := range []struct {
		name    string
		policy  egress.Policy
		answers []string // to the first query, the second, and all later ones
		reason  plan.Reason
		message string
	}{
		{"to loopback", egress.Policy{AllowPrivate: true}, []string{"1.1.1.1", "127.0.0.1"}, plan.ReasonBlocked, "the receiver's address 127.0.0.1 is a loopback address, which the operator does not allow"},
		{"to metadata", egress.Policy{AllowLoopback: true, AllowLinkLocal: true}, []string{"1.1.1.1", "169.254.169.254"}, plan.ReasonBlocked, "the receiver's address 169.254.169.254 is a cloud metadata service, which is never allowed"},
		{"to a denied range", egress.Policy{AllowLoopback: true, Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, []string{"1.1.1.1", "127.0.0.1"}, plan.ReasonBlocked, "the receiver's address 127.0.0.1 is in a range that the operator denies"},
		{"to two at once", egress.Policy{AllowLoopback: true}, []string{"1.1.1.1", "169.254.169.254 127.0.0.1"}, plan.ReasonSuccess, "the receiver answered 200 OK"},
		{"to an allowed address", egress.Policy{AllowLoopback: true}, []string{"1.1.1.1", "127.0.0.1"}, plan.ReasonSuccess, "the receiver answered 200 OK"},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests.Store(0)
			resolver := serveDNS(t, test.answers)
			found, err := resolver.LookupNetIP(t.Context(), "ip4", rebound)
			if err != nil || len(found) != 1 || test.policy.Address(found[0], egress.Allowance{}) != nil {
				t.Fatalf("a check before the call finds %v, %v, and has to let it pass", found, err)
			}
			s := New(Options{Policy: test.policy, Resolver: resolver})
			defer s.Close()
			got := s.Send(t.Context(), request(t, "GET", address))
			if got.Reason != test.reason || got.Message != test.message || got.Unsent != (test.reason == plan.ReasonBlocked) {
				t.Errorf("%s: %q, unsent %v", got.Reason, got.Message, got.Unsent)
			}
			if n := requests.Load(); n > 0 != (test.reason == plan.ReasonSuccess) {
				t.Errorf("the receiver saw %d requests", n)
			}
		})
	}
}

// serveDNS runs a DNS server over UDP on loopback that answers the nth query for an
// IPv4 address of rebound with the nth answers, and the last ones from then on. It
// returns a resolver that asks it and nobody else.
func serveDNS(t *testing.T, answers []string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		queries := 0
		for packet := make([]byte, 512); ; {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			reply, counts, err := answerDNS(packet[:n], strings.Fields(answers[min(queries, len(answers)-1)]))
			if err != nil {
				t.Error(err)
				return
			}
			if counts {
				queries++
			}
			if _, err := conn.WriteTo(reply, from); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// answerDNS answers one query, and says whether it was for an address of rebound.
func answerDNS(packet []byte, addresses []string) (reply []byte, counts bool, err error) {
	var m dnsmessage.Message
	if err := m.Unpack(packet); err != nil {
		return nil, false, err
	}
	if len(m.Questions) != 1 {
		return nil, false, fmt.Errorf("%d questions", len(m.Questions))
	}
	question := m.Questions[0]
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	switch {
	case question.Name.String() != rebound:
		m.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		counts = true
		for _, address := range addresses {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class, TTL: 0},
				Body:   &dnsmessage.AResource{A: netip.MustParseAddr(address).As4()},
			})
		}
	}
	reply, err = m.Pack()
	return reply, counts, err
}
