package escape

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestJSONAccepts has templates that must be accepted, and renders each in many
// ways.
func TestJSONAccepts(t *testing.T) {
	for _, source := range []string{
		// Text alone.
		`{}`, ` [ ] `, `"x"`, `-1.5e+3`, `0`, `true`, `{"a":{"b":[1,2,{"c":null}]},"d":"\u00e9\"\\\n"}`, `"💝"`, `"\ud83d"`, `[1E5,0e-1,10.25]`,
		// Outputs.
		`${}`, `"${}"`, `"a${}b${}c"`, `[${}]`, `[ ${} , ${} ]`, `{"${}": ${}, "a${}": "${}"}`, `{"a": ${}}`, `"\n${}"`, `"\u12aB${}"`,
		// Lists.
		`[@{for}{"id": ${}},@{end}]`, `[@{for}, {"id": ${}}@{end}]`, "[\n@{for}\n  ${},\n@{end}\n]", `[1@{for}, ${}@{end}]`,
		`[@{for}${}@{if},@{end}@{end}]`, `[@{for}@{if},@{end}${}@{end}]`, `[0, @{for}${},@{end}]`, `[0, @{for}${},@{end} 9]`,
		`[0, @{for}${},@{end}@{for}${},@{end}]`, `[@{for}${},@{end}@{for}${},@{end}]`, `[@{for}@{for}${},@{end}@{end}]`,
		`[@{for}[@{for}${},@{end}],@{end}]`, `[@{for}@{if}1,@{else}2,3,@{end}@{end}]`, `[@{for}1,@{end}@{if}2@{end}]`,
		`[@{for}${}@{if},@{end}@{end}, 9]`, `[@{for}@{if}${},@{end}@{if}${}@{end}@{end}]`, `[@{for}, ${}@{for}, ${}@{end}@{end}]`,
		`[[@{for}],[@{end}]]`, `[[1@{for}],[@{end}]]`, `[@{for}@{end}]`, `[1@{for}@{end}]`, `[1@{for}, 2@{end}]`, `[1@{for},${},@{end}]`,
		`[@{for}@{if}${}@{else}, ${}@{end}@{end}]`, `[@{for}${}@{for}, 1@{end}@{end}]`, `[@{for}@{if}1,@{else}2@{end}@{end}]`,
		`[@{for}1@{for} @{end},@{end}]`, `[@{for}@{if}"@{else},"@{end}x",@{end}]`, `[@{for}@{if}[@{else},[@{end}1],@{end}]`,
		`{@{for}"${}": ${},@{end}}`, `{"a": 1@{for}, "${}": ${}@{end}}`, `{@{for}"${}": {"x": [@{for}${},@{end}]},@{end} "z": 0}`,
		// Optional members.
		`{"a": 1@{if}, "b": 2@{end}}`, `{@{if}"a": 1,@{end} "b": 2}`, `{@{if}"a": 1,@{end}@{if}"b": 2,@{end}}`, `{@{if}"a": 1@{end}@{if}, "b": 2@{end}}`,
		`{@{if}"a": 1@{end}, "b": 2}`, `{"x": 1, @{if}"a": 1,@{end}@{if}"b": 2@{end}}`, `{@{if}"a": 1,@{else}"b": 2,@{end}}`, `[1@{if},@{else},@{end}]`,
		`[1, @{if}2,@{end}]`, `{@{if}"a": [@{if}1,@{end}],@{end}}`, `[@{if}@{if}1@{end}@{end}]`, `[1@{if}, 2@{else}, 3, 4@{end}, 5]`,
		// Branches inside values.
		`{"a": @{if}1@{else}null@{end}}`, `{"a": @{if}${}@{else}0@{end}}`, `@{if}{}@{else}[]@{end}`, `"@{if}a@{else}${}@{end}"`, `"@{for}${},@{end}"`,
		`@{if}1.5@{else}2@{end}`, `1@{if}2@{end}`, `-@{if}1@{else}2@{end}`, `[@{if}1@{else}2@{end}, 3]`, `[1@{if}.5@{end}]`, `tru@{if}e@{else}e@{end}`,
		`"@{if}\n@{else}\t@{end}"`, `{"@{if}a@{else}b@{end}": 1}`, `{@{if}"a"@{else}"b"@{end}: 1}`, `{"a"@{if}:@{else} :@{end} 1}`,
		strings.Repeat("[", MaxNesting) + strings.Repeat("]", MaxNesting),
	} {
		nodes, ok := parseToy(source)
		if !ok {
			t.Fatalf("%s: no template", source)
		}
		if err := follow(JSON, nodes, len(source)); err != nil {
			t.Errorf("%s\nwas rejected: %v", source, err)
			continue
		}
		for seed := range uint64(200) {
			if err := checkJSON(nodes, seed); err != nil {
				t.Fatalf("%s\n%v", source, err)
			}
		}
	}
}

