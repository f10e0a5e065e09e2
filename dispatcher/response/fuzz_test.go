package response_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/theory/jsonpath"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/response"
)

// FuzzRead: whatever path and document are, nothing panics, what is read is what
// package jsonpath finds in the decoded document, and errors show nothing of that.
func FuzzRead(f *testing.F) {
	for _, path := range []string{
		"promocode.value", "..topic", "$..*", "list[::-1]", "list[-2:]", "order['a'][0]", "subscriptions[?@.topic=='news' && length(@.topic)>1].isSubscribed",
		"a[?match(@.b, 'x.*')]", "$[0,'a',*,1:2]", "$", "a[?count(@.*)>1]", "a[?@==null||!@.b]",
	} {
		f.Add(path, []byte(shop))
	}
	f.Add("$..a", []byte(`{"a":{"a":[{"a":1},null,[[{"a":"x"}]]]}, "b" : "\ud800\u0000"}`))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		if len(path) > 200 || len(body) > 4<<10 {
			return
		}
		compiled, err := response.Compile(&plan.Response{Variables: []plan.Variable{{Name: "x", Path: path}}, Full: true})
		if err != nil {
			return
		}
		result, err := compiled.Read(body)
		if err != nil {
			if !json.Valid(bytes.TrimPrefix(body, []byte("\ufeff"))) && result.Document != nil {
				t.Errorf("%q is read", body)
			}
			return
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, bytes.TrimPrefix(body, []byte("\ufeff"))); err != nil || !bytes.Equal(compact.Bytes(), result.Document) {
			t.Fatalf("%q is kept as %q, %v", body, result.Document, err)
		}
		check(t, path, result)
	})
}

// check compares what was read with what package jsonpath finds. It knows no order of
// members, and of members with the same name only the last.
func check(t *testing.T, path string, result response.Result) {
	decode := func(text []byte) (value any) {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		return value
	}
	document := decode(result.Document)
	if sorted, err := json.Marshal(document); err != nil || len(sorted) < len(result.Document) && bytes.Count(sorted, []byte(":")) != bytes.Count(result.Document, []byte(":")) {
		return // a name twice
	}
	before := "$."
	if strings.HasPrefix(path, "$") {
		before = ""
	} else if strings.ContainsAny(path[:1], ".[") {
		before = "$"
	}
	parsed := jsonpath.MustParse(before + path)
	found := parsed.Select(document)
	var want []string
	for _, node := range found {
		want = append(want, text(t, node))
	}
	var got []string
	for _, v := range result.Variables {
		if parsed.Query().Singular() != nil {
			if s, ok := found[0].(string); ok && s == v.Text {
				return
			}
			got = append(got, text(t, decode([]byte(v.Text))))
			continue
		}
		for _, node := range decode([]byte(v.Text)).([]any) {
			got = append(got, text(t, node))
		}
	}
	if len(want) == 1 && parsed.Query().Singular() != nil && want[0] == "null" {
		want = nil
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s of %s: %q, want %q", path, result.Document, got, want)
	}
}

func text(t *testing.T, node any) string {
	b, err := json.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
