package response_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/response"
)

// reader compiles what is to be read.
func reader(t testing.TB, r plan.Response) *response.Reader {
	t.Helper()
	compiled, err := response.Compile(&r)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// one is a response with one variable, x.
func one(path string, required bool) plan.Response {
	return plan.Response{Variables: []plan.Variable{{Name: "x", Path: path, Required: required}}}
}

const shop = `
{ "promocode": {"promocodeValue": "A-1", "value": 1.50, "big": 12345678901234567890, "exp": 1E+2, "neg": -0},
  "subscriptions": [ {"isSubscribed": true, "topic": "news"}, {"isSubscribed": false, "topic": "a\"b\u00e9\n"} ],
  "nothing": null, "empty": "", "emoji": "\ud83d\ude00", "half": "\ud800", "odd name": 1, "$": 2, "esc\u0061ped": 3,
  "order": { "z": 1.0, "a": [ 1 , 2 ], "t": "x y\u0041" }, "twice": 1, "twice": 2, "list": [1, null, "2", [3]] }`

func TestPaths(t *testing.T) {
	for path, want := range map[string]string{
		"promocode.promocodeValue":      "A-1",
		"$.promocode.promocodeValue":    "A-1",
		".promocode.promocodeValue":     "A-1",
		"promocode.value":               "1.50",
		"promocode.big":                 "12345678901234567890",
		"promocode.exp":                 "1E+2",
		"promocode.neg":                 "-0",
		"subscriptions[0].isSubscribed": "true",
		"subscriptions[-1].topic":       "a\"bé\n",
		"subscriptions[-3].topic":       "none",
		"subscriptions[2]":              "none",
		"subscriptions.topic":           "none",
		"promocode[0]":                  "none",
		"promocode.value.deeper":        "none",
		"nothing":                       "none",
		"missing":                       "none",
		"empty":                         "",
		"emoji":                         "😀",
		"half":                          "\ufffd",
		"['odd name']":                  "1",
		"['$']":                         "2",
		"escaped":                       "3",
		"order":                         `{"z":1.0,"a":[1,2],"t":"x y\u0041"}`,
		"order.a":                       "[1,2]",
		"order.*":                       `[1.0,[1,2],"x y\u0041"]`,
		"twice":                         "2",
		"list[*]":                       `[1,null,"2",[3]]`,
		"list[1]":                       "none",
		"list[1:3]":                     `[null,"2"]`,
		"list[::-1]":                    `[[3],"2",null,1]`,
		"list[2:0:-2]":                  `["2"]`,
		"list[-1:]":                     `[[3]]`,
		"list[::0]":                     "none",
		"list[9:]":                      "none",
		"list[0,0,3]":                   "[1,1,[3]]",
		"list[0:1]":                     "[1]",
		"..topic":                       `["news","a\"b\u00e9\n"]`,
		"$..topic":                      `["news","a\"b\u00e9\n"]`,
		"$..missing":                    "none",
		"list..*":                       `[1,null,"2",[3],3]`,
		"subscriptions[?@.topic=='news'].isSubscribed":                        "[true]",
		"subscriptions[?@.isSubscribed==false].topic":                         `["a\"b\u00e9\n"]`,
		"subscriptions[?search(@.topic, 'w') && length(@.topic) == 4].topic":  `["news"]`,
		"subscriptions[?match(@.topic, 'n.*')].topic":                         `["news"]`,
		"subscriptions[?count(@.*) > 1].topic":                                `["news","a\"b\u00e9\n"]`,
		"subscriptions[?!@.missing && (@.topic < 'b' || @.topic=='x')].topic": `["a\"b\u00e9\n"]`,
		"$[?@[?@.isSubscribed]][0].topic":                                     `["news"]`,
		"promocode[?@ > 1.4 && @ < 2]":                                        "[1.50]",
	} {
		result, err := reader(t, one(path, false)).Read([]byte(shop))
		got := "none"
		if len(result.Variables) == 1 {
			got = result.Variables[0].Text
		}
		if err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", path, got, err, want)
		}
		if _, err := reader(t, one(path, true)).Read([]byte(shop)); (err != nil) != (want == "none") {
			t.Errorf("%s, required: %v", path, err)
		}
	}
}

func TestWholeDocument(t *testing.T) {
	for document, want := range map[string]string{
		shop[:1] + `{ "a" : [ 1.0 , "\u0041 b" , { } ] , "a" : null }` + "\r\n\t": `{"a":[1.0,"\u0041 b",{}],"a":null}`,
		"\ufeff[]": "[]", "null": "null", `"x y"`: `"x y"`, " 12345678901234567890 ": "12345678901234567890",
	} {
		result, err := reader(t, plan.Response{Full: true}).Read([]byte(document))
		if err != nil || string(result.Document) != want || result.Variables != nil {
			t.Errorf("%q: %s, %v", document, result.Document, err)
		}
	}
	if result, err := reader(t, plan.Response{}).Read([]byte("{}")); err != nil || result.Document != nil {
		t.Errorf("nothing is wanted: %v, %v", result, err)
	}
}

