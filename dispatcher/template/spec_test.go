package template

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the real errors into testdata/spec where the phase agrees")

// testHost is what every case of testdata/spec is rendered with.
var testHost = Host{
	TransactionalID: "0197b1de-7c00-7000-8000-000000000001",
	CreatedAt:       time.Date(2026, 3, 29, 14, 5, 9, 0, time.FixedZone("CEST", 2*60*60)),
}

// specCase is one case of a file in testdata/spec.
type specCase struct {
	template, data, want string
	options              Options
	fails                bool // want is the errors
	result               int  // index of want or error in the archive
}

// specFile is one file of testdata/spec: a rule.
type specFile struct {
	path    string
	archive *txtar.Archive
	cases   []specCase
}

// rule is the file's name without its ending.
func (f *specFile) rule() string { return strings.TrimSuffix(filepath.Base(f.path), ".txtar") }

// specFiles reads all files, in order of their names.
func specFiles(t testing.TB) []*specFile {
	t.Helper()
	paths, err := filepath.Glob("testdata/spec/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in testdata/spec (%v)", err)
	}
	files := make([]*specFile, len(paths))
	for i, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = &specFile{path: path, archive: archive}
		if err := files[i].readCases(); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return files
}

// specCases reads the cases of all files, by rule.
func specCases(t testing.TB) map[string][]specCase {
	t.Helper()
	all := make(map[string][]specCase)
	for _, f := range specFiles(t) {
		all[f.rule()] = f.cases
	}
	return all
}

// readCases takes the cases out of the archive.
func (f *specFile) readCases() error {
	if len(strings.TrimSpace(string(f.archive.Comment))) == 0 {
		return errors.New("the rule is not put into words")
	}
	crlf := false
	for i, section := range f.archive.Files {
		text := strings.TrimSuffix(string(section.Data), "\n")
		if section.Name == "template" {
			if len(f.cases) > 0 && f.cases[len(f.cases)-1].result == 0 {
				return fmt.Errorf("section %d: the case before has no result", i)
			}
			f.cases = append(f.cases, specCase{template: text, data: "{}"})
			crlf = false
			continue
		}
		if len(f.cases) == 0 || f.cases[len(f.cases)-1].result != 0 {
			return fmt.Errorf("section %d, %s, belongs to no template", i, section.Name)
		}
		c := &f.cases[len(f.cases)-1]
		var err error
		switch section.Name {
		case "data":
			c.data = text
		case "options":
			c.options, crlf, err = parseOptions(text)
		case "want", "error":
			c.want, c.fails, c.result = text, section.Name == "error", i
			if crlf {
				c.template = strings.ReplaceAll(c.template, "\n", "\r\n")
			}
			if crlf && !c.fails {
				c.want = strings.ReplaceAll(c.want, "\n", "\r\n")
			}
		default:
			err = errors.New("unknown section " + section.Name)
		}
		if err != nil {
			return fmt.Errorf("section %d: %w", i, err)
		}
	}
	if len(f.cases) == 0 || f.cases[len(f.cases)-1].result == 0 {
		return errors.New("the last case has no result")
	}
	return nil
}

// optionValues are the lines that an options section may have, but culture.
var optionValues = map[string]func(*Options){
	"escaping: None":  func(o *Options) { o.Escaping = EscapeNone },
	"missing: Null":   func(o *Options) { o.Missing = MissingNull },
	"context: JSON":   func(o *Options) { o.Context = ContextJSON },
	"context: Form":   func(o *Options) { o.Context = ContextForm },
	"context: XML":    func(o *Options) { o.Context = ContextXML },
	"context: URL":    func(o *Options) { o.Context = ContextURL },
	"context: Header": func(o *Options) { o.Context = ContextHeader },
}

// parseOptions reads an options section. The flag says whether lines of the
// template end in CR LF.
func parseOptions(text string) (opts Options, crlf bool, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if culture, found := strings.CutPrefix(line, "culture: "); found {
			opts.Culture = culture
		} else if set, found := optionValues[line]; found {
			set(&opts)
		} else if line == "lines: CRLF" {
			crlf = true
		} else {
			return opts, false, fmt.Errorf("unknown option %q", line)
		}
	}
	return opts, crlf, nil
}

// outcome is what became of a case.
type outcome struct {
	text   string // what was written
	err    error
	static bool // Compile failed
}

// run does all that a call does to one template, and does it once more with the
// template's own text, which must come to the same.
func (c *specCase) run(t *testing.T) outcome {
	t.Helper()
	tmpl, err := Compile(c.template, c.options)
	if err != nil {
		return outcome{err: err, static: true}
	}
	parsed, err := ParseData([]byte(c.data))
	if err != nil {
		return outcome{err: err}
	}
	data := parsed.With(testHost)
	text, err := tmpl.Render(data)
	again, err2 := Compile(tmpl.String(), c.options)
	if err2 != nil {
		t.Errorf("template %q: String gives %q, which fails with %v", c.template, tmpl, err2)
		return outcome{text: text, err: err}
	}
	second, err2 := again.Render(data)
	if second != text || messages(err) != messages(err2) {
		t.Errorf("template %q gives %q, %v; its String %q gives %q, %v", c.template, text, err, tmpl, second, err2)
	}
	if err == nil && c.options.Context == ContextJSON && c.options.Escaping == EscapeContextual && !json.Valid([]byte(text)) {
		t.Errorf("template %q gives %q, which is not JSON", c.template, text)
	}
	return outcome{text: text, err: err}
}

