// Package redact finds the private values of an integration in what is about to
// be shown (URLs, request bodies, answers of receivers that echo what they got)
// and puts [plan.Redacted] in their place.
//
// A private value of [MinValue] bytes or more is found wherever it occurs
//   - as it is;
//   - in base64 (RFC 4648, 4 and 5), padded or not, also within a longer base64
//     text, in which it may begin at any byte;
//   - percent-encoded (RFC 3986, 2.1), any of its bytes encoded or plain, in
//     either case of the digits, with + or %20 for a space;
//   - escaped for JSON (RFC 8259, 7), any of its characters escaped or plain;
//   - in any of these within up to two layers of the last two: base64 with \/ in
//     it, a JSON text in a form, a JSON text quoted in another.
//
// In the name of a header it is found in any case, see [Masker.Name].
//
// Of a value "scheme credential", as in an Authorization header, the credential
// counts alone, too, and of "Basic base64" what the base64 holds and the password
// in it.
//
// Guarantees: what is found is masked whole; a text without private values is
// returned as it is; time and memory are linear in the text for given values,
// whatever the text is; a [Masker] shows no value of its own.
//
// Non-goals:
//   - values below [MinValue] bytes: they would be found in words and numbers that
//     have nothing to do with them, and a mask that is everywhere hides what a log
//     is read for, and tells what the value is;
//   - other encodings: compression (package outbound undoes it), HTML entities, hex,
//     UTF-16, base64 with line breaks, JSON in base64 of values that JSON escapes,
//     more than two layers. A receiver that means to tell a value can always write
//     it in a way that nobody looks for; this package is for those that echo.
//
// Start at [New] and [Masker.Spans]; view.go has the layers, search.go the search.
package redact
