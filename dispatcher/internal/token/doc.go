// Package token gets access tokens by OAuth 2.0 client credentials (RFC 6749,
// 4.4) and keeps them as long as they are good.
//
// Guarantees:
//   - one [Source] has at most one token request in flight, however many attempts
//     wait for it; each waits no longer than its own context, and the end of one
//     does not end the request for the others;
//   - a token is renewed before it expires while attempts go on with it, and
//     until it expires no failure of the token server is felt;
//   - a token server that fails, or gives tokens that the receiver refuses, is asked
//     at most once a second, and less and less often while it fails;
//   - redirects are not followed, cookies not kept, and every dimension has its
//     bound in limits.go;
//   - no message holds a secret, a URL or anything the server wrote but the error
//     codes of RFC 6749, 5.2.
//
// A token whose lifetime the server does not tell (expires_in missing or 0) is
// taken as good until the receiver answers 401 to it.
//
// Non-goals: connections, the addresses that may be reached and TLS (the
// transport is given), sending tokens and noticing a 401 (package outbound and
// the engine), other grants, refresh tokens (which this grant has not: RFC 6749, 4.4.3).
//
// Start at [New] and [Source.Token].
package token
