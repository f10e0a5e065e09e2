package compile_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/yaml"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

var update = flag.Bool("update", false, "write the *.out.yaml files")

// canary is part of every private value in testdata.
const canary = "s3cr3t"

// metadata is what of an object's compile gets to see. The namespace is shop if
// none is given.
type metadata struct {
	Name, Namespace string
	Labels          map[string]string
}

func (m metadata) key() plan.Key {
	if m.Namespace == "" {
		return plan.Key{Namespace: "shop", Name: m.Name}
	}
	return plan.Key{Namespace: m.Namespace, Name: m.Name}
}

// secret is what of a Secret compile gets to see. Refused stands for one that
// the API server does not hand out.
type secret struct {
	Kind       string
	Metadata   metadata
	StringData map[string]string
	Data       map[string][]byte
	Repeat     int // gives each value of stringData that many times
	Refused    string
}

// configMap is the same of a ConfigMap. Repeat gives each value that many times.
type configMap struct {
	Kind       string
	Metadata   metadata
	Data       map[string]string
	BinaryData map[string][]byte
	Repeat     int
	Refused    string
}

// input is what an *.in.yaml file holds.
type input struct {
	integrations []*v1alpha1.WebhookIntegration
	webhooks     []v1alpha1.Webhook
	secrets      map[plan.Key]secret
	configMaps   map[plan.Key]configMap
	labels       map[string]map[string]string // of namespaces
}

