package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

// description is the OpenAPI document with what holds requests and answers to it.
type description struct {
	t         *testing.T
	model     *v3.Document
	validator validator.Validator
	// strict refuses members, too, that are not described.
	strict validator.Validator
	// driven are the operations, statuses and problems that were seen.
	driven map[string]bool
}

func openDescription(t *testing.T) *description {
	document, err := libopenapi.NewDocument(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(document, config.WithFormatAssertions())
	strict, more := validator.NewValidator(document, config.WithFormatAssertions(), config.WithStrictMode())
	if errs = append(errs, more...); len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, errs := v.ValidateDocument(); !ok {
		for _, err := range errs {
			t.Errorf("the document: %s", err)
		}
	}
	model, err := document.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	return &description{t: t, model: &model.Model, validator: v, strict: strict, driven: map[string]bool{}}
}

// operations are all of the document as "METHOD /path".
func (d *description) operations() map[string]*v3.Operation {
	all := map[string]*v3.Operation{}
	for path, item := range d.model.Paths.PathItems.FromOldest() {
		for method, operation := range item.GetOperations().FromOldest() {
			all[strings.ToUpper(method)+" "+path] = operation
		}
	}
	return all
}

// described are all statuses of the document, with the types of their problems.
func (d *description) described() (all []string) {
	for _, operation := range d.operations() {
		for status, response := range operation.Responses.Codes.FromOldest() {
			var media *v3.MediaType
			if response.Content != nil {
				media = response.Content.GetOrZero("application/problem+json")
			}
			if media == nil {
				all = append(all, operation.OperationId+" "+status)
				continue
			}
			for _, kind := range media.Schema.Schema().AllOf[1].Schema().Properties.GetOrZero("type").Schema().Enum {
				all = append(all, operation.OperationId+" "+status+" "+strings.TrimPrefix(kind.Value, client.ProblemBase))
			}
		}
	}
	return all
}

// check holds an answer, and the request if it is meant to be valid, to the document.
func (d *description) check(name string, r *http.Request, answer reply, valid bool) {
	d.t.Helper()
	if valid {
		sent := r.Clone(r.Context())
		text, err := r.GetBody()
		if err != nil {
			d.t.Fatal(err)
		}
		all, err := io.ReadAll(text)
		if err != nil {
			d.t.Fatal(err)
		}
		sent.Body = io.NopCloser(bytes.NewReader(d.lines(name, "BatchCall", r.Header, all)))
		if ok, errs := d.validator.ValidateHttpRequest(sent); !ok {
			d.t.Errorf("%s: the request: %v", name, errs)
		}
	}
	if len(answer.body) == 0 { // the validator knows no answer that may have a body
		if name != "sendEvents 202" && answer.status != http.StatusNoContent || answer.header.Get("Content-Type") != "" {
			d.t.Errorf("%s: the answer has no body", name)
		}
		return
	}
	schema := "BatchAnswer"
	if strings.Contains(name, "Deliveries") {
		schema = "Delivery"
	}
	body := d.lines(name, schema, answer.header, answer.body)
	response := &http.Response{StatusCode: answer.status, Header: answer.header, Body: io.NopCloser(bytes.NewReader(body))}
	v := d.strict
	if r.URL.Path == "/openapi.json" || strings.HasSuffix(r.URL.Path, "/manifest") {
		v = d.validator // these are described roughly
	}
	if ok, errs := v.ValidateHttpResponse(r, response); !ok {
		for _, err := range errs {
			d.t.Errorf("%s: the answer: %s: %s %+v\n%.1000s", name, err.Message, err.Reason, err.SchemaValidationErrors, body)
		}
	}
}

// lines holds each line of NDJSON to a schema, and returns the first, which stands
// for all in the document; another body it returns as it is.
func (d *description) lines(name, schema string, header http.Header, body []byte) []byte {
	d.t.Helper()
	if header.Get("Content-Type") != mediaNDJSON {
		return body
	}
	s := d.model.Components.Schemas.GetOrZero(schema).Schema()
	v := schema_validation.NewSchemaValidator(config.WithFormatAssertions())
	for line := range bytes.Lines(body) {
		if ok, errs := v.ValidateSchemaBytesWithVersion(s, line, 3.1); !ok {
			d.t.Errorf("%s: line %s: %v", name, line, errs)
		}
	}
	first, _, _ := bytes.Cut(body, []byte{'\n'})
	return first
}

func TestOpenAPIHasTheRoutes(t *testing.T) {
	d := openDescription(t)
	var routes, operations []string
	takes := map[string][]string{}
	for _, r := range (&api{}).routes() {
		routes = append(routes, r.method+" "+r.pattern)
		takes[r.method+" "+r.pattern] = slices.Sorted(slices.Values(r.query))
	}
	for name, operation := range d.operations() {
		operations = append(operations, name)
		var described []string
		for _, p := range operation.Parameters {
			if p.In == "query" {
				described = append(described, p.Name)
			}
		}
		slices.Sort(described)
		if diff := cmp.Diff(takes[name], described); diff != "" {
			t.Errorf("parameters of the query of %s (-route +document):\n%s", name, diff)
		}
		if operation.OperationId == "" || operation.Summary == "" || operation.Description == "" {
			t.Errorf("%s is not described", name)
		}
	}
	slices.Sort(routes)
	slices.Sort(operations)
	if diff := cmp.Diff(routes, operations); diff != "" {
		t.Errorf("routes and operations (-routes +document):\n%s", diff)
	}
}

// TestOpenAPIIsTrue drives every operation to every status, and every problem of it,
// that the document has, and none else.
func TestOpenAPIIsTrue(t *testing.T) {
	d := openDescription(t)
	w := newWorld(t)
	for _, c := range cases(w) {
		r := c.request
		answer := w.send(r)
		got := fmt.Sprint(answer.status)
		if answer.header.Get("Content-Type") == "application/problem+json" {
			var p client.Problem
			w.must(json.Unmarshal(answer.body, &p))
			got += " " + strings.TrimPrefix(p.Type, client.ProblemBase)
		}
		operation, _, _ := strings.Cut(c.want, " ")
		if got = operation + " " + got; got != c.want {
			t.Errorf("answered %s, want %s: %s", got, c.want, answer.body)
			continue
		}
		d.driven[got] = true
		// A request that is refused for what it looks like is none of the document.
		wrong := slices.Contains([]int{400, 413, 415}, answer.status) || strings.HasSuffix(got, "not-found")
		d.check(got, r, answer, !wrong)
	}
	want := d.described()
	slices.Sort(want)
	var driven []string
	for what := range d.driven {
		driven = append(driven, what)
	}
	slices.Sort(driven)
	if diff := cmp.Diff(want, driven); diff != "" {
		t.Errorf("statuses and problems (-document +driven):\n%s", diff)
	}
}
