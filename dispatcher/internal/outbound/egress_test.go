package outbound

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestVerdict(t *testing.T) {
	const (
		public = iota
		never
		loopback
		linkLocal
		private
	)
	policies := map[int]Policy{loopback: {AllowLoopback: true}, linkLocal: {AllowLinkLocal: true}, private: {AllowPrivate: true}}
	all := Policy{AllowLoopback: true, AllowLinkLocal: true, AllowPrivate: true}

	tests := map[int]string{
		public: `1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0
			172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 1.0.0.0
			2606:4700::1111 2001:4860:4860::8888 2001:1::1 fbff::1 fe00::1 64:ff9b:2::1
			::ffff:1.1.1.1 64:ff9b::1.1.1.1 2002:101:101::1 ::1.1.1.1`,
		never: `169.254.169.254 169.254.170.2 169.254.170.23 169.254.0.23 169.254.42.42 100.100.100.200 168.63.129.16 192.0.0.192
			fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:c1::a9fe:a9fe fd00:42::42 fe80::a9fe:a9fe fe80::a9fe:a9fe%eth0
			0.0.0.0 0.255.255.255 :: 224.0.0.1 239.255.255.255 ff02::1 ff02::1%eth0 ffff::1 240.0.0.0 255.255.255.254 255.255.255.255
			2001::1 2001:0:ffff::1
			::ffff:169.254.169.254 64:ff9b::169.254.169.254 2002:a9fe:a9fe::1 ::169.254.169.254 ::ffff:0.0.0.0 64:ff9b::255.255.255.255 2002:e000:1::`,
		loopback:  `127.0.0.0 127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 64:ff9b::127.0.0.1 2002:7f00:1::1 ::127.0.0.1`,
		linkLocal: `169.254.0.0 169.254.20.10 169.254.255.255 fe80::1 fe80::1%eth0 febf:ffff::1 ::ffff:169.254.1.1 2002:a9fe:101::`,
		private: `10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 100.64.0.0 100.127.255.255
			192.0.0.0 192.0.0.255 198.18.0.0 198.19.255.255 fc00::1 fdff:ffff::1 fec0::1 feff::1 64:ff9b:1::1 64:ff9b:1:ffff::
			::ffff:10.0.0.1 64:ff9b::10.0.0.1 2002:a00:1::1 2002:c0a8:101:: ::10.0.0.1`,
	}
	for class, addresses := range tests {
		for _, text := range strings.Fields(addresses) {
			addr := netip.MustParseAddr(text)
			for needed, policy := range policies {
				want := class == public || class == needed
				if got := policy.Verdict(addr) == nil; got != want {
					t.Errorf("%+v lets %s pass: %v, want %v", policy, text, got, want)
				}
			}
			if got := (Policy{}).Verdict(addr) == nil; got != (class == public) {
				t.Errorf("the zero policy lets %s pass: %v", text, got)
			}
			if got := all.Verdict(addr) == nil; got != (class != never) {
				t.Errorf("the widest policy lets %s pass: %v", text, got)
			}
		}
	}
	if all.Verdict(netip.Addr{}) == nil {
		t.Error("the widest policy lets the zero address pass")
	}
}

func TestVerdictNamesTheRule(t *testing.T) {
	err := Policy{}.Verdict(netip.MustParseAddr("::ffff:10.0.0.1"))
	var blocked *BlockedError
	if !errors.As(err, &blocked) {
		t.Fatalf("error is a %T", err)
	}
	want := "the receiver's address ::ffff:10.0.0.1 is in a private range, which the operator does not allow"
	if err.Error() != want {
		t.Errorf("error = %q, want %q", err, want)
	}
}

// The address is judged where it is dialled, whatever name or notation led to it.
func TestSendBlocked(t *testing.T) {
	s := New(Options{AllowPrivate: true, AllowLinkLocal: true})
	defer s.Close()
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "0.0.0.0"} {
		got := s.Send(t.Context(), request(t, "GET", "http://"+host+":9/"))
		if got.Reason != plan.ReasonBlocked || !strings.Contains(got.Message, "allow") || got.StatusCode != 0 || !got.Unsent {
			t.Errorf("%s: %s: %s", host, got.Reason, got.Message)
		}
	}
}
