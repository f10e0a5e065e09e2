package template

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what sort of mistake an [Error] is about.
type Kind string

// The kinds of error. Those up to KindLimit may come from [Compile] and are the
// author's to repair; KindData and KindRender are those of whoever sends the
// data; KindLimit may be either's.
const (
	KindOptions  Kind = "Options"  // the options name something that does not exist
	KindSyntax   Kind = "Syntax"   // the source is not a template
	KindType     Kind = "Type"     // a value is used as what it is not, or in two ways that exclude each other
	KindFunction Kind = "Function" // a function that does not exist, or not with these arguments
	KindVariable Kind = "Variable" // a variable that is read too early, or declared twice
	KindContext  Kind = "Context"  // the text around an output does not say how to write it
	KindLimit    Kind = "Limit"    // one of the limits in limits.go was passed
	KindData     Kind = "Data"     // the data is no JSON object, or not what the model needs
	KindRender   Kind = "Render"   // a value cannot be written or computed with
)

// Error is one mistake at one place. Its text is a stable sentence that may
// quote names from the template, never a value of the data.
type Error struct {
	Kind Kind
	// Name is the field the template came from, as given in [Options], or
	// "data" for errors of [ParseData].
	Name string
	// Message is one sentence without position and full stop.
	Message string
	// Line counts from 1; only line feeds end a line.
	Line int
	// Column counts from 1, in runes.
	Column int
	// Excerpt is the line in question, at most 80 runes of it, with a caret
	// under the column on a second line. Empty for errors of [ParseData], whose
	// text is not to be shown.
	Excerpt string
}

// Error returns "name:line:column: message", or without name if there is none.
func (e *Error) Error() string {
	text := strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Column) + ": " + e.Message
	if e.Name == "" {
		return text
	}
	return e.Name + ":" + text
}

// Errors is what [Compile] and rendering fail with: all errors found, at least
// one and at most [MaxErrors], in order of position.
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

// maxProblems is how many errors are collected at most before the first of them,
// in order of position, are reported.
const maxProblems = 10 * MaxErrors

// problem is an error whose position is still an offset into the source.
type problem struct {
	kind    Kind
	at      int
	message string
}

// located turns problems into errors: sorted by position, cut to [MaxErrors],
// with line, column and excerpt.
func located(name, source string, problems []problem) Errors {
	slices.SortStableFunc(problems, func(a, b problem) int { return cmp.Compare(a.at, b.at) })
	problems = problems[:min(len(problems), MaxErrors)]
	list := make(Errors, len(problems))
	for i, p := range problems {
		line, column := position(source, p.at)
		list[i] = &Error{
			Kind: p.kind, Name: name, Message: p.message,
			Line: line, Column: column, Excerpt: excerpt(source, p.at),
		}
	}
	return list
}

// position returns the line and column of an offset.
func position(source string, at int) (line, column int) {
	before := source[:at]
	line = strings.Count(before, "\n") + 1
	return line, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// excerptSide is how many runes an excerpt shows on each side of the caret.
const excerptSide = 40

// excerpt returns the surroundings of an offset and a line with a caret below.
func excerpt(source string, at int) string {
	before := source[strings.LastIndexByte(source[:at], '\n')+1 : at]
	after, _, _ := strings.Cut(source[at:], "\n")
	left := []rune(printable(before[max(0, len(before)-excerptSide*utf8.UTFMax):]))
	left = left[max(0, len(left)-excerptSide):]
	right := []rune(printable(after[:min(len(after), excerptSide*utf8.UTFMax)]))
	right = right[:min(len(right), excerptSide)]
	return string(left) + string(right) + "\n" + strings.Repeat(" ", len(left)) + "^"
}

// printable replaces what would move or hide the caret: tabs, carriage returns
// and whatever else does not print become spaces, one for one.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// maxQuoted is how many bytes of a name a message quotes; names have no limit
// of their own.
const maxQuoted = 100

// quoted returns a name or path of the template for use in a message.
func quoted(name string) string {
	if len(name) > maxQuoted {
		end := maxQuoted
		for end > 0 && !utf8.RuneStart(name[end]) { // a culture need not be UTF-8
			end--
		}
		name = name[:end] + "..."
	}
	return `"` + printable(name) + `"`
}