func TestUnusableDocuments(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	full, list := reader(t, plan.Response{Full: true}), reader(t, one("a", false))
	if _, err := full.Read([]byte(deep(response.MaxDepth))); err != nil {
		t.Errorf("of the greatest depth: %v", err)
	}
	if _, err := full.Read([]byte(`"` + strings.Repeat("x", plan.MaxFullResponse-2) + `"  `)); err != nil {
		t.Errorf("of the greatest size: %v", err)
	}
	if _, err := list.Read([]byte(`{"a": "` + strings.Repeat("x", plan.MaxVariables-1) + `"}`)); err != nil {
		t.Errorf("of the greatest variable: %v", err)
	}
	for document, want := range map[string]string{
		"":                           "the answer has no body, and a JSON document is awaited",
		" \r\n":                      "the answer has no body, and a JSON document is awaited",
		"\ufeff":                     "the answer has no body, and a JSON document is awaited",
		"<html>":                     "the answer is no JSON document: it is not valid at byte 1",
		"\ufeff{s}":                  "the answer is no JSON document: it is not valid at byte 5",
		`{"a": s3cr3t}`:              "the answer is no JSON document: it is not valid at byte 7",
		`{"a": 1} s3cr3t`:            "the answer is no JSON document: it is not valid at byte 10",
		`{"a": 1}{}`:                 "the answer is no JSON document: it is not valid at byte 9",
		`{"a": 1]`:                   "the answer is no JSON document: it is not valid at byte 8",
		`{"a": "s3cr3t`:              "the answer is no JSON document: it ends too early",
		`{"a": 1`:                    "the answer is no JSON document: it ends too early",
		"[01]":                       "the answer is no JSON document: it is not valid at byte 3",
		"NaN":                        "the answer is no JSON document: it is not valid at byte 1",
		"\"a\tb\"":                   "the answer is no JSON document: it is not valid at byte 3",
		"\"\xff\"":                   "the answer is no JSON document: it is not in UTF-8",
		"\xff\xfe{\x00}":             "the answer is no JSON document: it is not in UTF-8",
		deep(65):                     "the answer's JSON document has more than 64 arrays and objects in each other",
		deep(200_000):                "the answer's JSON document has more than 64 arrays and objects in each other",
		strings.Repeat("[", 200_000): "the answer's JSON document has more than 64 arrays and objects in each other",
		`"` + strings.Repeat("x", plan.MaxFullResponse-1) + `"`: "the answer's document has more than 262144 bytes without white space, so it cannot be kept whole",
	} {
		if result, err := full.Read([]byte(document)); err == nil || err.Error() != want || !cmp.Equal(result, response.Result{}) {
			t.Errorf("%.30q: %v, want %s", document, err, want)
		}
	}
	for _, a := range []string{`"` + strings.Repeat("x", plan.MaxVariables) + `"`, `"` + strings.Repeat(`\u0041`, plan.MaxVariables+1) + `"`, "[" + strings.Repeat("1,", plan.MaxVariables/2) + "1]"} {
		_, err := list.Read([]byte(`{"a": ` + a + `}`))
		if want := "the variables of the answer have more than 65536 bytes together, with x"; err == nil || err.Error() != want {
			t.Errorf("%.30s: %v", a, err)
		}
	}
}

// TestVariablesTogether: the bound is for all of them.
func TestVariablesTogether(t *testing.T) {
	r := reader(t, plan.Response{Variables: []plan.Variable{{Name: "first", Path: "a"}, {Name: "next", Path: "a"}}})
	for size, fits := range map[int]bool{plan.MaxVariables/2 - 5: true, plan.MaxVariables/2 - 4: false} {
		result, err := r.Read([]byte(`{"a": "` + strings.Repeat("x", size) + `"}`))
		if (err == nil) != fits || len(result.Variables) != map[bool]int{true: 2}[fits] {
			t.Errorf("two of %d bytes: %v", size, err)
		}
	}
}

