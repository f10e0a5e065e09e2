package template

import "github.com/maestra-io/webhook-operator/dispatcher/template/internal/format"

// Escaping says how values are written into the output.
type Escaping uint8

const (
	// EscapeContextual writes each value as its place in the static text needs
	// it, so that no value can change what the text around it means.
	EscapeContextual Escaping = iota
	// EscapeNone writes every value as it is, and looks at no grammar. In a
	// header a line break still fails the rendering.
	EscapeNone
)

// Missing says what becomes of a value that a template mentions and the data
// does not have.
type Missing uint8

const (
	// MissingFail fails the rendering, also if the value stands in a branch that
	// is not taken.
	MissingFail Missing = iota
	// MissingNull makes the value, and everything below it, null. An object that
	// is null counts as missing.
	MissingNull
)

// Context is what the output of a template is part of. It decides what
// [EscapeContextual] does.
type Context uint8

const (
	// ContextText is text without a grammar: values are written as they are.
	ContextText Context = iota
	// ContextJSON is one JSON text (RFC 8259).
	ContextJSON
	// ContextForm is application/x-www-form-urlencoded (WHATWG URL, 5).
	ContextForm
	// ContextXML is one XML document (XML 1.0).
	ContextXML
	// ContextURL is a path, a query, or both (RFC 3986).
	ContextURL
	// ContextHeader is the value of one HTTP header (RFC 9110, 5.5).
	ContextHeader
)

// Cultures lists the names that [Options.Culture] takes, sorted.
func Cultures() []string { return format.Names() }
