package template

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// testHost is what every case of testdata/spec is rendered with.
var testHost = Host{
	TransactionalID: "0197b1de-7c00-7000-8000-000000000001",
	CreatedAt:       time.Date(2026, 3, 29, 14, 5, 9, 0, time.FixedZone("CEST", 2*60*60)),
}

// specCase is one case of a file in testdata/spec.
type specCase struct {
	template, data, want string
	fails                bool // want is the errors
}

// specCases reads the cases of all files, by file name.
func specCases(t testing.TB) map[string][]specCase {
	t.Helper()
	files, err := filepath.Glob("testdata/spec/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata/spec (%v)", err)
	}
	all := make(map[string][]specCase)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rule := strings.TrimSuffix(filepath.Base(file), ".txtar")
		for _, f := range archive.Files {
			text := strings.TrimSuffix(string(f.Data), "\n")
			if f.Name == "template" {
				all[rule] = append(all[rule], specCase{template: text, data: "{}"})
			}
			if len(all[rule]) == 0 {
				t.Fatalf("%s: file %s stands before the first template", file, f.Name)
			}
			c := &all[rule][len(all[rule])-1]
			switch f.Name {
			case "template":
			case "data":
				c.data = text
			case "want":
				c.want = text
			case "error":
				c.want, c.fails = text, true
			default:
				t.Fatalf("%s: unknown file %s", file, f.Name)
			}
		}
	}
	return all
}

// errorLines writes errors as testdata/spec does.
func errorLines(err error) string {
	var list Errors
	var one *Error
	switch {
	case errors.As(err, &list):
	case errors.As(err, &one):
		list = Errors{one}
	default:
		return "not of this package: " + err.Error()
	}
	lines := make([]string, len(list))
	for i, e := range list {
		lines[i] = fmt.Sprintf("%d:%d %s: %s", e.Line, e.Column, e.Kind, e.Message)
	}
	return strings.Join(lines, "\n")
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

func TestSpec(t *testing.T) {
	for rule, cases := range specCases(t) {
		t.Run(rule, func(t *testing.T) {
			for _, c := range cases {
				got, err := renderText(c.template, c.data)
				if err != nil {
					got = errorLines(err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" || c.fails != (err != nil) {
					t.Errorf("template %q, data %s: error %v (-want +got)\n%s", c.template, c.data, err, diff)
				}
			}
		})
	}
}
