package template

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// docsFile is the language's reference for authors. Its examples are run here:
//
//   - a fenced block "template", then "options" and "json" (both optional), then
//     "output" or "error";
//   - a row of a table whose header has the columns "template" and "output" or
//     "error", and perhaps "data" and "options". Cells are code spans;
//   - a row of a table of formats: its header has the column "format" and others
//     such as "`formatDecimal(1.5, …)`". Cells are lists of code spans.
//
// An error block is what the author sees, with excerpts; an error cell is the
// kind. Options are lines "name: value" in a block, "name: value, …" in a cell.
const docsFile = "../../docs/template-language.md"

// docsHost is what every example of the page is rendered with; the page says so.
var docsHost = Host{
	TransactionalID: "0197b1de-7c00-7000-8000-000000000001",
	CreatedAt:       time.Date(2026, 3, 29, 12, 5, 9, 0, time.UTC),
}

// docsExample is one example of the page.
type docsExample struct {
	line           int
	template, data string
	opts           Options
	want           string
	fails          bool // want is the error
	cell           bool // of a table: an error is only its kind
}

func TestDocsExamples(t *testing.T) {
	examples := docsExamples(t)
	if len(examples) < 100 {
		t.Errorf("found only %d examples in %s", len(examples), docsFile)
	}
	for _, e := range examples {
		t.Run(fmt.Sprintf("line %d", e.line), func(t *testing.T) {
			got, err := renderDocs(e)
			if err != nil {
				got = docsError(err, e.cell)
			}
			if diff := cmp.Diff(e.want, got); diff != "" || e.fails != (err != nil) {
				t.Errorf("template %q, data %s: error %v (-want +got)\n%s", e.template, e.data, err, diff)
			}
		})
	}
}

// TestDocsNameEveryFunction fails if a function has no example that succeeds.
func TestDocsNameEveryFunction(t *testing.T) {
	called := make(map[string]bool)
	call := regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)\s*\(`)
	for _, e := range docsExamples(t) {
		if e.fails {
			continue
		}
		for _, match := range call.FindAllStringSubmatch(e.template, -1) {
			called[strings.ToLower(match[1])] = true
		}
	}
	for _, name := range functionNames() {
		if !called[strings.ToLower(name)] {
			t.Errorf("%s has no example with the function %s", docsFile, name)
		}
	}
}

// TestDocsNameEveryCulture fails if a culture is not listed.
func TestDocsNameEveryCulture(t *testing.T) {
	text, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Cultures() {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s does not name the culture %s", docsFile, name)
		}
	}
}

// renderDocs does all that a call does to one template.
func renderDocs(e docsExample) (string, error) {
	compiled, err := Compile(e.template, e.opts)
	if err != nil {
		return "", err
	}
	data, err := ParseData([]byte(e.data))
	if err != nil {
		return "", err
	}
	return compiled.Render(data.With(docsHost))
}

// docsError writes an error as the page does.
func docsError(err error, cell bool) string {
	var list Errors
	var one *Error
	if errors.As(err, &one) {
		list = Errors{one}
	}
	errors.As(err, &list)
	var lines []string
	for _, e := range list {
		if cell {
			lines = append(lines, string(e.Kind))
		} else {
			lines = append(lines, e.Error(), e.Excerpt)
		}
	}
	if cell {
		return strings.Join(slices.Compact(lines), ", ")
	}
	return strings.Join(lines, "\n")
}

// docsExamples reads the examples of the page.
func docsExamples(t *testing.T) []docsExample {
	t.Helper()
	text, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	p := docsParser{t: t, lines: strings.Split(string(text), "\n")}
	for p.at < len(p.lines) {
		line := p.lines[p.at]
		p.at++
		switch {
		case strings.HasPrefix(line, "```"):
			p.fence(strings.TrimPrefix(line, "```"))
		case strings.HasPrefix(line, "|"):
			p.table(line)
		}
	}
	if p.open != nil {
		t.Fatalf("%s:%d: the template has no output", docsFile, p.open.line)
	}
	return p.done
}

// docsParser finds the examples.
type docsParser struct {
	t     *testing.T
	lines []string
	at    int // of the next line
	open  *docsExample
	done  []docsExample
}

