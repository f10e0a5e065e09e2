package v1alpha1_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

func TestValidSamplesAreAccepted(t *testing.T) {
	c := newClient(t)
	for _, s := range readSamples(t, "testdata/valid") {
		t.Run(s.name, func(t *testing.T) {
			if err := c.Create(t.Context(), s.object, client.DryRunAll); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestInvalidSamplesAreRefused also fails when a bound or a rule of the schemas
// has no sample that it refuses.
func TestInvalidSamplesAreRefused(t *testing.T) {
	c := newClient(t)
	seen := map[string][]metav1.StatusCause{}
	for _, s := range readSamples(t, "testdata/invalid") {
		t.Run(s.name, func(t *testing.T) {
			err := c.Create(t.Context(), s.object, client.DryRunAll)
			var status *apierrors.StatusError
			if !apierrors.IsInvalid(err) || !errors.As(err, &status) {
				t.Fatalf("got %v, want it refused as invalid", err)
			}
			causes := status.ErrStatus.Details.Causes
			if len(s.wants) == 0 {
				t.Errorf("the sample wants nothing; it got:\n%s", format(causes))
			}
			for _, w := range s.wants {
				if !has(causes, w.field, w.message) {
					t.Errorf("no refusal of %s with %q; got:\n%s", w.field, w.message, format(causes))
				}
			}
			for _, cause := range causes {
				cause.Field = withoutIndexes(cause.Field)
				seen[s.object.GetKind()] = append(seen[s.object.GetKind()], cause)
			}
		})
	}

	for _, crd := range readCRDs(t) {
		kind := crd.Spec.Names.Kind
		schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		for _, b := range boundsOf("spec", schema.Properties["spec"]) {
			if !has(seen[kind], b.field, b.message) {
				t.Errorf("no invalid sample of %s for %s: %s", kind, b.field, b.message)
			}
		}
	}
}

// TestAPrivateKeyIsNotRepeated: a refusal must not carry a key that somebody took
// for a certificate to where errors end up.
func TestAPrivateKeyIsNotRepeated(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "webhooks.maestra.io/v1alpha1", "kind": "WebhookIntegration",
		"metadata": map[string]any{"namespace": "default", "name": "key"},
		"spec": map[string]any{
			"url": "https://api.example.com",
			"tls": map[string]any{"caBundle": "-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----"},
		},
	}}
	err := newClient(t).Create(t.Context(), object, client.DryRunAll)
	if !apierrors.IsInvalid(err) || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("got %v, want it refused as invalid without the key", err)
	}
}

// TestEverythingHasAMaximum: otherwise one object could fill etcd or the
// dispatcher's memory, and CEL rules could not be given a cost.
func TestEverythingHasAMaximum(t *testing.T) {
	for _, crd := range readCRDs(t) {
		schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		walk("spec", schema.Properties["spec"], func(field string, s apiextensionsv1.JSONSchemaProps) {
			switch {
			case s.Type == "string" && s.MaxLength == nil && len(s.Enum) == 0:
				t.Errorf("%s: the string %s has no maximum length", crd.Name, field)
			case s.Type == "array" && s.MaxItems == nil:
				t.Errorf("%s: the list %s has no maximum", crd.Name, field)
			case (s.XPreserveUnknownFields != nil || s.AdditionalProperties != nil) && s.MaxProperties == nil:
				t.Errorf("%s: the object %s may have any number of fields", crd.Name, field)
			}
		})
	}
}

// boundsOf lists what a schema refuses, in the API server's words.
func boundsOf(field string, schema apiextensionsv1.JSONSchemaProps) []want {
	var all []want
	walk(field, schema, func(field string, s apiextensionsv1.JSONSchemaProps) {
		add := func(format string, args ...any) {
			all = append(all, want{field, fmt.Sprintf(format, args...)})
		}
		for _, name := range s.Required {
			all = append(all, want{field + "." + name, "Required value"})
		}
		if s.MinLength != nil && *s.MinLength > 0 {
			add("should be at least %d chars long", *s.MinLength)
		}
		if s.MaxLength != nil {
			add("may not be more than %d bytes", *s.MaxLength)
		}
		if s.Pattern != "" {
			add("should match '%s'", s.Pattern)
		}
		if s.Minimum != nil {
			add("should be greater than or equal to %.0f", *s.Minimum)
		}
		if s.Maximum != nil {
			add("should be less than or equal to %.0f", *s.Maximum)
		}
		if s.MinItems != nil {
			add("should have at least %d items", *s.MinItems)
		}
		if s.MaxItems != nil {
			add("must have at most %d items", *s.MaxItems)
		}
		if s.MinProperties != nil {
			add("should have at least %d properties", *s.MinProperties)
		}
		if s.MaxProperties != nil {
			add("must have at most %d items", *s.MaxProperties)
		}
		if len(s.Enum) > 0 {
			add("Unsupported value")
		}
		if s.XListType != nil && *s.XListType != "atomic" {
			add("Duplicate value")
		}
		for _, rule := range s.XValidations {
			all = append(all, want{field + rule.FieldPath, rule.Message})
		}
	})
	return all
}

// walk visits a schema and all below it; a list's items have the list's own path,
// and what any name of an object may lead to has that of the name team.
func walk(field string, s apiextensionsv1.JSONSchemaProps, visit func(string, apiextensionsv1.JSONSchemaProps)) {
	visit(field, s)
	for name, property := range s.Properties {
		walk(field+"."+name, property, visit)
	}
	if s.Items != nil {
		walk(field, *s.Items.Schema, visit)
	}
	if s.AdditionalProperties != nil {
		walk(field+".team", *s.AdditionalProperties.Schema, visit)
	}
}

func readCRDs(t *testing.T) []apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(files) != 2 {
		t.Fatalf("found CRDs %v: %v", files, err)
	}
	crds := make([]apiextensionsv1.CustomResourceDefinition, len(files))
	for i, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(content, &crds[i]); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return crds
}

func has(causes []metav1.StatusCause, field, message string) bool {
	for _, cause := range causes {
		if cause.Field == field && strings.Contains(cause.Message, message) {
			return true
		}
	}
	return false
}

var index = regexp.MustCompile(`\[[^]]*\]`)

func withoutIndexes(field string) string { return index.ReplaceAllString(field, "") }

func format(causes []metav1.StatusCause) string {
	var b strings.Builder
	for _, cause := range causes {
		message := cause.Message
		if len(message) > 200 {
			message = message[:100] + " ... " + message[len(message)-100:]
		}
		fmt.Fprintf(&b, "  %s: %s\n", cause.Field, message)
	}
	return b.String()
}
