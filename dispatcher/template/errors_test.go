package template

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestErrorText(t *testing.T) {
	_, err := Compile("/orders/${ }\n  ${ a b }", Options{Name: "url"})
	want := `url:1:12: ${ } needs a value to write; url:2:8: expected } after the value, found the name "b"`
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	_, err = Compile("${ }", Options{})
	if err == nil || err.Error() != "1:4: ${ } needs a value to write" {
		t.Errorf("without a name the error is %v", err)
	}
	tmpl, err := Compile("${ a }", Options{Name: "headers[2].value"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tmpl.Render(Data{})
	if want := `headers[2].value:1:4: the data has no "a"`; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	var one *Error
	if !errors.As(err, &one) || one.Kind != KindData {
		t.Errorf("errors.As finds %v", one)
	}
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("л", 100)
	for _, c := range []struct{ source, want string }{
		{"${ }", "${ }\n   ^"},
		{"first\n\tx${ }\r\nlast", " x${ } \n     ^"},
		{"💝${ ; }", "💝${ ; }\n    ^"},
		{"ok ${", "ok ${\n   ^"},
		{long + "${ ; }" + long, long[:37*2] + "${ ; }" + long[:37*2] + "\n" + strings.Repeat(" ", 40) + "^"},
	} {
		_, err := Compile(c.source, Options{})
		var list Errors
		if !errors.As(err, &list) {
			t.Fatalf("%q: error %v", c.source, err)
		}
		if diff := cmp.Diff(c.want, list[0].Excerpt); diff != "" {
			t.Errorf("%q (-want +got)\n%s", c.source, diff)
		}
	}
}

func TestErrorsAreCapped(t *testing.T) {
	for _, source := range []string{
		strings.Repeat("${ }\n", 5000),
		strings.Repeat("${ a.b }\n", 1) + strings.Repeat("${ a }\n", 5000),
	} {
		_, err := Compile(source, Options{})
		var list Errors
		if !errors.As(err, &list) || len(list) != MaxErrors {
			t.Fatalf("%d errors, want %d", len(list), MaxErrors)
		}
		for i := range list[1:] {
			if list[i].Line+1 != list[i+1].Line {
				t.Fatalf("line %d is followed by line %d", list[i].Line, list[i+1].Line)
			}
		}
	}
}

func TestLongNames(t *testing.T) {
	name := strings.Repeat("a", MaxNameBytes)
	_, err := compile(t, "${ "+name+" }").Render(Data{})
	if want := `1:4: the data has no "` + strings.Repeat("a", 100) + `..."`; err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
	_, err = Compile("x${ "+name+"a }", Options{})
	if err == nil || errorLines(err) != "1:5 Limit: the name is longer than 256 bytes" {
		t.Errorf("past the limit: %v", err)
	}
}

// TestNoStringInMessages guards literals: one may hold a credential.
func TestNoStringInMessages(t *testing.T) {
	for _, source := range []string{`${ a "s3cret" }`, `${ "s3cret" + 1 }`, `${ a "s3cret }`, `${ a 's3cret" }`} {
		_, err := Compile(source, Options{})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error is %v", source, err)
		}
	}
}

func TestInvalidUTF8(t *testing.T) {
	_, err := Compile("a\nб\ufffd\xff${ a }", Options{})
	if got, want := errorLines(err), "2:3 Syntax: the template is not valid UTF-8"; got != want {
		t.Errorf("error is %s, want %s", got, want)
	}
	_, err = ParseData([]byte("{\"a\": \"\ufffd\xc3\"}"))
	if got, want := errorLines(err), "1:9 Data: the data is not valid UTF-8"; got != want {
		t.Errorf("error is %s, want %s", got, want)
	}
}
