package compile_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
)

var update = flag.Bool("update", false, "write the *.out.yaml files")

// canary is part of every private value in testdata.
const canary = "s3cr3t"

// secret is what of a Secret compile gets to see. Refused stands for one that
// the API server does not hand out.
type secret struct {
	Kind       string
	Metadata   struct{ Name string }
	StringData map[string]string
	Data       map[string][]byte
	Refused    string
}

// configMap is the same of a ConfigMap. Repeat gives each value that many times.
type configMap struct {
	Kind       string
	Metadata   struct{ Name string }
	Data       map[string]string
	BinaryData map[string][]byte
	Repeat     int
	Refused    string
}

// input is what an *.in.yaml file holds.
type input struct {
	integrations []*v1alpha1.WebhookIntegration
	webhooks     []v1alpha1.Webhook
	secrets      map[string]secret
	configMaps   map[string]configMap
}

// TestGolden compiles the objects of every testdata/*.in.yaml, each webhook
// against its integration and its neighbours, and compares with *.out.yaml.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.in.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata found (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".in.yaml"), func(t *testing.T) {
			got := compiled(t, read(t, file))
			if bytes.Contains(got, []byte(canary)) {
				t.Errorf("a private value is shown:\n%s", got)
			}
			golden := strings.TrimSuffix(file, ".in.yaml") + ".out.yaml"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s differs (-want +got); go test -update writes it anew:\n%s", golden, diff)
			}
		})
	}
}

func read(t *testing.T, file string) input {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in := input{secrets: map[string]secret{}, configMaps: map[string]configMap{}}
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		var kind struct{ Kind string }
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			t.Fatal(err)
		}
		switch kind.Kind {
		case "WebhookIntegration":
			obj := decode[v1alpha1.WebhookIntegration](t, document)
			obj.Namespace, obj.Generation = "shop", 1
			in.integrations = append(in.integrations, &obj)
		case "Webhook":
			obj := decode[v1alpha1.Webhook](t, document)
			obj.Namespace, obj.Generation = "shop", 1
			in.webhooks = append(in.webhooks, obj)
		case "Secret":
			s := decode[secret](t, document)
			in.secrets[s.Metadata.Name] = s
		case "ConfigMap":
			c := decode[configMap](t, document)
			in.configMaps[c.Metadata.Name] = c
		default:
			t.Fatalf("%s: unknown kind %q", file, kind.Kind)
		}
	}
	return in
}

func decode[T any](t *testing.T, document string) (obj T) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(document), &obj); err != nil {
		t.Fatalf("%v in:\n%s", err, document)
	}
	return obj
}

// look is the Secrets of an input.
func (in input) look(name string) (map[string][]byte, error) {
	s, ok := in.secrets[name]
	switch {
	case !ok:
		return nil, nil
	case s.Refused != "":
		return nil, errors.New(s.Refused)
	}
	data := map[string][]byte{}
	for key, value := range s.StringData {
		data[key] = []byte(value)
	}
	for key, value := range s.Data {
		data[key] = value
	}
	return data, nil
}

// lookConfigMap is the ConfigMaps of an input.
func (in input) lookConfigMap(name string) (*compile.ConfigMap, error) {
	c, ok := in.configMaps[name]
	switch {
	case !ok:
		return nil, nil
	case c.Refused != "":
		return nil, errors.New(c.Refused)
	}
	for key, value := range c.Data {
		c.Data[key] = strings.Repeat(value, max(1, c.Repeat))
	}
	return &compile.ConfigMap{Data: c.Data, BinaryData: c.BinaryData}, nil
}

// webhookOutput is a result and what came of its sample.
type webhookOutput struct {
	compile.WebhookResult

	Sample string
}

func compiled(t *testing.T, in input) []byte {
	t.Helper()
	var out bytes.Buffer
	add := func(name string, result any) {
		var tree any
		text, err := yaml.Marshal(result)
		if err == nil {
			err = yaml.Unmarshal(text, &tree)
		}
		if err == nil {
			text, err = yaml.Marshal(prune(tree))
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "--- # %s\n%s", name, text)
	}
	integrations := map[string]*compile.IntegrationResult{}
	for _, obj := range in.integrations {
		result := compile.Integration(obj, compile.Sources{Secrets: in.look, ConfigMaps: in.lookConfigMap})
		integrations[obj.Name] = &result
		add("WebhookIntegration "+obj.Name, result)
	}
	for i := range in.webhooks {
		obj := &in.webhooks[i]
		out := webhookOutput{WebhookResult: compile.Webhook(compile.WebhookInput{
			Object:      obj,
			Integration: integrations[obj.Spec.IntegrationRef.Name],
			ConfigMaps:  in.lookConfigMap,
			HeldBy:      compile.Holder(obj, in.webhooks),
		})}
		var given bool
		if out.Sample, given = out.TrySample(); given && out.Sample == "" {
			out.Sample = "rendered"
		}
		add("Webhook "+obj.Name, out)
	}
	return out.Bytes()
}

// prune leaves out what is empty or zero.
func prune(tree any) any {
	switch node := tree.(type) {
	case map[string]any:
		for key, value := range node {
			if value = prune(value); value == nil {
				delete(node, key)
			} else {
				node[key] = value
			}
		}
		if len(node) == 0 {
			return nil
		}
	case []any:
		for i := range node {
			node[i] = prune(node[i])
		}
		if len(node) == 0 {
			return nil
		}
	case string:
		if node == "" {
			return nil
		}
	case float64:
		if node == 0 {
			return nil
		}
	case bool:
		if !node {
			return nil
		}
	}
	return tree
}
