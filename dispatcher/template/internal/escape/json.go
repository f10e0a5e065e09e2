package escape

import "strconv"

// jsonPlace is where in the grammar of JSON a text is.
type jsonPlace uint8

const (
	jsonItem   jsonPlace = iota // between the values of an array, members of an object, or around the whole value
	jsonColon                   // behind a member's name
	jsonMember                  // where the value of a member begins
	jsonString                  // inside a string
	jsonEscape                  // behind the backslash of an escape
	jsonHex                     // inside the digits of a \u escape
	jsonWord                    // inside true, false or null
	jsonMinus                   // inside a number: behind the sign
	jsonZero                    // behind a leading zero
	jsonWhole                   // inside the digits before the point
	jsonPoint                   // behind the point
	jsonDigits                  // inside the digits after the point
	jsonE                       // behind e or E
	jsonSign                    // behind the sign of the exponent
	jsonPower                   // inside the digits of the exponent
)

// jsonBefore is a set: what may have been written last at a jsonItem, depending
// on the branches that were taken.
type jsonBefore uint8

const (
	afterOpening jsonBefore = 1 << iota // the container's bracket; at the root, nothing
	afterComma                          // or where one would have stood first or doubled, and was left out
	afterValue
	// inLoop stands for whatever a pass of the loop leaves to the next one. It is
	// there at the begin of a loop's body until something is written.
	inLoop
	// ifComma marks an inLoop that some branch of the body left by way of a comma.
	ifComma
	// straight marks a comma that stands just before, with no branch or loop
	// between. Only such a one is a mistake before a bracket.
	straight
)

// has reports whether one of the members of what is in b.
func (b jsonBefore) has(what jsonBefore) bool { return b&what != 0 }

// jsonState is a place in a JSON text. Everything that says nothing at its place
// is zero.
type jsonState struct {
	place  jsonPlace
	before jsonBefore // of a jsonItem
	word   uint8      // of a jsonWord: its first letter
	step   uint8      // bytes of the word so far, or digits that a \u escape needs
	name   bool       // whether the string is a member's name
	depth  uint8      // open objects and arrays, at most MaxNesting
	// objects has a bit for each open container, the outermost the lowest: set
	// for objects.
	objects uint64
	// bare has a bit for each open container: its last value stands at the begin
	// of a loop's body, and no comma sets it apart from that of the pass before.
	// It only serves to find loops that have no comma anywhere.
	bare uint64
}

var jsonStart = jsonState{before: afterOpening}

// level is the bit of the innermost container, 0 at the root.
func (s *jsonState) level() uint64 {
	if s.depth == 0 {
		return 0
	}
	return 1 << (s.depth - 1)
}

func (s *jsonState) inObject() bool { return s.objects&s.level() != 0 }

// inNumber reports whether s is inside a number or directly behind one.
func (s *jsonState) inNumber() bool { return s.place >= jsonMinus }

// settled returns s with a number that may end here ended. After it only white
// space, a comma or a bracket may come, as after any other value.
func (s jsonState) settled() jsonState {
	switch s.place {
	case jsonZero, jsonWhole, jsonDigits, jsonPower:
		s.value()
	}
	return s
}

// value ends a value.
func (s *jsonState) value() {
	s.place, s.before, s.name, s.word, s.step = jsonItem, afterValue, false, 0, 0
}

// output returns how a value is written at s.
func (s jsonState) output() (Mode, Edit, jsonState, *Mistake) {
	fail := func(why string) (Mode, Edit, jsonState, *Mistake) {
		return Raw, NoEdit, s, &Mistake{Message: "an output cannot stand " + s.where() + why}
	}
	switch {
	case s.place == jsonString:
		return JSONString, NoEdit, s, nil
	case s.place == jsonMember:
		s.value()
		return JSONValue, NoEdit, s, nil
	case s.place == jsonColon:
		return fail("; a colon is missing before it")
	case s.place == jsonEscape || s.place == jsonHex:
		return fail("; it escapes what it must itself, so take the backslash out")
	case s.place == jsonWord || s.inNumber():
		return fail("; make it the whole value, or put quotes around all of it")
	case s.inObject():
		return fail("; a member's name needs quotes around it, as in \"${ Name }\": 1")
	}
	edit, message := s.item()
	if message != "" {
		return Raw, NoEdit, s, &Mistake{Message: message}
	}
	s.value()
	return JSONValue, edit, s, nil
}

// item begins a value of an array, a member of an object, or the whole value. It
// returns what is to be done to the output before it, or what is wrong.
func (s *jsonState) item() (edit Edit, message string) {
	switch {
	case s.depth == 0 && s.before != afterOpening:
		return NoEdit, "the text goes on after its value; it can have only one, so put several into an array"
	case s.before.has(afterValue) && !s.before.has(afterOpening|afterComma):
		return NoEdit, "a comma is missing before this"
	case s.before.has(afterValue):
		return NoEdit, "a comma may be missing before this: of the branches and loops before it, " +
			"some end after a value and some do not; put the comma before this, or at the end of each"
	}
	s.bare &^= s.level()
	if s.before.has(inLoop) {
		edit = WriteComma
		if !s.before.has(ifComma) {
			s.bare |= s.level()
		}
	}
	return edit, ""
}

// end returns what is wrong if the text ends at s.
func (s jsonState) end() string {
	s = s.settled()
	switch {
	case s.place == jsonItem && s.depth == 0 && s.before == afterValue:
		return ""
	case s.place == jsonItem && s.depth == 0:
		return "the text is empty; JSON has exactly one value"
	case s.place == jsonItem && s.inObject():
		return "the text ends inside an object; a } is missing"
	case s.place == jsonItem:
		return "the text ends inside an array; a ] is missing"
	}
	return "the text ends " + s.where() + "; complete the JSON value"
}

// String returns the place and the nesting, without which two places may look
// the same.
func (s jsonState) String() string {
	s = s.settled()
	if s.depth == 0 {
		return s.where()
	}
	return s.where() + ", at nesting level " + strconv.Itoa(int(s.depth))
}

// where names the place.
func (s *jsonState) where() string {
	switch s.place {
	case jsonItem:
		return s.whereItem()
	case jsonColon:
		return "after the name of a member"
	case jsonMember:
		return "where the value of a member is expected"
	case jsonString:
		if s.name {
			return "inside the name of a member"
		}
		return "inside a string"
	case jsonEscape, jsonHex:
		return "inside an escape sequence"
	case jsonWord:
		return "inside true, false or null"
	}
	return "inside a number"
}

// whereItem names a place between values.
func (s *jsonState) whereItem() string {
	items, item, container := "values", "a value", "an array"
	if s.inObject() {
		items, item, container = "members", "a member", "an object"
	}
	switch set := s.before & (afterOpening | afterComma | afterValue); {
	case s.depth == 0 && set == afterOpening:
		return "where the text begins"
	case s.depth == 0:
		return "after the whole value"
	case set == afterOpening:
		return "at the start of " + container
	case set == afterComma:
		return "after a comma of " + container
	case set == afterValue:
		return "after " + item + " of " + container
	}
	return "between the " + items + " of " + container
}