// TestJSONMistakes has templates that must be rejected, with offset and message.
func TestJSONMistakes(t *testing.T) {
	const maybe = "a comma may be missing before this: of the branches and loops before it, " +
		"some end after a value and some do not; put the comma before this, or at the end of each"
	for _, test := range []struct{ source, want string }{
		// Text.
		{``, `0: the text is empty; JSON has exactly one value`},
		{`  `, `2: the text is empty; JSON has exactly one value`},
		{`{`, `1: the text ends inside an object; a } is missing`},
		{`[1`, `2: the text ends inside an array; a ] is missing`},
		{`{"a`, `3: the text ends inside the name of a member; complete the JSON value`},
		{`-`, `1: the text ends inside a number; complete the JSON value`},
		{`[1,]`, `3: a comma stands before this; JSON has none after the last value`},
		{`{"a":1,}`, `7: a comma stands before this; JSON has none after the last value`},
		{`[,1]`, `1: "," cannot stand at the start of an array`},
		{`[1,,2]`, `3: "," cannot stand after a comma of an array`},
		{`[1 2]`, `3: a comma is missing before this`},
		{`{"a" 1}`, `5: "1" cannot stand after the name of a member`},
		{`{"a":}`, `5: "}" cannot stand where the value of a member is expected`},
		{`{a: 1}`, `1: "a" cannot stand at the start of an object`},
		{`{1: 1}`, `1: "1" cannot stand at the start of an object`},
		{`[1}`, `2: "}" cannot stand after a value of an array`},
		{`{"a":1]`, `6: "]" cannot stand after a member of an object`},
		{`]`, `0: "]" cannot stand where the text begins`},
		{`1,`, `1: "," cannot stand after the whole value`},
		{`{} {}`, `3: the text goes on after its value; it can have only one, so put several into an array`},
		{`hello`, `0: "h" cannot stand where the text begins`},
		{`True`, `0: "T" cannot stand where the text begins`},
		{`tree`, `2: only true, false and null may stand without quotes`},
		{`nulll`, `4: "l" cannot stand after the whole value`},
		{`01`, `1: "1" cannot stand inside a number`},
		{`1.`, `2: the text ends inside a number; complete the JSON value`},
		{`1.e5`, `2: "e" cannot stand inside a number`},
		{`-a`, `1: "a" cannot stand inside a number`},
		{`+1`, `0: "+" cannot stand where the text begins`},
		{`1x`, `1: "x" cannot stand inside a number`},
		{`["\x"]`, `3: this is no escape sequence of JSON; write a plain backslash as \\`},
		{`["\u12g4"]`, `6: this is no escape sequence of JSON; write a plain backslash as \\`},
		{"\"a\nb\"", `2: a string has no control characters and line breaks; write them as \n, \t or \u and four digits`},
		{"\"\xff\"", `1: the text is not valid UTF-8`},
		{"\ufeff{}", `0: this character cannot stand where the text begins`},
		{`'a'`, `0: "'" cannot stand where the text begins`},
		{`{"a":1 /* x */}`, `7: "/" cannot stand after a member of an object`},
		{`{"a":""""}`, `7: a comma is missing before this`},
		{`{"a""b"}`, `4: a quote cannot stand after the name of a member`},
		{strings.Repeat("[", 65), `64: objects and arrays are nested deeper than 64 levels`},
		// Outputs.
		{`{${}: 1}`, `1: an output cannot stand at the start of an object; a member's name needs quotes around it, as in "${ Name }": 1`},
		{`{"a": 1, ${}}`, `9: an output cannot stand after a comma of an object; a member's name needs quotes around it, as in "${ Name }": 1`},
		{`{"a" ${}}`, `5: an output cannot stand after the name of a member; a colon is missing before it`},
		{`[1${}]`, `2: an output cannot stand inside a number; make it the whole value, or put quotes around all of it`},
		{`[${}1]`, `4: a comma is missing before this`},
		{`[${}${}]`, `4: a comma is missing before this`},
		{`["a"${}]`, `4: a comma is missing before this`},
		{`"\${}"`, `2: an output cannot stand inside an escape sequence; it escapes what it must itself, so take the backslash out`},
		{`"\u00${}"`, `5: an output cannot stand inside an escape sequence; it escapes what it must itself, so take the backslash out`},
		{`tr${}`, `2: an output cannot stand inside true, false or null; make it the whole value, or put quotes around all of it`},
		{`{}${}`, `2: the text goes on after its value; it can have only one, so put several into an array`},
		// Branches.
		{`"@{if}"@{end}"`, `1: the branches end after the whole value and inside a string`},
		{`[@{if}[@{end}]]`, `1: the branches end at the start of an array, at nesting level 2 and at the start of an array, at nesting level 1`},
		{`{"a": @{if}1@{end}}`, `6: the branches end after a member of an object, at nesting level 1 and where the value of a member is expected, at nesting level 1`},
		{`@{if}{}@{end}`, `0: the branches end after the whole value and where the text begins`},
		{`{"a@{if}": "@{else}b@{end}"}`, `3: the branches end inside a string, at nesting level 1 and inside the name of a member, at nesting level 1`},
		{`1@{if}.@{end}`, `1: the branches end inside a number and after the whole value`},
		{`[@{if}1@{end} 2]`, `14: ` + maybe},
		{`[@{if}1@{end}${}]`, `13: ` + maybe},
		{`[1@{if},@{end} 2]`, `15: ` + maybe},
		{`{@{if}"a": 1@{end} "b": 2}`, `19: ` + maybe},
		{`[@{if}1,@{end}, 2]`, `14: "," cannot stand between the values of an array`},
		{`[@{if}1@{end},]`, `14: a comma stands before this; JSON has none after the last value`},
		{`[1@{if}.5@{end}6]`, `15: a comma is missing before this`},
		{`[1@{if}2@{end}3]`, `14: a comma is missing before this`},
		// Loops.
		{`[@{for}${}@{end}]`, `1: the body of the loop writes a value without a comma; end it with a comma, the last one is left out`},
		{`[@{for}@{if}{}@{end}@{end}]`, `1: the body of the loop writes a value without a comma; end it with a comma, the last one is left out`},
		{`[@{for}@{for}${}@{end},@{end}]`, `7: the body of the loop writes a value without a comma; end it with a comma, the last one is left out`},
		{`{@{for}"a": 1@{end}}`, `1: the body of the loop writes a value without a comma; end it with a comma, the last one is left out`},
		{`[1@{for}2@{end}]`, `8: a comma is missing before this`},
		{`[1, 2@{for} ${}@{end}]`, `12: a comma is missing before this`},
		{`[1@{for}@{if}, 2@{end} ${}@{end}]`, `23: a comma is missing before this`},
		{`[@{for} @{end},1]`, `14: "," cannot stand at the start of an array`},
		{`@{for}{}@{end}`, `0: the body of the loop begins where the text begins and ends after the whole value, so it cannot be written any number of times; end it where it begins`},
		{`{"a": @{for}1@{end}}`, `6: the body of the loop begins where the value of a member is expected, at nesting level 1 and ends after a member of an object, at nesting level 1, so it cannot be written any number of times; end it where it begins`},
		{`[@{for}[@{end}]`, `1: the body of the loop begins at the start of an array, at nesting level 1 and ends at the start of an array, at nesting level 2, so it cannot be written any number of times; end it where it begins`},
		{`-@{for}1@{end}`, `1: the body of the loop begins inside a number and ends after the whole value, so it cannot be written any number of times; end it where it begins`},
	} {
		nodes, ok := parseToy(test.source)
		if !ok {
			t.Fatalf("%s: no template", test.source)
		}
		switch err := follow(JSON, nodes, len(test.source)); {
		case err == nil:
			t.Errorf("%s\nwas accepted, want %s", test.source, test.want)
		case err.Error() != test.want:
			t.Errorf("%s\ngot  %v\nwant %s", test.source, err, test.want)
		}
	}
}