// TestGolden compiles the objects of every testdata/*.in.yaml, each webhook
// against its integration and its neighbours, and compares with *.out.yaml. In
// both, {{name}} stands for the text in PEM that newPEMs makes under that name.
func TestGolden(t *testing.T) {
	pems := newPEMs(t)
	files, err := filepath.Glob("testdata/*.in.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata found (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".in.yaml"), func(t *testing.T) {
			got := compiled(t, read(t, file, pems), pems)
			for _, private := range append(pems.privateLines(), canary) {
				if bytes.Contains(got, []byte(private)) {
					t.Errorf("the private value %s is shown:\n%s", private, got)
				}
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

func read(t *testing.T, file string, pems pems) input {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in := input{secrets: map[plan.Key]secret{}, configMaps: map[plan.Key]configMap{}, labels: map[string]map[string]string{}}
	for document := range strings.SplitSeq(pems.fillIn(string(content)), "\n---\n") {
		var head struct {
			Kind     string
			Metadata metadata
		}
		if err := yaml.Unmarshal([]byte(document), &head); err != nil {
			t.Fatal(err)
		}
		key := head.Metadata.key()
		switch head.Kind {
		case "WebhookIntegration":
			obj := decode[v1alpha1.WebhookIntegration](t, document)
			obj.Namespace, obj.Generation = key.Namespace, 1
			in.integrations = append(in.integrations, &obj)
		case "Webhook":
			obj := decode[v1alpha1.Webhook](t, document)
			obj.Namespace, obj.Generation = key.Namespace, 1
			in.webhooks = append(in.webhooks, obj)
		case "Secret":
			in.secrets[key] = decode[secret](t, document)
		case "ConfigMap":
			in.configMaps[key] = decode[configMap](t, document)
		case "Namespace":
			in.labels[head.Metadata.Name] = head.Metadata.Labels
		default:
			t.Fatalf("%s: unknown kind %q", file, head.Kind)
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

// look is the Secrets of a namespace.
func (in input) look(namespace string) compile.Secrets {
	return func(name string) (map[string][]byte, error) {
		s, ok := in.secrets[plan.Key{Namespace: namespace, Name: name}]
		switch {
		case !ok:
			return nil, nil
		case s.Refused != "":
			return nil, errors.New(s.Refused)
		}
		data := map[string][]byte{}
		for key, value := range s.StringData {
			data[key] = bytes.Repeat([]byte(value), max(1, s.Repeat))
		}
		for key, value := range s.Data {
			data[key] = value
		}
		return data, nil
	}
}

// lookConfigMap is the ConfigMaps of a namespace.
func (in input) lookConfigMap(namespace string) compile.ConfigMaps {
	return func(name string) (*compile.ConfigMap, error) {
		c, ok := in.configMaps[plan.Key{Namespace: namespace, Name: name}]
		switch {
		case !ok:
			return nil, nil
		case c.Refused != "":
			return nil, errors.New(c.Refused)
		}
		data := map[string]string{}
		for key, value := range c.Data {
			data[key] = strings.Repeat(value, max(1, c.Repeat))
		}
		return &compile.ConfigMap{Data: data, BinaryData: c.BinaryData}, nil
	}
}

// webhookOutput is a result and what came of its sample.
type webhookOutput struct {
	compile.WebhookResult

	Sample string
	// Manifest is that of the plan, for people.
	Manifest map[string]any
}

// unpack takes the manifest out of the plan, and makes sure that it is the whole spec and
// nothing else.
func (out *webhookOutput) unpack(t *testing.T, spec *v1alpha1.WebhookSpec) {
	t.Helper()
	text, err := gzip.NewReader(bytes.NewReader(out.Plan.Manifest))
	if err != nil {
		t.Fatal(err)
	}
	var back v1alpha1.WebhookSpec
	all, err := io.ReadAll(text)
	if err == nil {
		err = errors.Join(json.Unmarshal(all, &back), json.Unmarshal(all, &out.Manifest))
	}
	if err != nil || !equality.Semantic.DeepEqual(&back, spec) {
		t.Fatalf("the manifest is %s (%v)", all, err)
	}
	out.Plan.Manifest = nil
	delete(out.Manifest, "sampleData") // of which nothing may be in what else is shown
}

func compiled(t *testing.T, in input, pems pems) []byte {
	t.Helper()
	var out bytes.Buffer
	add := func(name string, result any) {
		var tree any
		text, err := yaml.Marshal(result)
		if err == nil {
			err = yaml.Unmarshal(text, &tree)
		}
		if err == nil {
			text, err = yaml.Marshal(prune(tree, pems))
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "--- # %s\n%s", name, text)
	}
	integrations := map[plan.Key]*compile.IntegrationResult{}
	for _, obj := range in.integrations {
		result := compile.Integration(obj, compile.Sources{Secrets: in.look(obj.Namespace), ConfigMaps: in.lookConfigMap(obj.Namespace)})
		integrations[result.Plan.Key] = &result
		add("WebhookIntegration "+obj.Name, result)
	}
	for i := range in.webhooks {
		obj := &in.webhooks[i]
		from := compile.WebhookInput{
			Object:          obj,
			Integration:     integrations[compile.IntegrationOf(obj)],
			NamespaceLabels: in.labels[obj.Namespace],
			ConfigMaps:      in.lookConfigMap(obj.Namespace),
			HeldBy:          compile.Holder(obj, in.webhooksOf(obj.Namespace)),
		}
		out := webhookOutput{WebhookResult: compile.Webhook(from)}
		if again := compile.Webhook(from); !bytes.Equal(again.Plan.Manifest, out.Plan.Manifest) {
			t.Errorf("the manifest of %s is another each time", obj.Name)
		}
		out.unpack(t, &obj.Spec)
		var given bool
		if out.Sample, given = out.TrySample(); given && out.Sample == "" {
			out.Sample = "rendered"
		}
		add("Webhook "+obj.Name, out)
	}
	return out.Bytes()
}

// webhooksOf returns the webhooks of a namespace.
func (in input) webhooksOf(namespace string) []v1alpha1.Webhook {
	return slices.DeleteFunc(slices.Clone(in.webhooks), func(w v1alpha1.Webhook) bool { return w.Namespace != namespace })
}

// prune leaves out what is empty or zero, and names what is in PEM.
func prune(tree any, pems pems) any {
	switch node := tree.(type) {
	case map[string]any:
		for key, value := range node {
			if value = prune(value, pems); value == nil {
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
			node[i] = prune(node[i], pems)
		}
		if len(node) == 0 {
			return nil
		}
	case string:
		if node == "" {
			return nil
		}
		return pems.names(node)
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
