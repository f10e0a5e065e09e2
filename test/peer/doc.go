// Package peer has the other parties that an installation has to do with beside
// receivers, as real servers on loopback: authorities and what they certify, an
// OAuth 2.0 token server, an egress proxy, and an OpenTelemetry collector.
//
// Guarantees: keys and certificates are made when they are asked for, and rest
// nowhere; a server that is started again on its address finds nothing of before.
// Non-goals: misbehaviour, which the tests of package outbound and token have; a
// receiver, which is package receiver's.
//
// Start at [NewAuthority], [StartTokens], [StartProxy] and [StartCollector].
package peer
