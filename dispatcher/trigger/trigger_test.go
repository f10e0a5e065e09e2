package trigger

import (
	"strings"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// order is the event of most tests.
func order() *Event {
	return &Event{
		ID: "42", Source: "/shop/eu", Type: "com.example.order.paid", Subject: "eu-7", DataContentType: "application/json",
		Time:       time.Date(2026, 3, 1, 22, 15, 0, 0, time.UTC),
		Extensions: map[string]string{"tenant": "acme", "attempt": "3"},
		Data: []byte(`{"total": 100.5, "count": 3, "whole": 2.0, "big": 9007199254740993, "huge": 1e300, "vip": true, "none": null,
			"Customer": {"name": "Ada"}, "tags": ["a", "b"], "items": [{"sku": "x", "n": 1}, {"sku": "y", "n": 2}]}`),
	}
}

func TestTypesAndSources(t *testing.T) {
	for _, test := range []struct {
		trigger plan.Trigger
		want    bool
	}{
		{plan.Trigger{Type: "com.example.order.paid"}, true},
		{plan.Trigger{Type: "com.example.order.Paid"}, false},
		{plan.Trigger{Type: "com.example.order"}, false},
		{plan.Trigger{Type: "com.example.order.paid.late"}, false},
		{plan.Trigger{Type: "com.example.order.*"}, true},
		{plan.Trigger{Type: "com.example.order.paid*"}, true},
		{plan.Trigger{Type: "com.example.invoice.*"}, false},
		{plan.Trigger{Type: "*"}, true},
		{plan.Trigger{Type: "*", Source: "/shop/eu"}, true},
		{plan.Trigger{Type: "*", Source: "/shop/*"}, true},
		{plan.Trigger{Type: "*", Source: "/shop"}, false},
		{plan.Trigger{Type: "*", Source: "*"}, true},
		{plan.Trigger{Type: "*", Source: "/other*"}, false},
		{plan.Trigger{Type: "*", Source: "/other*", When: "true"}, false},
	} {
		compiled, err := Compile(test.trigger)
		if err != nil {
			t.Errorf("%+v: %v", test.trigger, err)
		} else if got := compiled.Match(order()); got != test.want {
			t.Errorf("%+v: %t, want %t", test.trigger, got, test.want)
		}
	}
}

func TestOutcomesAreMatchedOnlyByTriggersThatMeanThem(t *testing.T) {
	outcome := &Event{ID: "1", Source: "/namespaces/ns/webhooks/a", Type: plan.OutcomePrefix + "Failed"}
	for kind, want := range map[string]bool{
		plan.OutcomePrefix + "Failed": true, plan.OutcomePrefix + "*": true, plan.OutcomePrefix + "Succeeded": false,
		"*": false, "io.maestra.*": false, "io.maestra.webhooks.call*": false,
	} {
		compiled, err := Compile(plan.Trigger{Type: kind})
		if err != nil || compiled.Match(outcome) != want || compiled.MeansOutcomes() != strings.HasPrefix(kind, plan.OutcomePrefix) {
			t.Errorf("%s: %v, want %t", kind, err, want)
		}
	}
}

func TestExpressions(t *testing.T) {
	for when, want := range map[string]bool{
		`event.id == "42" && event.source == "/shop/eu" && event.type.endsWith(".paid") && event.specversion == "1.0"`: true,
		`event.subject.startsWith("eu-")`:                       true,
		`event.datacontenttype == "application/json"`:           true,
		`event.time > timestamp("2026-01-01T00:00:00Z")`:        true,
		`event.time.getHours() == 22`:                           true,
		`event.tenant == "acme" && int(event.attempt) > 2`:      true,
		`event["tenant"] == "acme"`:                             true,
		`has(event.dataschema)`:                                 false,
		`event.dataschema == "x"`:                               false, // fails
		`!has(event.other)`:                                     true,
		`event.data.total > 100 && event.data.total > 100.0`:    true,
		`event.data.count == 3 && event.data.count == 3.0`:      true,
		`event.data.count + 1 == 4`:                             true,
		`event.data.whole + 1 == 3`:                             true,
		`event.data.big == 9007199254740993`:                    true, // no double holds it
		`event.data.huge > 1e299`:                               true,
		`event.data.vip`:                                        true, // dyn that is a boolean
		`event.data.count`:                                      false,
		`event.data.none == null`:                               true,
		`event.data.Customer.name.lowerAscii() == "ada"`:        true,
		`"b" in event.data.tags`:                                true,
		`event.data.items.exists(i, i.sku == "y" && i.n > 1)`:   true,
		`event.data.items.all(i, i.n > 1)`:                      false,
		`event.data.items.filter(i, i.n > 1).size() == 1`:       true,
		`event.data.items[5].n == 1`:                            false, // fails
		`event.data.?missing.?deep.orValue(7) == 7`:             true,
		`has(event.data.missing) || event.data.count > 2`:       true,
		`event.data.missing > 1 || event.data.count > 2`:        true, // CEL's or
		`event.data.Customer.name.matches("^A.a$")`:             true,
		`event.data.items.exists(i, i.parts.exists(p, p == 1))`: false,
	} {
		compiled, err := Compile(plan.Trigger{Type: "*", When: when})
		if err != nil {
			t.Errorf("%s: %v", when, err)
		} else if got := compiled.Match(order()); got != want {
			t.Errorf("%s: %t, want %t", when, got, want)
		}
	}
}

func TestDataOfOtherTypes(t *testing.T) {
	for _, test := range []struct {
		contentType, data, when string
	}{
		{"", `[1, 2]`, `event.data[1] == 2`},
		{"application/vnd.x+json; charset=utf-8", `"a"`, `event.data == "a"`},
		{"text/plain", `{"a": 1}`, `event.data == "{\"a\": 1}"`},
		{"application/octet-stream", "\xff\x00", `event.data == b"\xff\x00"`},
		{"application/json", ``, `!has(event.data)`},
	} {
		e := &Event{ID: "1", Source: "s", Type: "t", DataContentType: test.contentType}
		if test.data != "" {
			e.Data = []byte(test.data)
		}
		compiled, err := Compile(plan.Trigger{Type: "*", When: test.when})
		if err != nil || !compiled.Match(e) {
			t.Errorf("%q of %q: %s does not match (%v)", test.data, test.contentType, test.when, err)
		}
	}
}

func TestWhatCannotBeCompiled(t *testing.T) {
	for _, test := range []struct {
		trigger plan.Trigger
		want    string
	}{
		{plan.Trigger{}, "type must not be empty; * means all types"},
		{plan.Trigger{Type: "a*b"}, "type may have one *, at its end"},
		{plan.Trigger{Type: "a**"}, "type may have one *, at its end"},
		{plan.Trigger{Type: strings.Repeat("x", MaxType+1)}, "type must have at most 256 characters"},
		{plan.Trigger{Type: "a", Source: "*a"}, "source may have one *, at its end"},
		{plan.Trigger{Type: "a", Source: strings.Repeat("x", MaxSource+1)}, "source must have at most 1024 characters"},
		{plan.Trigger{Type: "a", When: strings.Repeat("x", MaxWhen+1)}, "when must have at most 1024 characters"},
		{plan.Trigger{Type: "a", When: "event.data.total >"}, "when:1:19: Syntax error: mismatched input '<EOF>' expecting"},
		{plan.Trigger{Type: "a", When: "true &&\n  evnt.data.total > 1"}, "when:2:3: undeclared reference to 'evnt'"},
		{plan.Trigger{Type: "a", When: "1 + 1"}, "when:1:1: this gives int, but a boolean is needed"},
		{plan.Trigger{Type: "a", When: "event"}, "when:1:1: this gives map(string, dyn), but a boolean is needed"},
		{plan.Trigger{Type: "a", When: `event.data.a.replace("", "x") == ""`}, "when:1:21: replace cannot be used here, since it may make very long texts"},
		{plan.Trigger{Type: "a", When: `event.data.a.join("x") == ""`}, "join cannot be used here"},
		{plan.Trigger{Type: "a", When: `"%s".format([event.id]) == ""`}, "format cannot be used here"},
		{plan.Trigger{Type: "a", When: `event.data.matches("(")`}, "when:1:"},
		{plan.Trigger{Type: "a", When: `event.data.matches("(a{1000}){2}")`}, "when:1:"},
		{plan.Trigger{Type: "a", When: `event.data.a.all(a, a.all(b, b.all(c, c == a)))`}, "when:1:1: this may cost too much"},
		{plan.Trigger{Type: "a", When: strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200)}, "when:1:"},
	} {
		_, err := Compile(test.trigger)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\n^") {
			t.Errorf("%.80q: %v, want one line with %q", test.trigger, err, test.want)
		}
	}
}

