//go:build linux

package canary

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"
)

// notePaths remembers which fields of a status were there.
func (w *world) notePaths(kind string, value any) {
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch value := value.(type) {
		case dict:
			for name, v := range value {
				walk(path+"."+name, v)
			}
		case list:
			for _, v := range value {
				walk(path+"[]", v)
			}
		default:
			w.statusPaths[path] = true
		}
	}
	walk(kind, value)
}

// statusFields fails if the schema of a status has a field that no object had, so that
// it was not searched with something in it.
func (w *world) statusFields(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil || len(paths) != 2 {
		t.Fatal("there are not two CRDs", paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var crd struct {
			Spec struct {
				Names    struct{ Plural string }
				Versions []struct {
					Schema struct {
						OpenAPIV3Schema schema `json:"openAPIV3Schema"`
					}
				}
			}
		}
		if err := yaml.Unmarshal(text, &crd); err != nil {
			t.Fatal(err)
		}
		for _, version := range crd.Spec.Versions {
			status, ok := version.Schema.OpenAPIV3Schema.Properties["status"]
			if !ok {
				t.Fatalf("%s has no status", path)
			}
			for _, field := range status.leaves(crd.Spec.Names.Plural) {
				if !w.statusPaths[field] {
					t.Errorf("no object had the field %s; have TestNoSecretLeaves make one that has", field)
				}
			}
		}
	}
}

// schema is what is needed of an OpenAPI schema.
type schema struct {
	Type       string
	Properties map[string]schema
	Items      *schema
}

// leaves lists the fields below a path that hold something themselves.
func (s schema) leaves(path string) (all []string) {
	for name, property := range s.Properties {
		all = append(all, property.leaves(path+"."+name)...)
	}
	if s.Items != nil {
		all = append(all, s.Items.leaves(path+"[]")...)
	}
	if len(all) == 0 {
		all = []string{path}
	}
	slices.Sort(all)
	return all
}
