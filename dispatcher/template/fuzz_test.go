package template

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// seed gives a fuzz target all templates and data of testdata/spec.
func seed(f *testing.F, add func(specCase)) {
	f.Helper()
	for _, cases := range specCases(f) {
		for _, c := range cases {
			add(c)
		}
	}
}

// checkErrors holds what is promised of every error of a template.
func checkErrors(t *testing.T, err error) {
	t.Helper()
	var list Errors
	if !errors.As(err, &list) || len(list) == 0 || len(list) > MaxErrors {
		t.Fatalf("no list of errors: %v", err)
	}
	for i, e := range list {
		if e.Kind == "" || e.Message == "" || e.Line < 1 || e.Column < 1 || strings.Count(e.Excerpt, "\n") != 1 {
			t.Fatalf("incomplete error %#v", e)
		}
		if i > 0 && (e.Line < list[i-1].Line || e.Line == list[i-1].Line && e.Column < list[i-1].Column) {
			t.Fatalf("%v comes after %v", e, list[i-1])
		}
		if !utf8.ValidString(e.Message) || strings.ContainsAny(e.Message, "\r\n") || len(e.Message) > 1000 {
			t.Fatalf("the message %q is no sentence", e.Message)
		}
	}
}

func FuzzCompile(f *testing.F) {
	seed(f, func(c specCase) { f.Add(c.template) })
	f.Fuzz(func(t *testing.T, source string) {
		tmpl, err := Compile(source, Options{Name: "body"})
		if err != nil {
			checkErrors(t, err)
			return
		}
		if len(source) > MaxTemplateBytes || !utf8.ValidString(source) {
			t.Fatal("a source past the limits compiles")
		}
		prefix, whole := tmpl.StaticPrefix()
		if whole != (len(tmpl.Model().Fields) == 0) {
			t.Fatal("a template with a model is static, or one without is not")
		}
		if !strings.HasPrefix(tmpl.View(), prefix) {
			t.Fatalf("View %q does not begin with %q", tmpl.View(), prefix)
		}
		for _, p := range tmpl.Model().Paths() {
			if !tmpl.Uses(strings.ToUpper(p.Path)) {
				t.Fatalf("the template does not use %s of its model", p.Path)
			}
		}
	})
}

func FuzzRender(f *testing.F) {
	seed(f, func(c specCase) { f.Add(c.template, c.data) })
	f.Fuzz(func(t *testing.T, source, text string) {
		tmpl, err := Compile(source, Options{})
		if err != nil {
			return
		}
		data, err := ParseData([]byte(text))
		if err != nil {
			return
		}
		out, err := tmpl.Append([]byte("before"), data.With(testHost))
		if err != nil {
			checkErrors(t, err)
			if string(out) != "before" {
				t.Fatalf("a failed rendering leaves %q", out)
			}
			return
		}
		prefix, whole := tmpl.StaticPrefix()
		rendered, found := strings.CutPrefix(string(out), "before"+prefix)
		if !found || whole && rendered != "" || len(out) > MaxOutputBytes+len("before") || !utf8.Valid(out) {
			t.Fatalf("the output is %q", out)
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	seed(f, func(c specCase) { f.Add(c.template) })
	f.Fuzz(func(t *testing.T, source string) {
		first, err := Compile(source, Options{})
		if err != nil {
			return
		}
		second, err := Compile(first.String(), Options{})
		if err != nil {
			t.Fatalf("%q does not compile: %v", first.String(), err)
		}
		if first.String() != second.String() || first.View() != second.View() {
			t.Fatalf("%q became %q", first, second)
		}
		if diff := cmp.Diff(first.Model(), second.Model()); diff != "" {
			t.Fatalf("the model changed\n%s", diff)
		}
	})
}

// FuzzParseData compares what is taken as JSON with encoding/json.
func FuzzParseData(f *testing.F) {
	seed(f, func(c specCase) { f.Add([]byte(c.data)) })
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := ParseData(text)
		var object map[string]json.RawMessage
		valid := json.Unmarshal(text, &object) == nil && object != nil
		if err == nil && !valid {
			t.Fatalf("%q is taken as an object", text)
		}
		if err == nil || !valid || !utf8.Valid(text) {
			return
		}
		var one *Error
		if !errors.As(err, &one) || one.Kind != KindLimit && !strings.Contains(one.Message, "twice") {
			t.Fatalf("the object %q is rejected: %v", text, err)
		}
	})
}
