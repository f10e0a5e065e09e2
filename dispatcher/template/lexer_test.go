package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tokenNames names the kinds in the tables below.
var tokenNames = map[tokenKind]string{
	tokenText: "text", tokenComment: "comment", tokenOutput: "${", tokenControl: "@{", tokenEnd: "END", tokenClose: "}",
	tokenName: "name", tokenNumber: "number", tokenString: "string", tokenUnknown: "UNKNOWN", tokenOpenString: "OPEN",
}

// lexed writes the tokens of a source: kind(text), or the text alone where it
// says what the kind is.
func lexed(source string) string {
	var parts []string
	for _, tok := range lex(source) {
		text := tok.text(source)
		switch name := tokenNames[tok.kind]; {
		case keywordTexts[tok.kind] != "":
			parts = append(parts, "keyword<"+keywordTexts[tok.kind]+">")
		case name == "" || name == text:
			parts = append(parts, text)
		case tok.kind == tokenEnd:
			parts = append(parts, name)
		default:
			parts = append(parts, name+"("+text+")")
		}
	}
	return strings.Join(parts, " ")
}

func TestLex(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"", "END"},
		{"a$b@c{}", "text(a$b@c{}) END"},
		{"$", "text($) END"},
		{"$${a}$", "text($) ${ name(a) } text($) END"},
		{"@@{a}", "text(@) @{ name(a) } END"},
		{"{$ {@ {", "text({$ {@ {) END"},
		{"@{**}@{*}", "comment(@{**}) @{ * } END"},
		{"@{* a *}b*}", "comment(@{* a *}) text(b*}) END"},
		{"@{* } *}", "@{ * } text( *}) END"},
		{"${ a }}", "${ name(a) } text(}) END"},
		{"${a\u00a0b}", "${ name(a) UNKNOWN(\u00a0) name(b) } END"},
		{"${ ;! }", "${ UNKNOWN(;) UNKNOWN(!) } END"},

		{"${ . , ( ) | & + - * / = != < > <= >= }", "${ . , ( ) | & + - * / = != < > <= >= } END"},
		{"${a<=-b!==<>}", "${ name(a) <= - name(b) != = < > } END"},
		{"${ == && || }", "${ = = & & | | } END"},

		{"${ 007 1.50 1. .5 1.2.3 1e5 }",
			"${ number(007) number(1.50) number(1) . . number(5) number(1.2) . number(3) number(1) name(e5) } END"},
		{"${ 1", "${ number(1) END"},
		{"${ 1.", "${ number(1) . END"},

		{`${ "}" '"' "\" "it's" }`, `${ string("}") string('"') string("\") string("it's") } END`},
		{"${ \"a\nb\" }", "${ string(\"a\nb\") } END"},
		{`${ "" '' }`, `${ string("") string('') } END`},
		{`${ "a } b`, `${ OPEN("a } b) END`},

		{"@{ if ELSE End fOr in SET and or not Null }", "@{ keyword<if> keyword<else> keyword<end for> " +
			"keyword<in> keyword<set> keyword<and> keyword<or> keyword<not> keyword<null> } END"},
		{"@{ endif endfor elseif iffy _if if1 true }",
			"@{ name(endif) name(endfor) name(elseif) name(iffy) name(_if) name(if1) name(true) } END"},
		{"@{ end if end\r\n\tFOR else  if }", "@{ keyword<end if> keyword<end for> keyword<else if> } END"},
		{"@{ else ifA }", "@{ keyword<else if> name(A) } END"},
		{"@{ else iffy }", "@{ keyword<else if> name(fy) } END"},
		{"@{ else for end else end i }",
			"@{ keyword<else> keyword<for> keyword<end> keyword<else> keyword<end> name(i) } END"},
		{"@{ else", "@{ keyword<else> END"},
	} {
		if diff := cmp.Diff(c.want, lexed(c.source)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", c.source, diff)
		}
	}
}
