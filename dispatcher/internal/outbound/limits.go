package outbound

import (
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Every dimension of the way out. A receiver can be slow, endless or hostile;
// these numbers are what one of them can cost.
const (
	// MaxRequest bounds what is sent, in bytes: URL, headers and body together. Intake
	// knows a webhook's own part of it and refuses that before. What an integration
	// has changed since counts only here.
	MaxRequest = plan.MaxRequestBytes

	// KeptBody is how much of an answer's body is returned.
	KeptBody = 64 << 10
	// smallBody is how much is returned where there is no room for more.
	smallBody = 4 << 10
	// maxBody is how much of it is read at all, counted as it came and once more
	// decompressed. What is within it is read to the end, so that the connection
	// can be used again.
	maxBody = 1 << 20
	// growth is how many times larger the next buffer for an awaited answer is. All of
	// them together, of which the smaller ones may be garbage not collected yet, take a
	// third more than maxBody.
	growth = 4
	// maxCodings is how many times an answer may be compressed, one within the other.
	maxCodings = 2
	// decoderSize is the memory for each of those: 40 KiB for the tables and the
	// window of 32 KiB, 4 KiB for a buffer.
	decoderSize = 48 << 10
	// maxResponseHeader bounds an answer's headers.
	maxResponseHeader = 64 << 10
	// maxProxyHeader bounds the headers of an egress proxy's answer to CONNECT.
	maxProxyHeader = 16 << 10
	// maxReceived is what may come on a connection for each request on it, whatever
	// it is: headers and body, and once more as much for chunks of a few bytes and
	// frames that say nothing. maxUnasked is what may come without a request: a TLS
	// handshake has at most 256 KiB of certificates.
	maxReceived = 2 * (maxBody + maxResponseHeader)
	maxUnasked  = 512 << 10
	// http2StreamBuffer is what an HTTP/2 receiver may send ahead of our
	// reading, for each request. Go's default is 4 MiB.
	http2StreamBuffer = 64 << 10
	// maxDetail cuts a host name or an address in a message.
	maxDetail = 100

	// dialTimeout bounds DNS and connect, tlsTimeout the handshake. An
	// attempt's own deadline may be shorter, but net/http goes on dialling
	// after it, for the next request; these end such a dial. proxyTimeout bounds
	// what is between the two with an egress proxy: its handshake, and its own
	// connecting to the receiver, which may take as long as ours.
	dialTimeout  = 10 * time.Second
	tlsTimeout   = 10 * time.Second
	proxyTimeout = 15 * time.Second
	// continueTimeout is the wait for "100 Continue" if an author sets
	// "Expect: 100-continue"; then the body goes out anyway.
	continueTimeout = time.Second

	// maxConnections is how many connections one request may meet closed, the
	// last included, before anything of it is written.
	maxConnections = 4

	// idleTimeout closes unused connections before the receiver does: 5 s is
	// the shortest default of common servers (Node.js, Apache). A request that
	// meets a connection closed at that moment is lost, for it is not sent
	// again once something of it has left.
	idleTimeout = 4 * time.Second
	// maxIdle and maxIdlePerHost bound unused connections, of which each takes a
	// file descriptor and, with TLS, about 30 KiB. A host may keep those of an
	// integration with the greatest maxConcurrency (1,000): with fewer, a busy one
	// closes connections that it dials again at once. All hosts together may keep
	// those of two such, or of 32 with the default (64): 60 MiB for the 4 s of
	// idleTimeout, and no more descriptors than the attempts before took, for which
	// Go raises the soft limit to the hard one. Used connections are bounded
	// by the integrations' maxConcurrency; a bound for each host would let one
	// integration hold up another with the same receiver.
	maxIdle        = 2048
	maxIdlePerHost = 1024
	// Of connections with settings of their own (TLS, egress) this share of maxIdle may
	// be unused, over all settings together; past it all of them are closed.
	specialIdleShare = 2
	// http2PingAfter and http2PingTimeout find a dead HTTP/2 connection, which
	// would else time out one request after the other.
	http2PingAfter   = 10 * time.Second
	http2PingTimeout = 5 * time.Second
)