// fence reads a block up to its end.
func (p *docsParser) fence(kind string) {
	start := p.at
	for p.at < len(p.lines) && p.lines[p.at] != "```" {
		p.at++
	}
	text := strings.Join(p.lines[start:min(p.at, len(p.lines))], "\n")
	p.at++
	if kind != "template" && p.open == nil {
		if kind == "output" || kind == "error" || kind == "options" {
			p.t.Fatalf("%s:%d: a block %q stands before any template", docsFile, start, kind)
		}
		return // of another language
	}
	switch kind {
	case "template":
		if p.open != nil {
			p.t.Fatalf("%s:%d: the template has no output", docsFile, p.open.line)
		}
		p.open = &docsExample{line: start, template: text, data: "{}"}
	case "json":
		p.open.data = text
	case "options":
		for line := range strings.SplitSeq(text, "\n") {
			p.option(p.open, line)
		}
	case "output", "error":
		p.open.want, p.open.fails = text, kind == "error"
		p.done = append(p.done, *p.open)
		p.open = nil
	}
}

// table reads the rows of a table, if it is one of examples.
func (p *docsParser) table(header string) {
	columns := tableCells(header)
	if columns[0] == "format" {
		p.formats(columns)
		return
	}
	examples := slices.Contains(columns, "template") &&
		(slices.Contains(columns, "output") || slices.Contains(columns, "error"))
	p.at++ // the dashes
	for ; p.at < len(p.lines) && strings.HasPrefix(p.lines[p.at], "|"); p.at++ {
		if !examples {
			continue
		}
		e := docsExample{line: p.at + 1, data: "{}", cell: true}
		cells := tableCells(p.lines[p.at])
		if len(cells) != len(columns) {
			p.t.Fatalf("%s:%d: the row has %d cells, its table %d columns", docsFile, e.line, len(cells), len(columns))
		}
		for i, cell := range cells {
			switch columns[i] {
			case "template":
				e.template = cell
			case "data":
				if cell != "" {
					e.data = cell
				}
			case "options":
				for option := range strings.SplitSeq(cell, ", ") {
					p.option(&e, option)
				}
			case "output", "error":
				e.want, e.fails = cell, columns[i] == "error"
			}
		}
		p.done = append(p.done, e)
	}
}

// formats reads the rows of a table of formats.
func (p *docsParser) formats(columns []string) {
	function := regexp.MustCompile(`^(\w+)\((.+), …\)$`)
	span := regexp.MustCompile("`([^`]*)`")
	p.at++ // the dashes
	for ; p.at < len(p.lines) && strings.HasPrefix(p.lines[p.at], "|"); p.at++ {
		cells := strings.Split(strings.Trim(p.lines[p.at], "|"), "|")
		formats := span.FindAllStringSubmatch(cells[0], -1)
		for i, column := range columns {
			match := function.FindStringSubmatch(column)
			if match == nil {
				continue
			}
			results := span.FindAllStringSubmatch(cells[i], -1)
			if len(results) != len(formats) {
				p.t.Fatalf("%s:%d: %d formats have %d results", docsFile, p.at+1, len(formats), len(results))
			}
			for j, format := range formats {
				p.done = append(p.done, docsExample{
					line: p.at + 1, data: `{"x": ` + match[2] + "}", cell: true,
					template: "${ " + match[1] + `(x, "` + format[1] + `") }`, want: results[j][1],
				})
			}
		}
	}
}

// tableCells splits a row. Within a cell | is written \|, and code stands
// between backticks.
func tableCells(row string) []string {
	row = strings.ReplaceAll(row, `\|`, "\x00")
	cells := strings.Split(strings.Trim(row, "|"), "|")
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		if code, ok := strings.CutPrefix(cell, "`"); ok {
			cell = strings.TrimSuffix(code, "`")
		}
		cells[i] = strings.ReplaceAll(cell, "\x00", "|")
	}
	return cells
}

// docsPlaces are the contexts as the page names them.
var docsPlaces = map[string]Context{
	"text": ContextText, "JSON body": ContextJSON, "form body": ContextForm,
	"XML body": ContextXML, "URL": ContextURL, "header": ContextHeader,
}

// option sets one option of an example.
func (p *docsParser) option(e *docsExample, text string) {
	name, value, _ := strings.Cut(text, ": ")
	place, known := docsPlaces[value]
	switch {
	case text == "":
	case name == "place" && known:
		e.opts.Context = place
	case name == "escaping" && value == "None":
		e.opts.Escaping = EscapeNone
	case name == "missing" && value == "Null":
		e.opts.Missing = MissingNull
	case name == "culture":
		e.opts.Culture = value
	default:
		p.t.Fatalf("%s:%d: unknown option %q", docsFile, e.line, text)
	}
}
