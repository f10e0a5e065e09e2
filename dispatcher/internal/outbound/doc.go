// Package outbound is the one way out: every request to a receiver leaves
// through a [Sender].
//
// Guarantees:
//   - one [Sender.Send] sends at most one request, whatever the connection does:
//     net/http's own replay after a stale connection, a GOAWAY or a refused
//     stream is held back (once.go);
//   - a request's gate is asked when there is a connection and before the first
//     byte, so that a limit holds at the moment of sending, and
//     [Response.Unsent] says when it is certain that nothing left;
//   - each host is judged before DNS, each address when it is dialled, after DNS
//     (egress.go; package egress has the rules);
//   - a connection opened with one integration's TLS or egress settings is used by
//     no request with others (pool.go);
//   - redirects are not followed, cookies not kept, environment proxies not
//     used;
//   - an answer that is awaited is whole or not there, and what went wrong is told apart by
//     whether another attempt may change it (await.go);
//   - an answer is decompressed before its length is counted or anything of it is
//     kept, so that what is kept can be searched for private values (decode.go);
//   - one deadline spans connect, headers and body, and every other dimension
//     has its bound in limits.go, also what comes on a connection at all (wire.go):
//     hostile_test.go has what receivers may do, and what that costs;
//   - no message holds a URL, a header value or anything the receiver wrote.
//
// Non-goals: when to send (packages limit and engine), whether to send again
// (package retry), masking what goes into the log (packages engine and redact).
//
// Start at [Sender.Route], the way of an integration's requests, then at [Route.Build],
// which joins a call with it, and [Sender.Send].
package outbound
