package escape

import "strings"

// xmlText follows static text of an XML document.
func (s State) xmlText(text string) (State, []Piece, *Mistake) {
	x, p := s.xml, pieces{text: text}
	fine := xmlCharacters(text)
	for i := 0; i < fine; {
		n, message := x.step(text[i:fine], i, &p)
		i += n
		if message != "" {
			return s, nil, &Mistake{Offset: i, Message: message}
		}
	}
	if fine < len(text) {
		return s, nil, &Mistake{Offset: fine,
			Message: "this character is none of XML; a text has no control characters but tabs and line ends"}
	}
	s.xml = x
	return s, p.all(), nil
}

// step takes what begins with the first byte of text, which stands at i of what
// p writes. It returns how many bytes it took, or how many were fine before a
// mistake. Zero bytes are taken only on the way to a place that takes some.
func (s *xmlState) step(text string, i int, p *pieces) (n int, message string) {
	switch s.place {
	case xmlText:
		return s.text(text, i, p)
	case xmlReference:
		return s.reference(text)
	case xmlMarkup:
		return s.markup(text)
	case xmlBang:
		return s.bang(text[0])
	case xmlComment:
		return s.comment(text)
	case xmlTarget:
		return s.target(text)
	case xmlPI:
		return s.instruction(text)
	case xmlCDATA:
		return s.cdata(text, i, p)
	}
	return s.tag(text)
}

// until returns the offset of the first byte of text that is one of stops, its
// length if there is none.
func until(text, stops string) int {
	if n := strings.IndexAny(text, stops); n >= 0 {
		return n
	}
	return len(text)
}

// text takes text of an element, or white space outside the root element.
func (s *xmlState) text(text string, i int, p *pieces) (n int, message string) {
	if s.open == nil {
		return s.outside(text)
	}
	switch text[0] {
	case '<':
		s.move(xmlMarkup)
	case '&':
		s.move(xmlReference)
	case ']':
		s.run = s.run.grow()
	case '>':
		if s.run == run2 {
			return 0, "]]> cannot stand in the text of an element; write ]]&gt;"
		}
		if s.run&run2 != 0 {
			p.replace(i, 1, "&gt;")
		}
		s.run = run0
	default:
		s.run = run0
		return until(text, "<&]>"), ""
	}
	return 1, ""
}

// outside takes what may stand outside the root element.
func (s *xmlState) outside(text string) (n int, message string) {
	begin := s.stage == xmlBegin
	s.stage = max(s.stage, xmlProlog)
	switch {
	case begin && strings.HasPrefix(text, "<?xml") && len(text) > 5 && isSpace(text[5]):
		if n = len(xmlDeclaration.FindString(text)); n == 0 {
			return 0, "the XML declaration must be, in one piece, <?xml version=\"1.0\" encoding=\"UTF-8\"?>; encoding may be left out"
		}
		return n, ""
	case strings.HasPrefix(text, "<!DOCTYPE"):
		return s.doctype(text)
	case text[0] == '<':
		s.move(xmlMarkup)
	case !isSpace(text[0]):
		return 0, "text cannot stand " + s.where() + "; only an element has text"
	}
	return 1, ""
}

// doctype takes a document type declaration.
func (s *xmlState) doctype(text string) (n int, message string) {
	if s.stage >= xmlDeclared {
		return 0, "a DOCTYPE cannot stand here; a document has at most one, before the root element"
	}
	found := xmlDoctype.FindStringSubmatch(text)
	if found == nil || xmlNameEnd(found[1]) < len(found[1]) || !isQualified(found[1], true) {
		return 0, "a DOCTYPE must be, in one piece, <!DOCTYPE name>, with SYSTEM or PUBLIC or neither, but no [ ]"
	}
	s.stage = xmlDeclared
	return len(found[0]), ""
}

