package template

import "strings"

// Options say how a template is compiled. The zero Options are valid.
type Options struct {
	// Name is the field that the source comes from, such as "url",
	// "headers[2].value" or "body". Errors begin with it.
	Name string
}

// Template is a compiled template. It is immutable and safe for concurrent use.
type Template struct {
	name   string
	source string // for positions and excerpts of errors
	body   []node
	model  *shape // the root of what the data must hold
	slots  int    // number of values a rendering looks up
}

// Compile compiles a source of at most [MaxTemplateBytes] in valid UTF-8. The
// error is [Errors]: all mistakes of the source in order of position. While it
// holds mistakes of syntax or constructs of a later version, types are not
// checked.
func Compile(source string, opts Options) (*Template, error) {
	if len(source) > MaxTemplateBytes {
		return nil, Errors{{Kind: KindLimit, Name: opts.Name, Line: 1, Column: 1,
			Message: "the template is longer than 256 KiB", Excerpt: excerpt(source, 0)}}
	}
	if at := invalidUTF8(source); at >= 0 {
		problems := []problem{{kind: KindSyntax, at: at, message: "the template is not valid UTF-8"}}
		return nil, located(opts.Name, source, problems)
	}
	body, problems := parse(source)
	if len(problems) > 0 {
		return nil, located(opts.Name, source, problems)
	}
	model, slots, problems := check(body)
	if len(problems) > 0 {
		return nil, located(opts.Name, source, problems)
	}
	return &Template{name: opts.Name, source: source, body: body, model: model, slots: slots}, nil
}

// Model returns what the template needs of its data.
func (t *Template) Model() Model { return Model{Fields: t.model.export()} }

// Uses reports whether the template refers to the value at a path such as
// "WebhookRequest.TransactionalId", or to one below it. Names are compared in
// any case. Text that only looks like a reference does not count.
func (t *Template) Uses(path string) bool { return t.model.find(path) != nil }

// Static reports whether the template has only text and comments, so that all
// data gives the same output.
func (t *Template) Static() bool {
	_, whole := t.StaticPrefix()
	return whole
}

// StaticPrefix returns the text before the first output, which begins every
// output of the template. The flag is true if that is all there is.
func (t *Template) StaticPrefix() (text string, whole bool) {
	var b strings.Builder
	for _, n := range t.body {
		switch n := n.(type) {
		case *textNode:
			b.WriteString(n.text)
		case *outputNode:
			return b.String(), false
		}
	}
	return b.String(), true
}

// String returns source that compiles to an equal template: white space inside
// outputs is gone, everything else is as it was.
func (t *Template) String() string {
	var b strings.Builder
	for _, n := range t.body {
		b.WriteString(n.String())
	}
	return b.String()
}

// View returns the template for showing to people: like [Template.String], but
// without comments. It need not compile to the same template.
func (t *Template) View() string {
	var b strings.Builder
	for _, n := range t.body {
		if _, comment := n.(*commentNode); !comment {
			b.WriteString(n.String())
		}
	}
	return b.String()
}
