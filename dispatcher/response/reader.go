package response

import (
	"errors"
	"fmt"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Reader reads answers. [Compile] makes it.
type Reader struct {
	variables  []variable
	conditions []condition
	full       bool
}

type variable struct {
	name     string
	path     *path
	required bool
}

type condition struct {
	number   int // in the manifest, from 0
	variable int
	operator plan.Operator
	value    string
}

// Compile prepares the reading of a webhook's answers. The error is what all paths and
// conditions have wrong, with an Unwrap() []error, each one sentence that begins with
// its place: "variables[code]: position 5: …". Those of a path may quote it.
func Compile(r *plan.Response) (*Reader, error) {
	reader := &Reader{full: r.Full}
	var wrong []error
	for _, v := range r.Variables {
		p, err := parse(v.Path)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("variables[%s]: the path is no JSONPath that can be used: %w", v.Name, err))
		}
		if reader.find(v.Name) >= 0 {
			wrong = append(wrong, fmt.Errorf("variables[%s]: there is another variable of this name", v.Name))
		}
		reader.variables = append(reader.variables, variable{v.Name, p, v.Required})
	}
	for i, c := range r.Conditions {
		of := reader.find(c.Variable)
		if of < 0 {
			wrong = append(wrong, fmt.Errorf("conditions[%d]: there is no variable %q", i, c.Variable))
		}
		if operators[c.Operator] == nil {
			wrong = append(wrong, fmt.Errorf("conditions[%d]: there is no operator %q", i, c.Operator))
		}
		reader.conditions = append(reader.conditions, condition{i, of, c.Operator, c.Value})
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return reader, nil
}

// find returns the place of a variable, by its name in any case, or -1.
func (r *Reader) find(name string) int {
	for i, v := range r.variables {
		if strings.EqualFold(v.name, name) {
			return i
		}
	}
	return -1
}

// operators say whether a condition holds of a variable that has a value. Of one that
// has none those that deny something hold.
var operators = map[plan.Operator]func(text, value string) bool{
	plan.OperatorExists:      func(string, string) bool { return true },
	plan.OperatorEquals:      func(text, value string) bool { return text == value },
	plan.OperatorNotEquals:   func(text, value string) bool { return text != value },
	plan.OperatorContains:    strings.Contains,
	plan.OperatorNotContains: func(text, value string) bool { return !strings.Contains(text, value) },
	plan.OperatorStartsWith:  strings.HasPrefix,
}

// holds reports whether a condition holds; text is nil if the variable has no value.
func (c condition) holds(text *string) bool {
	if text == nil {
		return c.operator == plan.OperatorNotEquals || c.operator == plan.OperatorNotContains
	}
	return operators[c.operator](*text, c.value)
}

// Result is what was read from an answer.
type Result struct {
	// Variables are those that have a value, in the order of the manifest: a string
	// as the text that it stands for, a number, true and false as they stand in the
	// document, an object or array as compact JSON. Together they have at most
	// [plan.MaxVariables] bytes.
	Variables []Variable
	// Document is the whole document in compact JSON, at most [plan.MaxFullResponse]
	// bytes; nil if it is not kept.
	Document []byte
}

// Variable is a value of an answer.
type Variable struct{ Name, Text string }

// Read reads an answer's body. An error says in one sentence, which holds nothing of
// the body, why the answer cannot be used. The result is then what was read all the
// same: everything if a condition does not hold, and all else if a required variable
// has no value; nothing if the body is no document or holds too much.
func (r *Reader) Read(body []byte) (Result, error) {
	doc, err := document(body)
	if err != nil {
		return Result{}, err
	}
	var result Result
	texts := make([]*string, len(r.variables))
	var missing error
	work, size := maxWork, 0
	for i, v := range r.variables {
		text, err := v.path.text(doc, &work)
		if text != nil {
			size += len(v.name) + len(*text)
		}
		switch {
		case errors.Is(err, errSize), size > plan.MaxVariables:
			return Result{}, fmt.Errorf("the variables of the answer have more than %d bytes together, with %s", plan.MaxVariables, v.name)
		case err != nil:
			return Result{}, fmt.Errorf("variable %s %w", v.name, err)
		case text != nil:
			result.Variables = append(result.Variables, Variable{v.name, *text})
		case v.required && missing == nil:
			missing = fmt.Errorf("the answer has no value for the variable %s, which is required", v.name)
		}
		texts[i] = text
	}
	if r.full {
		var fits bool
		if result.Document, fits = appendCompact(make([]byte, 0, min(len(doc), plan.MaxFullResponse)), doc, plan.MaxFullResponse); !fits {
			return Result{}, fmt.Errorf("the answer's document has more than %d bytes without white space, so it cannot be kept whole", plan.MaxFullResponse)
		}
	}
	if missing != nil {
		return result, missing
	}
	for _, c := range r.conditions {
		if !c.holds(texts[c.variable]) {
			return result, fmt.Errorf("conditions[%d] does not hold: %s of variable %s", c.number, c.operator, r.variables[c.variable].name)
		}
	}
	return result, nil
}

// errSize says that a value alone has more bytes than all variables may have.
var errSize = errors.New("has too many bytes")

// text returns the text of what a path finds, nil if that is nothing or null.
func (p *path) text(doc []byte, work *int) (*string, error) {
	var list []byte
	var one *string
	w := walk{path: p, left: work, found: func(node []byte) (err error) {
		if p.singular {
			one, err = textOf(node)
			return err
		}
		separator := byte(',')
		if list == nil {
			separator = '['
		}
		fits := false
		if list, fits = appendCompact(append(list, separator), node, plan.MaxVariables); !fits {
			return errSize
		}
		return nil
	}}
	if err := w.from(doc, 0); err != nil || list == nil {
		return one, err
	}
	text := string(append(list, ']'))
	return &text, nil
}

// textOf is the text of one value, nil of null.
func textOf(node []byte) (*string, error) {
	var text string
	switch {
	case string(node) == "null":
		return nil, nil
	case node[0] == '"':
		if len(node) > 6*plan.MaxVariables { // an escape of six bytes stands for one at least
			return nil, errSize
		}
		text = unquote(node)
	default:
		compact, fits := appendCompact(nil, node, plan.MaxVariables)
		if !fits {
			return nil, errSize
		}
		text = string(compact)
	}
	return &text, nil
}
