package dispatcher_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The operator's ranges and hosts hold.
func TestEgressOptions(t *testing.T) {
	for _, test := range []struct {
		change  func(*dispatcher.Options)
		outcome plan.Outcome
		message string
	}{
		{func(o *dispatcher.Options) {
			o.AllowLoopback, o.AllowCIDRs = false, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		}, plan.OutcomeSucceeded, "200"},
		{func(o *dispatcher.Options) { o.DenyCIDRs = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} }, plan.OutcomeBlocked, "denies"},
		{func(o *dispatcher.Options) { o.AllowHosts = []string{"*.example.com"} }, plan.OutcomeBlocked, "none of the hosts"},
	} {
		h := newHarness(t, nil)
		h.stop()
		h.start(test.change)
		h.configure(nil)
		call := h.call(`{"id": 1, "name": "x"}`)
		if got := h.finished(call.TransactionID); got.Outcome != string(test.outcome) || !strings.Contains(got.Message, test.message) {
			t.Errorf("the call ended as %+v, want %s with %q", got, test.outcome, test.message)
		}
	}
}

func TestReadEgressProxy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(file, []byte("user:pass:word\r\nmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := dispatcher.ReadEgressProxy("http://proxy:3128", file)
	if err != nil || got.URL != "http://proxy:3128" || got.Username != "user" || got.Password.Reveal() != "pass:word" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := dispatcher.ReadEgressProxy("", ""); got != nil || err != nil {
		t.Errorf("without a URL: %+v, %v", got, err)
	}
	if got, err := dispatcher.ReadEgressProxy("http://proxy", ""); err != nil || *got != (plan.Proxy{URL: "http://proxy"}) {
		t.Errorf("without credentials: %+v, %v", got, err)
	}
}

// Who gives the credentials in place of the path of their file does not find them in
// the log.
func TestReadEgressProxyHidesWhatIsNoPath(t *testing.T) {
	_, err := dispatcher.ReadEgressProxy("http://proxy", "user:opensesame")
	if err == nil || strings.Contains(err.Error(), "opensesame") || !strings.Contains(err.Error(), "--egress-proxy-credentials") {
		t.Errorf("the error is %v, want one with the flag and without its value", err)
	}
}
