package parts

import "strings"

// The fields that errors name, beside [HeaderField]. The body's may be another,
// see [plan.Webhook.BodyField].
const (
	urlField  = "url"
	bodyField = "body"
)

// HeaderField is the field of the header of that name in errors.
func HeaderField(name string) string { return "headers[" + name + "]" }

// Error is what is wrong with one part.
type Error struct {
	// Field is "url", the [HeaderField] of a header, or the body's field.
	Field string
	// Err is [template.Errors], or one error about the text as a whole.
	Err error
}

// Error returns the sentence, or the template's errors on one line, which begin
// with the field.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errors are all parts that have something wrong, at least one, in the order
// url, headers, body.
type Errors []*Error

// Error returns the errors on one line, separated by "; ".
func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives errors.As and errors.Is the single errors.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, err := range e {
		list[i] = err
	}
	return list
}

// add appends an error about a field, if there is one.
func (e *Errors) add(field string, err error) {
	if err != nil {
		*e = append(*e, &Error{Field: field, Err: err})
	}
}
