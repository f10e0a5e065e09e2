package template

import (
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/format"
)

// Options say how a template is compiled. The zero Options are valid.
type Options struct {
	// Name is the field that the source comes from, such as "url",
	// "headers[2].value" or "body". Errors begin with it.
	Name string
	// Escaping says how values are written; the zero value is
	// [EscapeContextual].
	Escaping Escaping
	// Missing says what becomes of a value that the data lacks; the zero value
	// is [MissingFail].
	Missing Missing
	// Culture is the name of the culture that numbers, dates and upper case
	// follow, such as "de-DE", in any case; [Cultures] lists them. Empty is the
	// invariant culture.
	Culture string
	// Context is what the output is part of; the zero value is [ContextText].
	Context Context
}

// Template is a compiled template. It is immutable and safe for concurrent use.
type Template struct {
	name    string
	source  string // for positions and excerpts of errors
	body    []node
	missing Missing
	context Context
	culture *format.Culture
	model   *checked
}

// Compile compiles a source of at most [MaxTemplateBytes] in valid UTF-8. The
// error is [Errors]: all mistakes of the source in order of position. While it
// holds mistakes of syntax, types and the context are not checked; of mistakes of
// the context it holds the first.
func Compile(source string, opts Options) (*Template, error) {
	fail := func(kind Kind, at int, message string) error {
		return located(opts.Name, source, []problem{{kind: kind, at: at, message: message}})
	}
	if len(source) > MaxTemplateBytes {
		return nil, fail(KindLimit, 0, "the template is longer than 256 KiB")
	}
	if at := invalidUTF8(source); at >= 0 {
		return nil, fail(KindSyntax, at, "the template is not valid UTF-8")
	}
	culture, ok := format.Lookup(opts.Culture)
	if !ok {
		return nil, fail(KindOptions, 0, "there is no culture "+quoted(opts.Culture)+"; take one of "+strings.Join(Cultures(), ", ")+", or none")
	}
	if opts.Escaping > EscapeNone || opts.Missing > MissingNull || opts.Context > ContextHeader {
		return nil, fail(KindOptions, 0, "escaping, missing or context is none of the constants of this package")
	}
	body, problems := parse(source)
	if len(problems) > 0 {
		return nil, located(opts.Name, source, problems)
	}
	model, problems := check(body, source)
	if opts.Escaping == EscapeContextual || opts.Context == ContextHeader { // no header has two lines
		problems = append(problems, followContext(body, opts.Context, source)...)
	}
	if len(problems) > 0 {
		return nil, located(opts.Name, source, problems)
	}
	return &Template{name: opts.Name, source: source, body: body, missing: opts.Missing, context: opts.Context, culture: culture, model: model}, nil
}

// Model returns what the template needs of its data.
func (t *Template) Model() Model { return Model{Fields: t.model.root.export()} }

// Uses reports whether the template refers to the value at a path such as
// "WebhookRequest.TransactionalId", or to one below it. Names are compared in
// any case. Text that only looks like a reference does not count.
func (t *Template) Uses(path string) bool { return t.model.root.find(path) != nil }

// Static reports whether the template has only text and comments, so that all
// data gives the same output.
func (t *Template) Static() bool {
	_, whole := t.StaticPrefix()
	return whole
}

// StaticPrefix returns the text before the first output or control instruction,
// which begins every output of the template. The flag is true if that is all
// there is.
func (t *Template) StaticPrefix() (text string, whole bool) {
	var b strings.Builder
	for _, n := range t.body {
		switch n := n.(type) {
		case *textNode:
			b.WriteString(n.text)
		case *commentNode:
		default:
			return b.String(), false
		}
	}
	return b.String(), true
}

// String returns source that compiles to an equal template: white space inside
// instructions is gone, keywords are in lower case, everything else is as it
// was.
func (t *Template) String() string { return sourceOf(t.body) }

// View returns the template for showing to people: like [Template.String], but
// without comments. It need not compile to the same template.
func (t *Template) View() string { return withoutComments(t.body) }

// Fill returns the template with every output replaced by value, to judge a URL
// before there is data. The flag is false, and the text empty, if the template
// has conditions, loops or assignments, so that no one text stands for it.
func (t *Template) Fill(value string) (text string, ok bool) {
	var b strings.Builder
	for _, n := range t.body {
		switch n := n.(type) {
		case *textNode:
			b.WriteString(n.text)
		case *outputNode:
			b.WriteString(value)
		case *commentNode:
		default:
			return "", false
		}
	}
	return b.String(), true
}
