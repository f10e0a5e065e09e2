package escape

import (
	"fmt"
	"testing"
)

// TestLineGrammars has templates of the grammars that are only a line of text,
// with what is wrong with them.
func TestLineGrammars(t *testing.T) {
	const (
		digits = "a % must be followed by two hexadecimal digits; write % as %25"
		inside = "an output cannot stand inside a percent escape; values are percent-encoded as they are written, and a plain % is %25"
		header = "a header value is one line; take the line break or NUL out"
	)
	for _, test := range []struct {
		grammar      Grammar
		source, want string
	}{
		{URL, `/orders/${}/items?q=${}&r=%20${}#x y`, ``},
		{URL, `/orders@{if}?x=${}@{else}/y@{end}&z=${}`, ``},
		{URL, `?a@{for}&b=${}%2C@{end}`, ``},
		{URL, `%@{if}4@{else}5@{end}1`, ``},
		{URL, `/100%/x`, `5: ` + digits},
		{URL, `/%4g`, `3: ` + digits},
		{URL, `/x%`, `3: the text ends inside a percent escape; write % as %25`},
		{URL, `/%${}`, `2: ` + inside},
		{URL, `/%4${}`, `3: ` + inside},
		{URL, `/%@{if}${}@{end}`, `7: ` + inside},
		{URL, `/%@{if}4@{end}1`, `2: the branches end inside a percent escape and inside a percent escape`},
		{URL, `/x@{if}%@{end}`, `2: the branches end inside a percent escape and in the text`},
		{URL, `/@{for}%@{end}`, `1: the body of the loop begins in the text and ends inside a percent escape, so it cannot be written any number of times; end it where it begins`},
		{Form, `a=${}&b=x+y%26`, ``},
		{Form, `a=5%`, `4: the text ends inside a percent escape; write % as %25`},
		{Form, `a=5%${}`, `4: ` + inside},
		{Header, "Bearer ${}\t@{if}x@{end}@{for}%@{end}", ``},
		{Header, "a\r\nb", `1: ` + header},
		{Header, "a${}b\n", `5: ` + header},
		{Header, "a\x00", `1: ` + header},
		{Text, "any % \x00 \xff ${} <@{if}\"@{end}", ``},
	} {
		nodes, ok := parseToy(test.source)
		if !ok {
			t.Fatalf("%s: no template", test.source)
		}
		got := ""
		if err := follow(test.grammar, nodes, len(test.source)); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.source, got, test.want)
		}
	}
}

// TestModes has the mode of an output in each grammar.
func TestModes(t *testing.T) {
	for g, want := range map[Grammar]Mode{Text: Raw, JSON: JSONValue, Form: Percent, URL: Percent, Header: HeaderLine} {
		if mode, edit, _, mistake := Start(g).Output(); mode != want || edit != NoEdit || mistake != nil {
			t.Errorf("grammar %d: got mode %d, edit %d, %v, want mode %d", g, mode, edit, mistake, want)
		}
	}
}

// TestOtherGrammars: places of different grammars are never brought together.
func TestOtherGrammars(t *testing.T) {
	for a := range Header + 1 {
		for b := range Header + 1 {
			_, ok := Join(Start(a), Start(b))
			if _, mistake := Loop(Start(a), Start(b)); ok != (a == b) || (mistake == nil) != (a == b) {
				t.Errorf("grammars %d and %d: joined %v, repeated %v", a, b, ok, mistake)
			}
		}
	}
	if _, _, err := Start(JSON).Text("x"); err.Error() != err.Message {
		t.Errorf("a mistake as an error is %q", err)
	}
	if (State{}) != Start(Text) {
		t.Error("the zero State is not the start of Text")
	}
}

// TestHasLineBreak has texts that a header takes and does not take.
func TestHasLineBreak(t *testing.T) {
	for text, want := range map[string]bool{"": false, "a\tb é": false, "a\rb": true, "\n": true, "x\x00": true} {
		if got := HasLineBreak(text); got != want {
			t.Errorf("HasLineBreak(%q) is %v", text, got)
		}
	}
}

func ExampleState() {
	s := Start(JSON)
	s, _, _ = s.Text(`{"name": "`)
	mode, _, s, _ := s.Output()
	fmt.Println(mode == JSONString, s)
	fmt.Println(string(Append([]byte(`{"name": "`), `O"Hara`, mode)))
	// Output:
	// true inside a string, at nesting level 1
	// {"name": "O\"Hara
}