// TestJSONOutput shows what the edits make of commas.
func TestJSONOutput(t *testing.T) {
	for _, test := range []struct{ source, want string }{
		{"[\n@{for}\n  ${},\n@{end}\n]", "[\n\n  0,\n\n  1,\n\n  2\n\n]"},
		{"[@{for}, ${}@{end}]", "[ 0, 1, 2]"},
		{"[9@{for}, ${}@{end}]", "[9, 0, 1, 2]"},
		{`[@{for}{"id": ${}},@{end} 9]`, `[{"id": 0},{"id": 1},{"id": 2}, 9]`},
		{`{"list": [@{for}${},@{end}], "n": 3}`, `{"list": [0,1,2], "n": 3}`},
	} {
		nodes, _ := parseToy(test.source)
		if err := follow(JSON, nodes, len(test.source)); err != nil {
			t.Errorf("%s: %v", test.source, err)
			continue
		}
		seed := uint64(0)
		for ; ; seed++ { // the first with three passes
			passes := 0
			render(nodes, seed, "", func(Mode, int) string { passes++; return "1" })
			if passes == 3 {
				break
			}
		}
		if got := render(nodes, seed, "before,", counted); got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.source, got, test.want)
		}
	}
}

func counted(_ Mode, k int) string { return string(rune('0' + k%10)) }

