// Package control is the session between the manager and the dispatcher: one
// bidirectional gRPC stream over a Unix socket, served by the manager.
// Integrations and webhooks go down as content-hashed entries with their secrets
// resolved; an answer to each entry and the newest outcome of each webhook come
// back.
//
// Guarantees:
//   - The dispatcher keeps its configuration over a lost session. A reconnect
//     says what it has and gets the difference; equal content is not sent again,
//     also not by a restarted manager.
//   - Removal is explicit. What a delta does not name stays; an object deleted
//     while no session was there is told as removed at the next one.
//   - Nothing is sent before [Server.Open], so that a manager which knows only
//     half of the cluster removes nothing.
//   - A bad entry blocks no other: each is answered by itself, and one that
//     cannot be sent at all is answered with an error by the server.
//   - Changes are held off until 50 ms pass without one, at most 500 ms, and
//     deltas are cut at 1 MiB.
//   - The newest outcome of a webhook is kept until [Server.Done] says that it
//     is safe in status, and is sent again after a reconnect.
//   - One session at a time; a newer one replaces the older.
//   - A caller's token is reviewed beside the session, by a unary call: also before
//     [Server.Open], many at a time. A manager that is away is an error at once.
//   - The certificate for callers is sent in each session and when it changes.
//   - Header values, tokens and keys appear in no error, log line or String of this
//     package.
//
// The peer is checked by the file system: the socket has mode 0600 from the
// moment it exists, and a folder made for it has 0700. There is no TLS, and
// nothing but the socket and the memory of the two processes sees the entries
// or their hashes.
//
// Non-goals: keeping anything on disk, deciding what an entry means, more than
// one dispatcher.
//
// Start at [Server] for the manager's half and [Client] for the dispatcher's.
package control
