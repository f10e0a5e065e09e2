package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// root is the module's, as seen from here.
var root = filepath.Join("..", "..")

// TestHeldBy: the documents that promise something name tests that there are.
func TestHeldBy(t *testing.T) {
	for _, document := range []string{"ARCHITECTURE.md", "docs/security.md"} {
		text, err := os.ReadFile(filepath.Join(root, document))
		if err != nil {
			t.Fatal(err)
		}
		rows, problems := heldBy(string(text))
		if rows == 0 {
			t.Errorf("%s has no table with a column %q", document, column)
		}
		for _, problem := range problems {
			t.Errorf("%s:%s", document, problem)
		}
	}
}

func TestHeldByFindsMistakes(t *testing.T) {
	const text = `| what | held by |
| --- | --- |
| good | ` + "`test/docs`" + ` TestHeldBy, TestHeldByFindsMistakes; ` + "`plan`" + ` FuzzJoinURL and ` + "`control`" + ` TestSocketIsPrivateAndGoesAway |
| in words | reviewers |
| another name | ` + "`test/docs`" + ` TestHeldByNobody |
| another package | ` + "`plan`" + ` TestHeldBy |
| no package | TestHeldBy |
| no such package | ` + "`nothing`" + ` TestHeldBy |

| what | means |
| --- | --- |
| TestNobody | of another table |
`
	want := []string{
		"4: the row names no test",
		"5: TestHeldByNobody is not in test/docs",
		"6: TestHeldBy is not in dispatcher/plan",
		"7: TestHeldBy stands behind no package",
		`8: there is no package "nothing"`,
	}
	rows, problems := heldBy(text)
	if diff := cmp.Diff(want, problems); diff != "" || rows != 6 {
		t.Errorf("%d rows, want 6; problems (-want +got):\n%s", rows, diff)
	}
}

// column is the head of the last column of the tables that are looked at.
const column = "held by"

// words are packages in backquotes, and tests.
var words = regexp.MustCompile("`([^`]+)`|\\b((?:Test|Fuzz)[A-Z]\\w*)")

// heldBy counts the rows of a document's tables and returns what is wrong with
// them, each with its line.
func heldBy(text string) (rows int, problems []string) {
	within := false
	for i, line := range strings.Split(text, "\n") {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		last := strings.TrimSpace(cells[len(cells)-1])
		switch {
		case !strings.HasPrefix(line, "|"):
			within = false
		case last == column:
			within = true
		case within && !strings.HasPrefix(last, "---"):
			rows++
			for _, problem := range rowProblems(last) {
				problems = append(problems, fmt.Sprintf("%d: %s", i+1, problem))
			}
		}
	}
	return rows, problems
}

// rowProblems judges one cell: packages, each followed by its tests.
func rowProblems(cell string) (problems []string) {
	dir, tests := "", 0
	for _, word := range words.FindAllStringSubmatch(cell, -1) {
		name, test := word[1], word[2]
		if name != "" {
			if dir = packageDir(name); dir == "" {
				return append(problems, fmt.Sprintf("there is no package %q", name))
			}
			continue
		}
		tests++
		if dir == "" {
			problems = append(problems, test+" stands behind no package")
		} else if !has(dir, test) {
			problems = append(problems, test+" is not in "+dir)
		}
	}
	if tests == 0 {
		problems = append(problems, "the row names no test")
	}
	return problems
}

// packageDir finds a package by its path or, below the dispatcher, by its last
// part.
func packageDir(name string) string {
	for _, dir := range []string{name, "dispatcher/internal/" + name, "dispatcher/" + name} {
		if files, err := filepath.Glob(filepath.Join(root, dir, "*.go")); err == nil && len(files) > 0 {
			return dir
		}
	}
	return ""
}

// has reports whether a package has a test of that name.
func has(dir, test string) bool {
	files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
	if err != nil {
		return false
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return false
		}
		for _, declaration := range parsed.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == test {
				return true
			}
		}
	}
	return false
}