// TestTextInParts follows texts byte by byte, as if comments stood everywhere.
func TestTextInParts(t *testing.T) {
	for _, test := range []struct {
		grammar Grammar
		text    string
	}{
		{JSON, `{"a":[-12.5e+7,true,false,null,"\u00e9\n",{}],"b":""}`},
		{XML, `<a b="&amp;1" c='2'><b/><!-- x - y --><?pi z?>t&#10;]]<![CDATA[a]]]><e:f-1 ></e:f-1 ></a>`},
		{URL, `/a/%20?b=%C3%A9`},
		{Header, `text/plain`},
	} {
		whole, _, mistake := Start(test.grammar).Text(test.text)
		if mistake != nil {
			t.Fatalf("%s: %v", test.text, mistake)
		}
		s, _, _ := Start(test.grammar).Text("")
		for i := range len(test.text) {
			if s, _, mistake = s.Text(test.text[i : i+1]); mistake != nil {
				t.Fatalf("%s: at %d: %v", test.text, i, mistake)
			}
		}
		if s != whole {
			t.Errorf("%s: in parts %+v, whole %+v", test.text, s, whole)
		}
		if m := s.End(); m != nil {
			t.Errorf("%s: %v", test.text, m)
		}
	}
}

// TestSamePlace: what is said of a container that has ended is forgotten.
func TestSamePlace(t *testing.T) {
	begin, _, _ := Start(JSON).Text(`[[`)
	a, _, _ := begin.Text(`1]`)
	b, _, _ := begin.LoopBody().Text(`{"a":1}]`)
	if a != b {
		t.Errorf("%+v\nis not %+v", a, b)
	}
}

// FuzzJSON: any text is followed without a panic, and what is accepted is what
// encoding/json accepts.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5e-3,true,null,"\u00e9"]}`, `[1,]`, `01`, `"\ud800"`, ` 1 `, "[\"\x7f\"]", strings.Repeat("[", 70)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, pieces, mistake := Start(JSON).Text(text)
		accepted := mistake == nil && s.End() == nil
		if deep(text) > MaxNesting || !utf8.ValidString(text) {
			return
		}
		if valid := json.Valid([]byte(text)); accepted != valid {
			t.Fatalf("accepted %v, valid %v, %v", accepted, valid, mistake)
		}
		if accepted && (len(pieces) != 1 || pieces[0] != (Piece{Text: text})) {
			t.Fatalf("the pieces are %v", pieces)
		}
		scalar := accepted && !strings.ContainsAny(text[:1]+text[len(text)-1:], "[]{} \t\r\n")
		if IsJSONScalar(text) != scalar {
			t.Fatalf("a scalar: %v, want %v", !scalar, scalar)
		}
	})
}

func deep(text string) int { return strings.Count(text, "[") + strings.Count(text, "{") }
