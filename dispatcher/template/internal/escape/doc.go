// Package escape decides how a value is written from the static text around it.
// It knows grammars of text and escapers, and nothing of templates: whoever has
// one follows its text with a [State], asks at each output how the value is to be
// written, and writes what it was told.
//
// The static text is followed by a machine of the grammar, at compile time and
// once, whatever the data will be:
//
//   - [State.Text] follows static text and says what to write for it;
//   - [State.Output] says how a value is written that stands here;
//   - [Join] brings the ends of branches together, [State.LoopBody] and [Loop]
//     the passes of a loop, of which there may be none;
//   - [State.End] says whether the text may end here.
//
// While rendering, [Append] writes the values and [Tail] carries out the few
// edits that depend on which branches were taken.
//
// Guarantees. If a template was followed without a [Mistake], then, whichever
// branches are taken, however often loops run and whatever the values are:
//
//   - JSON: the output is one JSON text (RFC 8259), with the objects, arrays,
//     members and strings of the static text and no others. A comma that stands
//     first, doubled or last only because a branch or loop wrote nothing is left
//     out, and one that is missing only where a loop begins again is put in.
//   - XML: the output is one well-formed document (XML 1.0, fifth edition) with
//     the elements and attributes of the static text. A body is a document, not a
//     fragment: it has exactly one root element. A DOCTYPE has no internal
//     subset, so that no entity is declared and none but the five of XML is used.
//     Names have one colon at most (Namespaces in XML 1.0).
//   - Form and URL: no value adds a segment, parameter, query or fragment, and
//     every % begins an escape. Whether the whole is a URL is judged elsewhere,
//     and so are segments that are "." or "..", which no escape can hide.
//   - Header: the static text has no line break and no NUL; [HasLineBreak] tells
//     whether a value has.
//
// Values arrive as they are: what is written decodes to the value, but for bytes
// that are no UTF-8 and characters that XML does not have, which become U+FFFD.
// The guarantees end where a value is written [Raw]: what it does to the text is
// then its author's affair.
//
// Nothing here panics, and following a text takes time linear in its length. A
// State is a value; everything is safe for concurrent use but a Tail, which
// belongs to one output.
//
// Non-goals: repeated names of JSON members, declared namespace prefixes and
// schemas are not looked at.
//
// Start at [State] in state.go. json*.go and xml*.go hold the machines, append*.go
// the escapers, edit.go what is done while rendering.
package escape
