package escape

import "strconv"

// xmlPlace is where in the grammar of XML a text is.
type xmlPlace uint8

const (
	xmlText      xmlPlace = iota // in the text of an element, or outside the root element
	xmlReference                 // behind & in text or a value
	xmlMarkup                    // behind <
	xmlBang                      // behind <! and perhaps more
	xmlComment                   // in a comment
	xmlTarget                    // in the name of a processing instruction
	xmlPI                        // in a processing instruction, behind its name
	xmlCDATA                     // in a CDATA section
	xmlOpenName                  // in the name of a start tag
	xmlTag                       // in a start tag, behind white space
	xmlTight                     // in a start tag, behind a name or value, so that white space must come first
	xmlSlash                     // behind the / of a start tag
	xmlAttribute                 // in the name of an attribute
	xmlEquals                    // behind the name of an attribute
	xmlQuote                     // behind the = of an attribute
	xmlValue                     // in the value of an attribute
	xmlCloseName                 // in the name of an end tag
	xmlClose                     // in an end tag, behind the name
)

// xmlStage is how far a document is outside its root element. Each stage allows
// less than the one before it.
type xmlStage uint8

const (
	xmlBegin     xmlStage = iota // nothing was written
	xmlProlog                    // only the XML declaration may not stand here
	xmlDeclared                  // there was, or may have been, a DOCTYPE
	xmlRootBegun                 // the root element stands, perhaps unfinished
)

// xmlRun is a set: how many of the bytes that end a section may have been written
// last, depending on branches and values: brackets in text and CDATA sections,
// dashes in comments, question marks in processing instructions.
type xmlRun uint8

const (
	run0 xmlRun = 1 << iota // none
	run1
	run2   // two or more
	runAny = run0 | run1 | run2
)

// grow returns the set behind one more of those bytes.
func (r xmlRun) grow() xmlRun {
	if r == run0 {
		return run1
	}
	return (r<<1 | r&run2) & (run1 | run2)
}

// element is an open element; it is never changed.
type element struct {
	name   string
	parent *element
	depth  int // 1 for the root
}

// attribute is an attribute of the start tag that is being written, the last one
// first; it is never changed.
type attribute struct {
	name  string
	prior *attribute
	count int
}

// maxAttributes is how many attributes an element may have: names are compared
// each with each.
const maxAttributes = 64

// maxXMLName is how many bytes a name of XML may have.
const maxXMLName = 256

// xmlState is a place in an XML document. Everything that says nothing at its
// place is zero.
type xmlState struct {
	place xmlPlace
	stage xmlStage
	run   xmlRun
	quote byte // around the value of an attribute
	name  string
	open  *element
	attrs *attribute
}

var xmlStart = xmlState{run: run0}

// move goes to another place inside the same element.
func (s *xmlState) move(p xmlPlace) {
	s.place, s.run, s.quote, s.name = p, 0, 0, ""
	if p == xmlText || p == xmlCDATA || p == xmlComment || p == xmlPI {
		s.run = run0
	}
}

func (s *xmlState) depth() int {
	if s.open == nil {
		return 0
	}
	return s.open.depth
}

// output returns how a value is written at s.
func (s xmlState) output() (Mode, xmlState, *Mistake) {
	why := "; put it into the text of an element or into the quoted value of an attribute"
	switch s.place {
	case xmlText:
		if s.open != nil {
			s.run = runAny
			return XMLText, s, nil
		}
	case xmlValue:
		return XMLAttribute, s, nil
	case xmlCDATA:
		s.run = runAny
		return XMLCDATA, s, nil
	case xmlQuote:
		why = "; put quotes around it"
	case xmlReference:
		why = "; characters are escaped as they are written, and a plain & is &amp;"
	}
	return Raw, s, &Mistake{Message: "an output cannot stand " + s.where() + why}
}

// end returns what is wrong if the document ends at s.
func (s xmlState) end() string {
	switch {
	case s.place != xmlText:
		return "the document ends " + s.where()
	case s.open != nil:
		return "the document ends inside the element " + s.open.name + "; </" + s.open.name + "> is missing"
	case s.stage < xmlRootBegun:
		return "the document has no root element"
	}
	return ""
}

// String returns the place and the nesting, without which two places may look
// the same.
func (s xmlState) String() string {
	s = s.settled()
	if s.open == nil {
		return s.where()
	}
	return s.where() + ", at nesting level " + strconv.Itoa(s.open.depth)
}

// xmlWhere names the places that need nothing else to be named.
var xmlWhere = [...]string{
	xmlReference: "inside a reference that begins with &",
	xmlMarkup:    "inside a tag",
	xmlBang:      "inside a tag",
	xmlComment:   "inside a comment",
	xmlTarget:    "inside a processing instruction",
	xmlPI:        "inside a processing instruction",
	xmlCDATA:     "inside a CDATA section",
	xmlOpenName:  "inside the name of a start tag",
	xmlSlash:     "inside a start tag",
	xmlAttribute: "inside the name of an attribute",
	xmlEquals:    "after the name of an attribute",
	xmlQuote:     "where the value of an attribute is expected",
	xmlValue:     "inside the value of an attribute",
	xmlCloseName: "inside an end tag",
	xmlClose:     "inside an end tag",
}

// where names the place.
func (s *xmlState) where() string {
	switch {
	case s.place == xmlTag || s.place == xmlTight:
		return "inside the start tag of " + s.open.name
	case s.place != xmlText:
		return xmlWhere[s.place]
	case s.open != nil:
		return "in the text of the element " + s.open.name
	case s.stage < xmlRootBegun:
		return "before the root element"
	}
	return "after the root element"
}
