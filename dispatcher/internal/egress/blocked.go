package egress

import (
	"fmt"
	"net/netip"
)

// maxHostShown cuts a host in a message.
const maxHostShown = 100

// BlockedError is the error of a host or an address that may not be reached. Nothing
// was sent to it.
type BlockedError struct {
	// Host is the host as the URL has it; empty if an address was judged.
	Host string
	// Addr is the address as it was to be dialled.
	Addr netip.Addr
	// Rule says in words what is wrong with it, as the rest of a sentence: which range
	// it is in and what that means.
	Rule string
}

// Error says which host or address was refused, and why.
func (e *BlockedError) Error() string { return "the receiver's " + e.What() }

// What is the message without the owner of the address, for one that is not a
// receiver's.
func (e *BlockedError) What() string {
	host := e.Host
	switch {
	case host == "":
		return fmt.Sprintf("address %s %s", e.Addr, e.Rule)
	case len(host) > maxHostShown:
		host = host[:maxHostShown] + "…"
	}
	return fmt.Sprintf("host %q %s", host, e.Rule)
}
