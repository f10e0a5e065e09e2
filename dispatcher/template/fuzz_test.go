package template

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"regexp"
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
		if whole && len(tmpl.Model().Fields) > 0 {
			t.Fatal("a template with a model is static")
		}
		if !strings.HasPrefix(tmpl.View(), prefix) {
			t.Fatalf("View %q does not begin with %q", tmpl.View(), prefix)
		}
		for _, p := range tmpl.Model().Paths() {
			if plain := !strings.ContainsAny(p.Path, "[("); plain && !tmpl.Uses(strings.ToUpper(p.Path)) {
				t.Fatalf("the template does not use %s of its model", p.Path)
			}
		}
	})
}

func FuzzRender(f *testing.F) {
	seed(f, func(c specCase) {
		f.Add(c.template, c.data, c.options.Culture, uint8(c.options.Context), uint8(c.options.Missing), uint8(c.options.Escaping))
	})
	f.Add(`${ formatDecimal(a, "N999999999") }${ count(xs.Take(99999999999999999999)) }`, `{"a": 1e400, "xs": []}`, "tr-TR", uint8(0), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, source, text, culture string, context, missing, escaping uint8) {
		tmpl, err := Compile(source, Options{Culture: culture, Context: Context(context), Missing: Missing(missing), Escaping: Escaping(escaping)})
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
	seed(f, func(c specCase) { f.Add(c.template, c.data, uint8(c.options.Context)) })
	f.Add(strings.Repeat("a & ", 1000)+"a", "{}", uint8(0))
	f.Add("${"+strings.Repeat("(", 60)+"a"+strings.Repeat(")", 60)+"}", `{"a": true}`, uint8(0))
	f.Fuzz(func(t *testing.T, source, text string, context uint8) {
		opts := Options{Context: Context(context)}
		first, err := Compile(source, opts)
		if err != nil {
			return
		}
		second, err := Compile(first.String(), opts)
		if err != nil {
			t.Fatalf("%q does not compile: %v", first.String(), err)
		}
		if first.String() != second.String() || first.View() != second.View() {
			t.Fatalf("%q became %q", first, second)
		}
		if diff := cmp.Diff(first.Model(), second.Model()); diff != "" {
			t.Fatalf("the model changed\n%s", diff)
		}
		data, err := ParseData([]byte(text))
		if err != nil || unsteady.MatchString(source) {
			return
		}
		out, err := first.Render(data)
		again, errAgain := second.Render(data)
		if out != again || (err == nil) != (errAgain == nil) {
			t.Fatalf("it writes %q, %v, and then %q, %v", out, err, again, errAgain)
		}
	})
}

// unsteady finds functions that do not give the same twice.
var unsteady = regexp.MustCompile(`(?i)random|now`)

// FuzzContext holds what escaping promises: whatever the template and the data,
// a JSON body is JSON, an XML body is XML, and a header has one line.
func FuzzContext(f *testing.F) {
	seed(f, func(c specCase) { f.Add(c.template, c.data, uint8(c.options.Context)) })
	f.Add(`{"a": "${ a }", "b": [@{ for x in xs }${ x },@{ end for }]}`, `{"a": "\"", "xs": [1, "true"]}`, uint8(ContextJSON))
	f.Add(`<a b="${ a }">${ a }<![CDATA[${ a }]]></a>`, `{"a": "]]>"}`, uint8(ContextXML))
	f.Add(`a=${ a }&${ a }=1`, `{"a": "&"}`, uint8(ContextForm))
	f.Add(`Bearer ${ a }`, `{"a": "\n"}`, uint8(ContextHeader))
	f.Add(`/${ a }?${ a }`, `{"a": "%"}`, uint8(ContextURL))
	f.Fuzz(func(t *testing.T, source, text string, context uint8) {
		opts := Options{Context: Context(context % uint8(ContextHeader+1)), Missing: MissingNull}
		tmpl, err := Compile(source, opts)
		if err != nil || strings.Contains(strings.ToLower(source), "raw") {
			return
		}
		data, err := ParseData([]byte(text))
		if err != nil {
			return
		}
		out, err := tmpl.Render(data.With(testHost))
		if err != nil {
			checkErrors(t, err)
			return
		}
		switch opts.Context {
		case ContextJSON:
			if !json.Valid([]byte(out)) {
				t.Fatalf("%q is no JSON", out)
			}
		case ContextXML:
			checkXML(t, out)
		case ContextURL, ContextForm:
			if _, err := url.PathUnescape(out); err != nil {
				t.Fatalf("%q: %v", out, err)
			}
		case ContextHeader:
			if strings.ContainsAny(out, "\r\n\x00") {
				t.Fatalf("%q is no header", out)
			}
		}
	})
}

// checkXML holds that the text is what may stand inside an XML element.
func checkXML(t *testing.T, text string) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil && !strings.Contains(err.Error(), "encoding") { // of a declaration; only UTF-8 is known there
			t.Fatalf("%q is no XML: %v", text, err)
		}
	}
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
