package scenario

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/tools/txtar"
)

// story is one file.
type story struct {
	path     string
	sections []section
}

// section is a part of a story: its name, and its lines with their numbers in
// the file, empty ones and comments left out.
type section struct {
	name  string
	lines []numbered
}

// numbered is a line of a file.
type numbered struct {
	number int
	text   string
}

// read reads the stories of a folder.
func read(t *testing.T, pattern string) []*story {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories in %s (%v)", pattern, err)
	}
	stories := make([]*story, len(paths))
	for i, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(string(archive.Comment)) == "" {
			t.Fatalf("%s does not say what it shows", path)
		}
		stories[i] = parse(path, archive)
	}
	return stories
}

// parse gives every line its number back, which txtar forgets.
func parse(path string, archive *txtar.Archive) *story {
	s := &story{path: filepath.ToSlash(path)}
	at := strings.Count(string(archive.Comment), "\n") + 1 // of the section's marker
	for _, file := range archive.Files {
		part := section{name: file.Name}
		for i, text := range strings.Split(strings.TrimSuffix(string(file.Data), "\n"), "\n") {
			if text = strings.TrimSpace(text); text != "" && !strings.HasPrefix(text, "#") {
				part.lines = append(part.lines, numbered{at + 1 + i, text})
			}
		}
		s.sections = append(s.sections, part)
		at += strings.Count(string(file.Data), "\n") + 1
	}
	return s
}

// name is the file's, without its ending.
func (s *story) name() string { return strings.TrimSuffix(filepath.Base(s.path), ".txtar") }

// play plays a story within a bubble and returns its first failure.
func (s *story) play(t *testing.T) error {
	r := &runner{world: newWorld(t), calls: map[string]*call{}}
	started, last := false, 0
	for _, part := range s.sections {
		run := r.section(part.name)
		if run == nil {
			continue
		}
		if part.name == "script" && !started {
			started = true
			if err := r.world.start(true); err != nil {
				return fmt.Errorf("%s: start: %w", s.path, err)
			}
		}
		for _, line := range part.lines {
			last = line.number
			if err := run(&words{line.text}); err != nil {
				return s.failure(line, r, err)
			}
		}
	}
	if !started {
		return fmt.Errorf("%s: there is no script", s.path)
	}
	if err := r.end(); err != nil {
		return s.failure(numbered{last, "the end"}, r, err)
	}
	return nil
}

// failure says where and when a story went wrong.
func (s *story) failure(line numbered, r *runner, err error) error {
	return fmt.Errorf("%s:%d: %s\n\tat %v: %w", s.path, line.number, line.text, r.world.since(), err)
}

// section returns what reads the lines of a section, or nil for one that
// belongs to a test of this package.
func (r *runner) section(name string) func(*words) error {
	kind, object, _ := strings.Cut(name, " ")
	switch kind {
	case "integration":
		in := r.world.config.integration(object)
		return in.set
	case "webhook":
		wh := r.world.config.webhook(object)
		return wh.set
	case "script":
		return r.command
	case "failure":
		return nil
	}
	return func(*words) error { return errors.New("there is no section " + name) }
}

func TestStories(t *testing.T) {
	for _, s := range read(t, "testdata/*.txtar") {
		t.Run(s.name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if err := s.play(t); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestFailures plays stories that go wrong, so that a story that passes says
// something: each fails with the text of its section failure, at its last line.
func TestFailures(t *testing.T) {
	for _, s := range read(t, "testdata/failing/*.txtar") {
		t.Run(s.name(), func(t *testing.T) {
			var want []string
			last := 0
			for _, part := range s.sections {
				for _, line := range part.lines {
					switch part.name {
					case "failure":
						want = append(want, line.text)
					case "script":
						last = line.number
					}
				}
			}
			synctest.Test(t, func(t *testing.T) {
				err := s.play(t)
				if err == nil {
					t.Fatal("the story passes")
				}
				for _, part := range append(want, fmt.Sprintf("%s:%d: ", s.path, last)) {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("the failure has no %q:\n%v", part, err)
					}
				}
			})
		})
	}
}
