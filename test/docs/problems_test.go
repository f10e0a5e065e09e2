package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryProblemIsDescribed: docs/http-api.md has a row for each type of problem
// that the API answers with, and for no other.
func TestEveryProblemIsDescribed(t *testing.T) {
	source, err := os.ReadFile("../../dispatcher/client/problem.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "## Problems")
	table, _, _ = strings.Cut(table, "\n## ")
	described := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(table, -1) {
		described[row[1]] = true
	}
	types := regexp.MustCompile(`ProblemBase \+ "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(types) == 0 {
		t.Fatal("dispatcher/client/problem.go names no type")
	}
	for _, name := range types {
		if !described[name[1]] {
			t.Errorf("docs/http-api.md does not describe %s", name[1])
		}
		delete(described, name[1])
	}
	for name := range described {
		t.Errorf("docs/http-api.md describes %s, which is no type of problem", name)
	}
}
