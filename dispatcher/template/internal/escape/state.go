package escape

// Grammar is what a text is written in.
type Grammar uint8

const (
	// Text has no grammar: anything may stand anywhere, as it is.
	Text Grammar = iota
	// JSON is one JSON text (RFC 8259).
	JSON
	// Form is application/x-www-form-urlencoded (WHATWG URL, 5).
	Form
	// XML is one XML document (XML 1.0, fifth edition).
	XML
	// URL is a path, a query, or both (RFC 3986).
	URL
	// Header is the value of one HTTP header (RFC 9110, 5.5).
	Header
)

// MaxNesting is how deep objects and arrays of a JSON text, or elements of an
// XML document, may be nested.
const MaxNesting = 64

// State is a place in a text: what the static text so far has led to. The zero
// State is the start of [Text]. States that are equal (==) are the same place; of
// XML, the same place may have States that are not equal, which [Join] joins.
type State struct {
	grammar Grammar
	digits  uint8 // Form, URL: hexadecimal digits that the last % still needs
	json    jsonState
	xml     xmlState
}

// Start returns the place where a text begins.
func Start(g Grammar) State {
	s := State{grammar: g}
	switch g {
	case JSON:
		s.json = jsonStart
	case XML:
		s.xml = xmlStart
	}
	return s
}

// Mistake is what is wrong with a text, for its author.
type Mistake struct {
	// Offset is the byte of the text that [State.Text] was given, from 0 to its
	// length. It is 0 for all others.
	Offset int
	// Message is one sentence without position and full stop. It may quote the
	// static text.
	Message string
}

// Error returns the message.
func (m *Mistake) Error() string { return m.Message }

// Piece is something to write: Edit is carried out on the output so far, then
// Text is appended. One of the two may be empty.
type Piece struct {
	Edit Edit
	Text string
}

// Text follows static text from s. It returns the place after it and what to
// write for it: the text itself, usually in one piece, but for commas of JSON
// that depend on branches and for characters of XML that would end something
// behind a value. After a mistake there is neither.
func (s State) Text(text string) (next State, pieces []Piece, mistake *Mistake) {
	if text == "" {
		return s, nil, nil
	}
	switch s.grammar {
	case JSON:
		return s.jsonText(text)
	case XML:
		return s.xmlText(text)
	case Form, URL:
		next, mistake = s.percentText(text)
	case Header:
		next, mistake = s.headerText(text)
	default:
		next = s
	}
	if mistake != nil {
		return s, nil, mistake
	}
	return next, []Piece{{Text: text}}, nil
}

// Output says how to write a value that stands at s: edit is carried out on the
// output so far, then the value is appended in that mode. A value that is written
// raw instead may stand where others may, and next is then what a sensible one
// leads to: inside a string it is the string's text, in place of a value it is one
// value.
func (s State) Output() (mode Mode, edit Edit, next State, mistake *Mistake) {
	switch s.grammar {
	case JSON:
		mode, edit, s.json, mistake = s.json.output()
	case XML:
		mode, s.xml, mistake = s.xml.output()
	case Form, URL:
		mode, mistake = Percent, s.percentOutput()
	case Header:
		mode = HeaderLine
	}
	return mode, edit, s, mistake
}

// Join returns the one place that stands for both a and b, the ends of two
// branches. It reports false if they are too different to go on from; then
// [State.String] says of each what it is. The branch that a condition without an
// else does not have ends where the condition stands. Of many branches, the first
// two are joined, then the result and the third, and so on.
func Join(a, b State) (State, bool) {
	ok := a.grammar == b.grammar && a.digits == b.digits
	switch {
	case !ok:
		return a, false
	case a.grammar == JSON:
		a.json, ok = a.json.join(b.json)
	case a.grammar == XML:
		a.xml, ok = a.xml.join(b.xml)
	}
	return a, ok
}

// LoopBody returns the place where the body of a loop begins, for all its passes,
// if the loop stands at s.
func (s State) LoopBody() State {
	switch s.grammar {
	case JSON:
		s.json = s.json.loopBody()
	case XML:
		s.xml = s.xml.loopBody()
	}
	return s
}

// Loop returns the place after a loop of any number of passes, none included. It
// stands at begin; its body was followed once, from begin.LoopBody(), and ended
// at end.
func Loop(begin, end State) (after State, mistake *Mistake) {
	var message string
	switch {
	case begin.grammar != end.grammar || begin.digits != end.digits:
		message = repeats(begin, end)
	case begin.grammar == JSON:
		if begin.json, message = begin.json.loop(end.json); message == notRepeatable {
			message = repeats(begin, end)
		}
	case begin.grammar == XML:
		if begin.xml, message = begin.xml.loop(end.xml); message == notRepeatable {
			message = repeats(begin, end)
		}
	}
	if message != "" {
		return begin, &Mistake{Message: message}
	}
	return begin, nil
}

// notRepeatable is what the machines answer if a body ends elsewhere than it
// began.
const notRepeatable = "not repeatable"

func repeats(begin, end State) string {
	return "the body of the loop begins " + begin.String() + " and ends " + end.String() +
		", so it cannot be written any number of times; end it where it begins"
}

// End returns nil if the text may end at s, else what is wrong.
func (s State) End() *Mistake {
	var message string
	switch s.grammar {
	case JSON:
		message = s.json.end()
	case XML:
		message = s.xml.end()
	case Form, URL:
		if s.digits > 0 {
			message = "the text ends inside a percent escape; write % as %25"
		}
	}
	if message != "" {
		return &Mistake{Message: message}
	}
	return nil
}

// String names the place for an author, so that it fits after "ends": "inside a
// string", "after a value of an array, at nesting level 2".
func (s State) String() string {
	switch s.grammar {
	case JSON:
		return s.json.String()
	case XML:
		return s.xml.String()
	case Form, URL:
		if s.digits > 0 {
			return "inside a percent escape"
		}
	}
	return "in the text"
}