// reference takes the text behind &.
func (s *xmlState) reference(text string) (n int, message string) {
	const longest = len("#x0010FFFF") // more zeros are of no use
	for n < len(text) && isReferenceByte(text[n]) && len(s.name)+n <= longest {
		n++
	}
	s.name += text[:n]
	switch {
	case n == len(text):
		return n, ""
	case text[n] != ';':
		return n, "& begins a reference and cannot stand for itself; write &amp;"
	case !isReference(s.name):
		return n, "this is none of &amp; &lt; &gt; &quot; &apos; and the number of a character; a plain & is &amp;"
	case s.quote != 0:
		s.place, s.name = xmlValue, ""
	default:
		s.move(xmlText)
	}
	return n + 1, ""
}

// markup takes the first byte behind <.
func (s *xmlState) markup(text string) (n int, message string) {
	switch c := text[0]; {
	case c == '/' && s.open == nil:
		return 0, "an end tag cannot stand outside the root element"
	case c == '/':
		s.move(xmlCloseName)
	case c == '!':
		s.move(xmlBang)
	case c == '?':
		s.move(xmlTarget)
	case xmlNameEnd(text) == 0:
		return 0, "< begins a tag and cannot stand for itself; write &lt;"
	case s.open == nil && s.stage == xmlRootBegun:
		return 0, "a document has only one root element, and that has ended; put several elements into one"
	case s.depth() == MaxNesting:
		return 0, "elements are nested deeper than 64 levels"
	default:
		s.move(xmlOpenName)
		return 0, ""
	}
	return 1, ""
}

// bang takes a byte behind <!, up to the begin of a comment or CDATA section.
func (s *xmlState) bang(c byte) (n int, message string) {
	const comment, cdata = "--", "[CDATA["
	for _, word := range [...]string{comment, cdata} {
		if !strings.HasPrefix(word, s.name) || word[len(s.name)] != c {
			continue
		}
		s.name = word[:len(s.name)+1]
		switch {
		case s.name == comment:
			s.move(xmlComment)
		case s.name == cdata && s.open == nil:
			return 0, "a CDATA section cannot stand outside the root element"
		case s.name == cdata:
			s.move(xmlCDATA)
		}
		return 1, ""
	}
	return 0, "behind <! only -- of a comment, [CDATA[ and, before the root element, DOCTYPE can stand"
}

// comment takes text of a comment.
func (s *xmlState) comment(text string) (n int, message string) {
	switch c := text[0]; {
	case s.run == run2 && c == '>':
		s.move(xmlText)
	case s.run == run2:
		return 0, "-- cannot stand inside a comment, nor - at its end"
	case c == '-':
		s.run = s.run.grow()
	default:
		s.run = run0
		return until(text, "-"), ""
	}
	return 1, ""
}

// target takes the name of a processing instruction.
func (s *xmlState) target(text string) (n int, message string) {
	n, message = s.takeName(text)
	switch {
	case message != "" || n == len(text):
		return n, message
	case strings.EqualFold(s.name, "xml"):
		return 0, "the XML declaration can stand only where the document begins, in one piece"
	case strings.HasPrefix(text[n:], "?>"):
		s.move(xmlText)
		return n + 2, ""
	case !isSpace(text[n]):
		return n, "white space or ?> is missing behind the name of the processing instruction"
	}
	s.move(xmlPI)
	return n, ""
}

// instruction takes text of a processing instruction.
func (s *xmlState) instruction(text string) (n int, message string) {
	switch c := text[0]; {
	case s.run == run1 && c == '>':
		s.move(xmlText)
	case c == '?':
		s.run = run1
	default:
		s.run = run0
		return until(text, "?"), ""
	}
	return 1, ""
}

// cdata takes text of a CDATA section.
func (s *xmlState) cdata(text string, i int, p *pieces) (n int, message string) {
	switch text[0] {
	case ']':
		s.run = s.run.grow()
	case '>':
		if s.run == run2 {
			s.move(xmlText)
			return 1, ""
		}
		if s.run&run2 != 0 {
			p.cut(i, 0, SplitCDATA)
		}
		s.run = run0
	default:
		s.run = run0
		return until(text, "]>"), ""
	}
	return 1, ""
}