func TestConditions(t *testing.T) {
	const exists, equals, notEquals = plan.OperatorExists, plan.OperatorEquals, plan.OperatorNotEquals
	const contains, notContains, startsWith = plan.OperatorContains, plan.OperatorNotContains, plan.OperatorStartsWith
	for _, tt := range []struct {
		operator plan.Operator
		value    string
		document string
		holds    bool
	}{
		{exists, "", `{"a": ""}`, true}, {exists, "", `{"a": null}`, false}, {exists, "", `{}`, false}, {exists, "", `{"a": false}`, true},
		{equals, "ok", `{"a": "ok"}`, true}, {equals, "ok", `{"a": "OK"}`, false}, {equals, "1.50", `{"a": 1.50}`, true}, {equals, "1.5", `{"a": 1.50}`, false},
		{equals, "", `{"a": ""}`, true}, {equals, "", `{}`, false}, {equals, "true", `{"a": true}`, true}, {equals, `{"b":[1]}`, `{"a": {"b": [1]}}`, true},
		{notEquals, "ok", `{"a": "ok"}`, false}, {notEquals, "ok", `{"a": "no"}`, true}, {notEquals, "ok", `{}`, true}, {notEquals, "", `{}`, true},
		{contains, "b", `{"a": "abc"}`, true}, {contains, "B", `{"a": "abc"}`, false}, {contains, "", `{"a": "x"}`, true}, {contains, "", `{}`, false},
		{notContains, "b", `{"a": "abc"}`, false}, {notContains, "d", `{"a": "abc"}`, true}, {notContains, "", `{}`, true}, {notContains, "b", `{"a": null}`, true},
		{startsWith, "ab", `{"a": "abc"}`, true}, {startsWith, "bc", `{"a": "abc"}`, false}, {startsWith, "", `{}`, false}, {startsWith, "[1", `{"a": [ 1 ]}`, true},
	} {
		r := reader(t, plan.Response{
			Variables:  []plan.Variable{{Name: "Status", Path: "a"}},
			Conditions: []plan.Condition{{Variable: "sTATUS", Operator: tt.operator, Value: tt.value}},
		})
		result, err := r.Read([]byte(tt.document))
		if (err == nil) != tt.holds {
			t.Errorf("%s %q of %s: %v", tt.operator, tt.value, tt.document, err)
		}
		if err != nil && !strings.HasSuffix(err.Error(), fmt.Sprintf("conditions[0] does not hold: %s of variable Status", tt.operator)) {
			t.Errorf("the message: %v", err)
		}
		if has := tt.document != "{}" && !strings.Contains(tt.document, "null"); has != (len(result.Variables) == 1) {
			t.Errorf("%s of %s: what was read is lost: %v", tt.operator, tt.document, result)
		}
	}
}