// TestMatchIsBounded: each of these would take minutes, or much memory.
func TestMatchIsBounded(t *testing.T) {
	const mebibyte = 1 << 20
	numbers := func(n int) string { return "[1" + strings.Repeat(",1", n-1) + "]" }
	text := func(n int) string { return `"` + strings.Repeat("a", n) + `"` }
	doubled := func(n int, by string) string { return strings.Repeat(".map(a, "+by+")", n) }
	for _, test := range []struct{ when, data string }{
		{`event.data.all(i, i == 1)`, numbers(mebibyte / 2)},
		{`event.data.all(i, i + i == i + i && i + i == 2 * i)`, numbers(9_900)},
		{`event.data.all(i, event.data.exists(j, i + j == 2))`, numbers(9_900)},
		{`event.data.all(i, 1 in event.data)`, numbers(5_000)},
		{`event.data.all(i, event.data == event.data)`, numbers(9_900)},
		{`event.data.size() > 1`, text(mebibyte - 2)},
		{`event.data.matches("(a?){50}b")`, text(maxText)},
		{`[event.data]` + doubled(16, "a + a") + `[0] != ""`, text(maxText)},
		{`[event.data]` + doubled(20, "a + a") + `.exists(x, x == x)`, numbers(1)},
		{`[[1]]` + doubled(20, "a + a") + `.exists(x, x == x)`, `{}`},
		{`[[1]]` + doubled(16, "[[a, a], [a, a]]") + `.exists(x, x == x)`, `{}`},
		{`event.data.map(i, event.data).size() > 1`, numbers(9_900)},
	} {
		compiled, err := Compile(plan.Trigger{Type: "*", When: test.when})
		if err != nil {
			t.Errorf("%s: %v", test.when, err)
			continue
		}
		event := &Event{ID: "1", Source: "s", Type: "t", Data: []byte(test.data)}
		event.activation()
		begun := time.Now()
		matched, took := compiled.Match(event), time.Since(begun)
		t.Logf("%.60s: %t in %s", test.when, matched, took)
		if matched || took > 30*time.Second {
			t.Errorf("%s: %t after %s, want its cost limited", test.when, matched, took)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`event.data.total > 100.0`, `event.data.items.exists(i, i.sku == "y")`, `event.?a.orValue(b"\xff")`, `[1].map(x, [x, x])`,
		`duration("1s") < event.time - event.time`, `"a".matches(event.data)`, `{1: 2}[event.data]`, `(`, "\x00", `event.data.split(",").all(a, a > "")`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, when string) {
		begun := time.Now()
		compiled, err := Compile(plan.Trigger{Type: "*", When: when})
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("compiling took %s", took)
		}
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q", err)
			}
			return
		}
		begun = time.Now()
		compiled.Match(order())
		compiled.Match(&Event{ID: "1", Source: "s", Type: "t", DataContentType: "text/plain", Data: []byte(strings.Repeat("a", 10_000))})
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("matching took %s", took)
		}
	})
}
