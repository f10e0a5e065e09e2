package template

import (
	"strings"
	"unicode/utf8"
)

// lexer cuts a source into tokens. It starts in text mode; ${ and @{ switch to
// instruction mode, and the next } outside a string switches back.
type lexer struct {
	source string
	start  int // where the next token begins
	pos    int // up to where the source is read
	tokens []token
}

// state reads one or more tokens and returns how to go on; nil is the end.
type state func(*lexer) state

// lex returns the tokens of the source, which must be valid UTF-8. The last one
// is [tokenEnd]. There are no errors: what is no token of the language becomes
// tokenUnknown or tokenOpenString.
func lex(source string) []token {
	l := &lexer{source: source}
	for next := state(lexText); next != nil; {
		next = next(l)
	}
	return l.tokens
}

// emit ends a token at the current position.
func (l *lexer) emit(kind tokenKind) {
	l.tokens = append(l.tokens, token{kind: kind, start: l.start, end: l.pos})
	l.start = l.pos
}

// emitText emits what lies before the offset end as text, if anything does.
func (l *lexer) emitText(end int) {
	if end > l.start {
		l.pos = end
		l.emit(tokenText)
	}
}

// lexText reads text up to the next instruction or comment. There is no escape:
// of $${ the first $ is text.
func lexText(l *lexer) state {
	for {
		brace := strings.IndexByte(l.source[l.pos:], '{')
		if brace < 0 {
			l.emitText(len(l.source))
			return lexEnd
		}
		brace += l.pos
		l.pos = brace + 1
		if brace == l.start {
			continue
		}
		switch l.source[brace-1] {
		case '$':
			l.emitText(brace - 1)
			l.pos = brace + 1
			l.emit(tokenOutput)
			return lexInstruction
		case '@':
			l.emitText(brace - 1)
			l.pos = brace + 1
			return lexControl
		}
	}
}

// lexControl decides, after @{, between a comment and a control instruction. A
// comment ends at the first }, and the character before that must be a * other
// than the opening one.
func lexControl(l *lexer) state {
	rest := l.source[l.pos:]
	if end := strings.IndexByte(rest, '}'); end >= 2 && rest[0] == '*' && rest[end-1] == '*' {
		l.pos += end + 1
		l.emit(tokenComment)
		return lexText
	}
	l.emit(tokenControl)
	return lexInstruction
}

// lexEnd emits the last token.
func lexEnd(l *lexer) state {
	l.pos = len(l.source)
	l.start = l.pos
	l.emit(tokenEnd)
	return nil
}

// lexInstruction reads one token of an instruction.
func lexInstruction(l *lexer) state {
	l.skipSpace()
	if l.pos == len(l.source) {
		return lexEnd
	}
	switch c := l.source[l.pos]; {
	case c == '}':
		l.pos++
		l.emit(tokenClose)
		return lexText
	case isNameStart(c):
		l.lexWord()
	case isDigit(c):
		l.lexNumber()
	case c == '"' || c == '\'':
		l.lexString(c)
	default:
		l.lexOperator()
	}
	return lexInstruction
}

// skipSpace drops white space: space, tab, carriage return and line feed only.
func (l *lexer) skipSpace() {
	l.pos = spaceEnd(l.source, l.pos)
	l.start = l.pos
}

// lexWord reads a name or a keyword.
func (l *lexer) lexWord() {
	l.pos = nameEnd(l.source, l.pos)
	kind := tokenName
	if word := l.source[l.start:l.pos]; len(word) <= len("else") {
		if keyword, ok := keywords[strings.ToLower(word)]; ok {
			kind = keyword
		}
	}
	switch kind {
	case tokenElse:
		kind = l.secondWord("if", tokenElseIf, kind)
	case tokenEndWord:
		kind = l.secondWord("if", tokenEndIf, kind)
		kind = l.secondWord("for", tokenEndFor, kind)
	}
	l.emit(kind)
}

// secondWord extends a keyword by a second one after white space. The second is
// taken even from the beginning of a longer word, so that "else iffy" is
// "else if" and the name "fy": the longest token wins.
func (l *lexer) secondWord(word string, both, alone tokenKind) tokenKind {
	start := spaceEnd(l.source, l.pos)
	end := start + len(word)
	if start == l.pos || end > len(l.source) || !strings.EqualFold(l.source[start:end], word) {
		return alone
	}
	l.pos = end
	return both
}

// lexNumber reads digits, and a point if digits follow it.
func (l *lexer) lexNumber() {
	l.pos = digitsEnd(l.source, l.pos)
	if l.pos+1 < len(l.source) && l.source[l.pos] == '.' && isDigit(l.source[l.pos+1]) {
		l.pos = digitsEnd(l.source, l.pos+1)
	}
	l.emit(tokenNumber)
}

// lexString reads up to the next quote of the same sort. There are no escape
// sequences; line ends and } are plain characters.
func (l *lexer) lexString(quote byte) {
	end := strings.IndexByte(l.source[l.pos+1:], quote)
	if end < 0 {
		l.pos = len(l.source)
		l.emit(tokenOpenString)
		return
	}
	l.pos += end + 2
	l.emit(tokenString)
}

// operators of two characters come first: the longest token wins.
var operators = []struct {
	text string
	kind tokenKind
}{
	{"!=", tokenNotEqual}, {"<=", tokenLessEqual}, {">=", tokenGreaterEqual},
	{".", tokenDot}, {",", tokenComma}, {"(", tokenOpenParen}, {")", tokenCloseParen},
	{"|", tokenPipe}, {"&", tokenConcat},
	{"+", tokenPlus}, {"-", tokenMinus}, {"*", tokenTimes}, {"/", tokenDivide},
	{"=", tokenEqual}, {"<", tokenLess}, {">", tokenGreater},
}

// lexOperator reads an operator, or one character the language does not know.
func (l *lexer) lexOperator() {
	for _, operator := range operators {
		if strings.HasPrefix(l.source[l.pos:], operator.text) {
			l.pos += len(operator.text)
			l.emit(operator.kind)
			return
		}
	}
	_, size := utf8.DecodeRuneInString(l.source[l.pos:])
	l.pos += size
	l.emit(tokenUnknown)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func spaceEnd(source string, pos int) int {
	for pos < len(source) && isSpace(source[pos]) {
		pos++
	}
	return pos
}

func nameEnd(source string, pos int) int {
	for pos < len(source) && (isNameStart(source[pos]) || isDigit(source[pos])) {
		pos++
	}
	return pos
}

func digitsEnd(source string, pos int) int {
	for pos < len(source) && isDigit(source[pos]) {
		pos++
	}
	return pos
}