// errorList returns the errors of this package in an error.
func errorList(err error) Errors {
	var list Errors
	var one *Error
	switch {
	case errors.As(err, &list):
		return list
	case errors.As(err, &one):
		return Errors{one}
	}
	return nil
}

// errorLines writes errors as testdata/spec does.
func errorLines(err error) string {
	list := errorList(err)
	if list == nil {
		return fmt.Sprintf("not of this package: %v", err)
	}
	lines := make([]string, len(list))
	for i, e := range list {
		lines[i] = fmt.Sprintf("%d:%d %s: %s", e.Line, e.Column, e.Kind, e.Message)
	}
	return strings.Join(lines, "\n")
}

// messages writes errors without their places, which differ between a template
// and its String.
func messages(err error) string {
	var b strings.Builder
	for _, e := range errorList(err) {
		fmt.Fprintf(&b, "%s: %s\n", e.Kind, e.Message)
	}
	return b.String()
}

// A phase line stands for an error whose message is not written down yet.
var phaseLine = regexp.MustCompile(`^(static|syntax|data|render|limit)(?: (\d+)(?::(\d+))?)?$`)

// inPhase says whether an error is one that a phase line stands for.
func inPhase(phase []string, e *Error, static bool) bool {
	of := map[string]bool{
		"static": static && e.Kind != KindLimit,
		"syntax": static && e.Kind == KindSyntax,
		"data":   !static && e.Kind == KindData,
		"render": !static && e.Kind == KindRender,
		"limit":  e.Kind == KindLimit,
	}[phase[1]]
	return of && (phase[2] == "" || phase[2] == fmt.Sprint(e.Line)) && (phase[3] == "" || phase[3] == fmt.Sprint(e.Column))
}

// agrees says whether the errors are those of the phase lines: all of one phase
// if it is a single line without a place, else one error a line, and any more if
// the last line is "...".
func agrees(want string, o outcome) bool {
	lines, list := strings.Split(want, "\n"), errorList(o.err)
	if len(list) == 0 {
		return false
	}
	more := lines[len(lines)-1] == "..."
	if more {
		lines = lines[:len(lines)-1]
	}
	if first := phaseLine.FindStringSubmatch(lines[0]); len(lines) == 1 && first != nil && first[2] == "" {
		return !slices.ContainsFunc(list, func(e *Error) bool { return !inPhase(first, e, o.static) })
	}
	if len(list) < len(lines) || len(list) > len(lines) && !more {
		return false
	}
	for i, line := range lines {
		phase := phaseLine.FindStringSubmatch(line)
		if phase == nil || !inPhase(phase, list[i], o.static) {
			return false
		}
	}
	return true
}

// check compares a case with what became of it. It returns the errors that a
// phase stands for, or "".
func (c *specCase) check(t *testing.T) string {
	t.Helper()
	o := c.run(t)
	if c.fails && phaseLine.MatchString(strings.Split(c.want, "\n")[0]) {
		if agrees(c.want, o) {
			return errorLines(o.err)
		}
		got := fmt.Sprintf("writes %q", o.text)
		if o.err != nil {
			got = fmt.Sprintf("fails (Compile: %v) with\n%s", o.static, errorLines(o.err))
		}
		t.Errorf("template %q, options %v, data %s\nwant failure %q, but it %s", c.template, c.options, c.data, c.want, got)
		return ""
	}
	got := o.text
	if o.err != nil {
		got = errorLines(o.err)
	}
	if diff := cmp.Diff(c.want, got); diff != "" || c.fails != (o.err != nil) {
		t.Errorf("template %q, options %v, data %s: error %v (-want +got)\n%s", c.template, c.options, c.data, o.err, diff)
	}
	return ""
}

func TestSpec(t *testing.T) {
	for _, f := range specFiles(t) {
		t.Run(f.rule(), func(t *testing.T) {
			changed := false
			for _, c := range f.cases {
				if lines := c.check(t); lines != "" {
					f.archive.Files[c.result].Data = []byte(lines + "\n")
					changed = true
				}
			}
			if *update && changed {
				if err := os.WriteFile(f.path, txtar.Format(f.archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// renderText does all that a call does to one template.
func renderText(source, json string) (string, error) {
	t, err := Compile(source, Options{})
	if err != nil {
		return "", err
	}
	data, err := ParseData([]byte(json))
	if err != nil {
		return "", err
	}
	return t.Render(data.With(testHost))
}
