package escape

import (
	"strings"
	"testing"
)

func TestEdits(t *testing.T) {
	for _, test := range []struct {
		edit      Edit
		out, want string
	}{
		{NoEdit, `[1,`, `[1,`},
		{WriteComma, `[1`, `[1,`},
		{WriteComma, "[1 \n", "[1 \n,"},
		{WriteComma, `{"a":"x,"`, `{"a":"x,",`},
		{WriteComma, `[[]`, `[[],`},
		{WriteComma, `[`, `[`},
		{WriteComma, "{ \t", "{ \t"},
		{WriteComma, "[1,\r\n", "[1,\r\n"},
		{WriteComma, ``, ``},
		{WriteComma, `  `, `  `},
		{DropComma, `[1,`, `[1`},
		{DropComma, "[1 ,\n ", "[1 \n "},
		{DropComma, `[1`, `[1`},
		{DropComma, `[`, `[`},
		{DropComma, ``, ``},
		{SplitCDATA, `a]]`, `a]]` + cdataSplit},
		{SplitCDATA, `a]`, `a]`},
		{SplitCDATA, `]`, `]`},
		{SplitCDATA, ``, ``},
	} {
		for _, before := range []string{"", "1", ",", "x, "} {
			tail := NewTail(len(before))
			if got := string(tail.Apply(test.edit, []byte(before+test.out))); got != before+test.want {
				t.Errorf("edit %d of %q behind %q: got %q, want %q", test.edit, test.out, before, got, before+test.want)
			}
		}
		if got := string(new(Tail).Apply(test.edit, []byte(test.out))); got != test.want {
			t.Errorf("edit %d of %q with the zero Tail: got %q, want %q", test.edit, test.out, got, test.want)
		}
	}
}

// TestTailInSequence applies edits one after another to a growing output.
func TestTailInSequence(t *testing.T) {
	type step struct {
		edit Edit
		text string
	}
	for _, test := range []struct {
		want  string
		steps []step
	}{
		{"[  1  ],\n2  ]", []step{
			{NoEdit, "[ "}, {WriteComma, " 1 "}, {WriteComma, ""}, {WriteComma, " "}, {DropComma, "]"}, {WriteComma, "\n"}, {WriteComma, "2"},
			{WriteComma, "  "}, {DropComma, "]"},
		}},
		{"[1]", []step{{NoEdit, "[1,,"}, {DropComma, ""}, {DropComma, "]"}}},
	} {
		var tail Tail
		var out []byte
		for _, step := range test.steps {
			out = append(tail.Apply(step.edit, out), step.text...)
		}
		if string(out) != test.want {
			t.Errorf("got %q, want %q", out, test.want)
		}
	}
}

// TestTailIsLinear: a loop that writes nothing but white space does not make
// edits look at all of it each time. Without the memory of Tail this takes
// minutes.
func TestTailIsLinear(t *testing.T) {
	var tail Tail
	out := []byte("[")
	space := strings.Repeat(" ", 10)
	for range 1_000_000 {
		out = append(tail.Apply(WriteComma, out), space...)
	}
	if out = append(tail.Apply(DropComma, out), ']'); len(out) != 10_000_002 {
		t.Errorf("%d bytes", len(out))
	}
}
