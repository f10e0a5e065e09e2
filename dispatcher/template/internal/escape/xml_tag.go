package escape

// tag takes what stands in a start tag behind < or in an end tag behind </.
func (s *xmlState) tag(text string) (n int, message string) {
	switch s.place {
	case xmlOpenName:
		if n, message = s.takeName(text); message == "" && n < len(text) {
			s.push()
		}
		return n, message
	case xmlTag, xmlTight:
		return s.inTag(text)
	case xmlAttribute:
		return s.attribute(text)
	case xmlValue:
		return s.value(text)
	case xmlCloseName:
		return s.closeName(text)
	}
	c := text[0]
	switch {
	case s.place == xmlSlash && c == '>':
		s.attrs = nil
		s.pop()
	case s.place == xmlSlash:
		return 0, "a > is missing behind the / of the tag"
	case isSpace(c):
	case s.place == xmlClose && c == '>':
		s.pop()
	case s.place == xmlClose:
		return 0, "a > is missing behind the name of the end tag"
	case s.place == xmlEquals && c == '=':
		s.move(xmlQuote)
	case s.place == xmlEquals:
		return 0, "a = is missing behind the name of the attribute; each has a value in quotes"
	case c == '"' || c == '\'':
		s.move(xmlValue)
		s.quote = c
	default:
		return 0, "a quote is missing before the value of the attribute"
	}
	return 1, ""
}

// inTag takes what stands between the attributes of a start tag.
func (s *xmlState) inTag(text string) (n int, message string) {
	switch c := text[0]; {
	case isSpace(c):
		s.move(xmlTag)
	case c == '>':
		s.attrs = nil
		s.move(xmlText)
	case c == '/':
		s.move(xmlSlash)
	case xmlNameEnd(text) == 0:
		return 0, "this cannot stand inside the start tag of " + s.open.name + "; a > may be missing before it"
	case s.place == xmlTight:
		return 0, "white space is missing before the attribute"
	default:
		s.move(xmlAttribute)
		return 0, ""
	}
	return 1, ""
}

// attribute takes the name of an attribute.
func (s *xmlState) attribute(text string) (n int, message string) {
	n, message = s.takeName(text)
	switch {
	case message != "" || n == len(text):
		return n, message
	case s.attrs.has(s.name):
		return 0, "the attribute " + s.name + " may stand in this tag already; an element has each only once"
	}
	attrs, ok := s.attrs.add(s.name)
	if !ok {
		return 0, "an element has more than 64 attributes"
	}
	s.attrs = attrs
	s.move(xmlEquals)
	return n, ""
}

// value takes text of the value of an attribute.
func (s *xmlState) value(text string) (n int, message string) {
	switch c := text[0]; c {
	case s.quote:
		s.move(xmlTight)
	case '<':
		return 0, "< cannot stand inside the value of an attribute; write &lt;, and look for a missing quote before it"
	case '&':
		s.place = xmlReference
	default:
		if s.quote == '"' {
			return until(text, `"<&`), ""
		}
		return until(text, `'<&`), ""
	}
	return 1, ""
}

// closeName takes the name of an end tag.
func (s *xmlState) closeName(text string) (n int, message string) {
	n, message = s.takeName(text)
	switch {
	case message != "" || n == len(text):
		return n, message
	case s.name != s.open.name:
		return 0, "the end tag of " + s.name + " cannot end the element " + s.open.name
	}
	s.move(xmlClose)
	return n, ""
}

// takeName takes what of text belongs to a name, which perhaps began before it.
// The name has ended if that is not all of text.
func (s *xmlState) takeName(text string) (n int, message string) {
	if s.name == "" {
		n = xmlNameEnd(text)
	} else {
		n = xmlNameRest(text)
	}
	switch {
	case n == 0 && s.name == "":
		return 0, "a name is missing here"
	case len(s.name)+n > maxXMLName:
		return 0, "a name of XML is longer than 256 bytes"
	}
	name := text[:n]
	if s.name != "" {
		name = s.name + name
	}
	if !isQualified(name, n < len(text)) {
		return 0, "a name of XML has at most one colon, with a prefix before it and a name behind it"
	}
	s.name = name
	return n, ""
}
