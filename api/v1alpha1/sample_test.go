package v1alpha1_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// sample is a file of testdata. Its leading comments are directives:
//
//	# want: FIELD: MESSAGE    the API server refuses FIELD, saying MESSAGE
//	# fill: FIELD N           FIELD is set to N letters x
//	# pad: FIELD N            letters x are added to FIELD until it has N
//	# properties: FIELD N     the object FIELD gets N properties
//	# repeat: FIELD N         the list FIELD has N copies of its first item, each
//	                          with a number after its name, or after the item if
//	                          it is a text
type sample struct {
	name   string
	object *unstructured.Unstructured
	wants  []want
}

type want struct{ field, message string }

func readSamples(t *testing.T, dir string) []sample {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples in %s: %v", dir, err)
	}
	samples := make([]sample, len(files))
	for i, file := range files {
		if samples[i], err = readSample(file); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return samples
}

func readSample(file string) (sample, error) {
	s := sample{name: filepath.Base(file), object: &unstructured.Unstructured{}}
	content, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	if err := yaml.UnmarshalStrict(content, &s.object.Object); err != nil {
		return s, err
	}
	s.object.SetNamespace("default")
	s.object.SetName(strings.TrimSuffix(s.name, ".yaml"))
	for line := range strings.Lines(string(content)) {
		comment, ok := strings.CutPrefix(line, "# ")
		if !ok {
			break
		}
		if err := s.direct(strings.TrimSpace(comment)); err != nil {
			return s, fmt.Errorf("%q: %w", line, err)
		}
	}
	return s, nil
}

func (s *sample) direct(comment string) error {
	directive, rest, _ := strings.Cut(comment, ": ")
	if directive == "want" {
		field, message, _ := strings.Cut(rest, ": ")
		s.wants = append(s.wants, want{field, message})
		return nil
	}
	field, count, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	switch directive {
	case "fill":
		return s.change(field, func(any) any { return strings.Repeat("x", n) })
	case "pad":
		return s.change(field, func(old any) any { return old.(string) + strings.Repeat("x", n-len(old.(string))) })
	case "properties":
		return s.change(field, func(any) any { return properties(n) })
	case "repeat":
		return s.change(field, func(old any) any { return repeatItem(old.([]any)[0], n) })
	default:
		return fmt.Errorf("no such directive")
	}
}

func properties(n int) map[string]any {
	object := make(map[string]any, n)
	for i := range n {
		object[fmt.Sprintf("p%04d", i)] = true
	}
	return object
}

func repeatItem(item any, n int) []any {
	items := make([]any, n)
	for i := range items {
		switch item := item.(type) {
		case string:
			items[i] = fmt.Sprintf("%s%04d", item, i)
		case map[string]any:
			copied := maps.Clone(item)
			if _, ok := item["name"]; ok {
				copied["name"] = fmt.Sprintf("%s%04d", item["name"], i)
			}
			items[i] = copied
		}
	}
	return items
}

// change replaces the value at a path such as spec.headers[0].name.
func (s *sample) change(path string, replace func(any) any) error {
	steps := strings.Split(strings.ReplaceAll(path, "[", ".["), ".")
	var at any = s.object.Object
	for i, step := range steps {
		last := i == len(steps)-1
		switch node := at.(type) {
		case map[string]any:
			if last {
				node[step] = replace(node[step])
			}
			at = node[step]
		case []any:
			n, err := strconv.Atoi(strings.Trim(step, "[]"))
			if err != nil || n >= len(node) {
				return fmt.Errorf("no item %s", step)
			}
			if last {
				node[n] = replace(node[n])
			}
			at = node[n]
		default:
			return fmt.Errorf("nothing at %s", step)
		}
	}
	return nil
}
