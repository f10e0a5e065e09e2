package outbound

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
)

// control returns the [net.Dialer.ControlContext] that holds a policy: address is
// the one really dialled, so no answer of DNS between a check and the connection
// counts.
func control(policy egress.Policy) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("judge the address to dial: %w", err)
		}
		return policy.Address(to.Addr(), egress.Allowance{})
	}
}