// TestWhatIsWrongFirst: a missing variable is told before a condition, and what was read
// stays.
func TestWhatIsWrongFirst(t *testing.T) {
	r := reader(t, plan.Response{
		Variables:  []plan.Variable{{Name: "a", Path: "a"}, {Name: "b", Path: "b", Required: true}, {Name: "c", Path: "c", Required: true}},
		Conditions: []plan.Condition{{Variable: "a", Operator: plan.OperatorEquals, Value: "1"}, {Variable: "a", Operator: plan.OperatorEquals, Value: "2"}},
		Full:       true,
	})
	for document, want := range map[string]string{
		`{"a": 1}`:                 "the answer has no value for the variable b, which is required",
		`{"a": 1, "b": 2, "c": 3}`: "conditions[1] does not hold: Equals of variable a",
		`{"a": 2, "b": 2, "c": 3}`: "conditions[0] does not hold: Equals of variable a",
	} {
		result, err := r.Read([]byte(document))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", document, err)
		}
		if got := string(result.Document); got != strings.ReplaceAll(document, " ", "") || result.Variables[0].Name != "a" {
			t.Errorf("%s: read %v", document, result)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for path, want := range map[string]string{
		"":                               "it is empty",
		"a b":                            "position 2: unexpected blank space",
		"$.a.":                           "position 5: unexpected eof",
		"a[":                             "position 3: unexpected eof",
		"a['x]":                          "position 6: unterminated string literal",
		"9a":                             "position 1: unexpected integer",
		"a[01]":                          "position 3: invalid number literal",
		"a[99999999999999999999]":        `position 3: cannot parse "99999999999999999999"`,
		"a[?foo(@.b)]":                   "position 4: unknown function foo()",
		"a[?@.b==]":                      "position 9: unexpected ']'",
		"a[?@.b==$.c]":                   "a filter can look at what is below @ only, not at $",
		"a[?$.c]":                        "a filter can look at what is below @ only, not at $",
		"a[?count(@..c)>1]":              "a filter cannot have .. in it",
		"a[?@..c]":                       "a filter cannot have .. in it",
		"a[?@[1,2]]":                     "a filter cannot have several selectors in one pair of brackets",
		"a[?@[?@[1,2]]]":                 "a filter cannot have several selectors in one pair of brackets",
		"a[?match(@.b, @.c)]":            "the regular expression of match and search must be a text in quotation marks",
		"a[?search(@.b, '(')]":           `the regular expression "(" is not valid`,
		"a[?search(@.b, '(a{100}){9}')]": `the regular expression "(a{100}){9}" is too large`,
		"a[?search(@.b, '" + strings.Repeat("a", 300) + "')]": "is too large",
	} {
		_, err := response.Compile(&plan.Response{Variables: []plan.Variable{{Name: "x", Path: path}}})
		if err == nil || !strings.HasPrefix(err.Error(), "variables[x]: the path is no JSONPath that can be used: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	for _, path := range []string{"a['$']", "a[?@['$']=='..']", "a[?@.b=='[1,2]']", `a[?match(@.b, '\\pL+"')]`, "a[?length(@.b)>1.5]", "a[1,2]"} {
		reader(t, one(path, true))
	}
	_, err := response.Compile(&plan.Response{
		Variables:  []plan.Variable{{Name: "a", Path: "["}, {Name: "b", Path: "b"}, {Name: "B", Path: "c"}},
		Conditions: []plan.Condition{{Variable: "c", Operator: "Like"}},
	})
	want := []string{
		"variables[a]: the path is no JSONPath that can be used: position 2: unexpected eof", "variables[B]: there is another variable of this name",
		`conditions[0]: there is no variable "c"`, `conditions[0]: there is no operator "Like"`,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}

// TestHostileDocuments: whatever path and document are, reading ends soon.
func TestHostileDocuments(t *testing.T) {
	const size = 1 << 20
	wrapped := func(before, part, after string) string {
		return before + strings.TrimSuffix(strings.Repeat(part, (size-len(before)-len(after))/len(part)), ",") + after
	}
	deep := strings.Repeat(`{"a":[`, 31)
	documents := map[string]string{
		"ones":         wrapped("[", "1,", "]"),
		"arrays":       wrapped("[", "[],", "]"),
		"objects":      wrapped("[", `{"a":{"b":"c"}},`, "]"),
		"deep":         wrapped(deep, "1,", strings.Repeat("]}", 31)),
		"nested":       wrapped("[", strings.Repeat("[", 60)+strings.Repeat("]", 60)+",", "]"),
		"members":      wrapped("{", `"a":1,`, "}"),
		"one text":     `{"a":"` + strings.Repeat("a", size-8) + `"}`,
		"escapes":      wrapped(`{"a":"`, `\\`, `"}`),
		"texts of 60k": wrapped("[", `{"a":"`+strings.Repeat("a", 60_000)+`"},`, "]"),
		"empty array":  "[]",
		"tower":        strings.Repeat("[", 64) + strings.Repeat("]", 64),
	}
	paths := []string{
		"$..*", "$..*..*..*", "$..[*,*,*]", "$" + strings.Repeat("[*,*]", 100), "$" + strings.Repeat("[0,0,0]", 60), "$" + strings.Repeat("..*", 20),
		"$..[?@.a]", "$[?@.a]", "$..*[?@[?@[?@]]]", "$..[?search(@.a, 'a*a*a*a*a*b')]", "$[?match(@.a, '(a|aa)+b')]", "$..[::-1]", "$..[-1]", "$[::-1]",
		"$..[?count(@[*])>1]", "$..[?@==@]", "$..a..a..a", "$" + strings.Repeat("['a']", 50), "$..missing",
	}
	for name, document := range documents {
		for _, path := range paths {
			_ = soon(t, name, document, one(path, false)) // whether it can be used is another matter
		}
	}
	many := plan.Response{Full: true} // each of which is cheap
	for i := range 32 {
		many.Variables = append(many.Variables, plan.Variable{Name: fmt.Sprintf("v%d", i), Path: "$..missing"})
	}
	if err := soon(t, "nested, 32 times", documents["nested"], many); err == nil || !strings.Contains(err.Error(), "takes too long to find") {
		t.Errorf("the work of all variables together: %v", err)
	}
}

// soon reads a document and sees to it that this takes no minutes, as it would without
// a bound. It takes at most 0.6 s on a quiet machine without the race detector.
func soon(t *testing.T, name, document string, want plan.Response) error {
	r := reader(t, want)
	begun := time.Now()
	_, err := r.Read([]byte(document))
	if took := time.Since(begun); took > 60*time.Second {
		t.Errorf("%s of %s: took %v: %v", want.Variables[0].Path, name, took, err)
	} else if took > 200*time.Millisecond {
		t.Logf("%.40s of %s: took %v: %v", want.Variables[0].Path, name, took, err)
	}
	return err
}
