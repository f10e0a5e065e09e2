package template

import "strconv"

// tokenKind is the kind of a token.
type tokenKind uint8

const (
	// Text mode.
	tokenText    tokenKind = iota
	tokenComment           // from @{* to *}
	tokenOutput            // ${
	tokenControl           // @{
	tokenEnd               // end of the source, in both modes

	// Instruction mode.
	tokenClose // }
	tokenName
	tokenNumber
	tokenString // with its quotes
	tokenDot
	tokenComma
	tokenOpenParen
	tokenCloseParen
	tokenPipe
	tokenConcat
	tokenPlus
	tokenMinus
	tokenTimes
	tokenDivide
	tokenEqual
	tokenNotEqual
	tokenLess
	tokenGreater
	tokenLessEqual
	tokenGreaterEqual

	// Keywords, in any case.
	tokenIf
	tokenElse
	tokenElseIf
	tokenFor
	tokenIn
	tokenAssign
	tokenEndWord // a lone "end"
	tokenEndIf
	tokenEndFor
	tokenAnd
	tokenOr
	tokenNot
	tokenNull

	// What the language does not have.
	tokenUnknown    // one character that starts no token
	tokenOpenString // a string without end
)

// keywordTexts spells the keywords; of two words, with one space.
var keywordTexts = map[tokenKind]string{
	tokenIf: "if", tokenElse: "else", tokenElseIf: "else if", tokenFor: "for", tokenIn: "in", tokenAssign: "set",
	tokenEndWord: "end", tokenEndIf: "end if", tokenEndFor: "end for",
	tokenAnd: "and", tokenOr: "or", tokenNot: "not", tokenNull: "null",
}

// symbols spells the operators of arithmetic and comparison.
var symbols = map[tokenKind]string{
	tokenPlus: "+", tokenMinus: "-", tokenTimes: "*", tokenDivide: "/",
	tokenEqual: "=", tokenNotEqual: "!=", tokenLess: "<", tokenGreater: ">", tokenLessEqual: "<=", tokenGreaterEqual: ">=",
}

// keywords finds the keyword that a lower-case word is.
var keywords = map[string]tokenKind{
	"if": tokenIf, "else": tokenElse, "for": tokenFor, "in": tokenIn, "set": tokenAssign, "end": tokenEndWord,
	"and": tokenAnd, "or": tokenOr, "not": tokenNot, "null": tokenNull,
}

// token is a piece of the source. Offsets are in bytes.
type token struct {
	kind       tokenKind
	start, end int
}

// text returns the token as it stands in the source.
func (t token) text(source string) string { return source[t.start:t.end] }

// describe names the token for a message that says what was found. It never
// quotes a string literal: one may hold a credential.
func (t token) describe(source string) string {
	switch t.kind {
	case tokenName:
		return "the name " + quoted(t.text(source))
	case tokenNumber:
		return "a number"
	case tokenString:
		return "a string"
	case tokenUnknown:
		return "the character " + strconv.QuoteRune([]rune(t.text(source))[0])
	}
	if word, ok := keywordTexts[t.kind]; ok {
		return "the keyword " + quoted(word)
	}
	return quoted(t.text(source))
}

// tokenSet is a set of kinds of tokens.
type tokenSet uint64

// setOf returns the set of the kinds.
func setOf(kinds ...tokenKind) tokenSet {
	var s tokenSet
	for _, k := range kinds {
		s |= 1 << k
	}
	return s
}

// has reports whether the kind is in the set.
func (s tokenSet) has(k tokenKind) bool { return s&(1<<k) != 0 }
