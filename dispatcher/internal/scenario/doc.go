// Package scenario tells how calls are delivered as stories: each file in
// testdata is one, in txtar form. It holds tests only.
//
// A story begins with a sentence that says what it shows. Sections named
// "integration NAME" and "webhook NAME" configure, one "field value" a line,
// with the fields of the manifests ("response.variable optional NAME PATH" and
// "response.condition NAME OPERATOR VALUE" for an element of a list); the section "script" tells what happens,
// one command a line, in virtual time that moves by "advance" alone. Intake,
// templates, store, engine, retry and limit are the real ones over a file system
// in memory that a power cut can be tried on; the receiver is played by the
// script.
//
//	call wh {"id": 1} as a            a call is taken in; {"id": "#"} as c# for 1..20 makes 20
//	call wh {"id": 3} as b unanswered the store hangs, so its caller never learns what became of it
//	repeat wh {"id": 1} key k as a    "key k", also of call and refuse, is the caller's idempotency key
//	refuse wh {"id": 2} too many      intake refuses a call with an error that has this text
//	cancel a                          a caller cancels a; "cancel a later" if an attempt is under way
//	redeliver a                       a caller has a delivered anew; "unanswered" as with a call; both also
//	                                  "refused TEXT"
//	reply a 503 Retry-After: 30       the receiver answers a's request: a status, perhaps with a
//	                                  header or "body TEXT"; "401 token", of an access token; "200 breaks
//	                                  off", its body, which is awaited; or reset;
//	                                  or blocked, an address refused; or what happens on the way to it:
//	                                  proxy, the egress proxy fails, token, no access token, and token
//	                                  later, none for now
//	receiver 503 after 2s for /x      answers by itself, URLs with /x only; "receiver waits" is the default
//	receiver connects 2s              so long before a request may be written from now on
//	advance 1m45s                     time passes
//	jitter 0.5                        what the next delays draw, in [0, 1)
//	crash, restart                    a power cut or an orderly end, and a start with the same configuration
//	kill, stop grace 5s, start        the halves of those; "start unconfigured" and "configure" apart
//	stall before mark                 the next such step of the store hangs until a crash or "go on":
//	                                  before or after; accept, mark or end
//	change integration in timeout 5s  sets a field, as in a section; "header Name:" takes one away
//	suspend webhook wh                also resume, delete, create (anew) and recreate (another of the
//	                                  name, without a delete in between); "webhook" or "integration"
//
// What is expected is said at once and holds for this moment. Every request has
// to be expected, and the story ends with none left over:
//
//	expect request a POST http://receiver/x?id=1   the next request is a's, with the same bytes as ever; $id is
//	                                               its transaction id; method and URL may be left out
//	expect requests c1..c5 from 0s every 200ms     requests since the start of the story, in that order
//	expect requests any 11                         so many, of whichever calls
//	expect header a X: y, expect no header a X     of a's newest request
//	expect body a {"id": 1}
//	expect nothing                                 no other request has come
//	expect rate 5                                  never were there more in any sliding second
//	expect concurrency 3                           the most requests that were ever under way together
//	expect outcome a Exhausted attempts 4 status 503 message the receiver answered
//	expect outcome a Succeeded series 1            it was redelivered so often
//	expect unknown a                               it was never stored
//	expect waits a attempts 1 due 1m45s            it has no outcome yet
//	expect waiting wh 3                            so many calls of a webhook have none
//	expect log a 503 Timeout 200                   the rows of the log, by status or reason
//	expect row a 1 url http://receiver/x           one field of a row
//	expect variable a code A-1                     what was read from the answer that ended it
//	expect variables a code status                 the names of all that has a value
//	expect response a {"code":"A-1"}               the document that is kept; nothing if none is
//	expect refused in the CA bundle                the dispatcher has refused an integration with such an error
//	expect report wh Succeeded failures 0 lastSuccess 1s
//
// Start at TestStories, and at world_test.go for what is real.
package scenario
