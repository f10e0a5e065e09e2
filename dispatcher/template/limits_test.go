package template

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestTemplateLimit(t *testing.T) {
	if _, err := Compile(strings.Repeat("a", MaxTemplateBytes), Options{}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	_, err := Compile(strings.Repeat("a", MaxTemplateBytes+1), Options{})
	if err == nil || errorLines(err) != "1:1 Limit: the template is longer than 256 KiB" {
		t.Errorf("past the limit: %v", err)
	}
}

func TestDataLimit(t *testing.T) {
	space := strings.Repeat(" ", MaxDataBytes-2)
	if _, err := ParseData([]byte("{}" + space)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	_, err := ParseData([]byte("{} " + space))
	if err == nil || errorLines(err) != "1:1 Limit: the data is longer than 1 MiB" {
		t.Errorf("past the limit: %v", err)
	}
}

// nested returns an object in an object, depth of them in all, with 1 inside.
func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
}

func TestNestingLimit(t *testing.T) {
	path := strings.Repeat("a.", MaxNesting-1) + "a"
	got, err := renderText("${"+path+"}", nested(MaxNesting))
	if err != nil || got != "1" {
		t.Errorf("at the limit: %q, %v", got, err)
	}
	_, err = Compile("${"+path+".b}", Options{})
	if err == nil || errorLines(err) != "1:131 Limit: the path has more names than 64" {
		t.Errorf("a longer path: %v", err)
	}
	const tooDeep = " Limit: the data is nested deeper than 64 objects and arrays"
	_, err = ParseData([]byte(nested(MaxNesting + 1)))
	if err == nil || errorLines(err) != "1:321"+tooDeep {
		t.Errorf("deeper objects: %v", err)
	}
	_, err = ParseData([]byte(`{"a":` + strings.Repeat("[", 100_000)))
	if err == nil || errorLines(err) != "1:69"+tooDeep {
		t.Errorf("deeper arrays: %v", err)
	}
}

func TestOutputLimit(t *testing.T) {
	const message = " Limit: the output is longer than 10 MiB"
	data := parseData(t, `{"s": "`+strings.Repeat("s", 1<<19)+`", "n": `+strings.Repeat("7", 1<<18)+`}`)
	full := strings.Repeat("${s}", 20) // 10 MiB exactly
	if got, err := compile(t, full).Render(data); err != nil || len(got) != MaxOutputBytes {
		t.Errorf("at the limit: %d bytes, %v", len(got), err)
	}
	if _, err := compile(t, full+".").Render(data); err == nil || errorLines(err) != "1:81"+message {
		t.Errorf("text past the limit: %v", err)
	}
	if _, err := compile(t, full+"${s}").Render(data); err == nil || errorLines(err) != "1:83"+message {
		t.Errorf("a string past the limit: %v", err)
	}
	if _, err := compile(t, full+"${n}").Render(data); err == nil || errorLines(err) != "1:83"+message {
		t.Errorf("a number past the limit: %v", err)
	}
	if got, err := compile(t, full).Append([]byte("prefix"), data); err != nil || len(got) != MaxOutputBytes+6 {
		t.Errorf("with a prefix: %d bytes, %v", len(got), err)
	}
}

func TestExpressionNestingLimit(t *testing.T) {
	for _, c := range []struct{ before, inner, after, data string }{
		{"(", "a + 1", ")", `{"a": 1}`},
		{"(", "b", ")", `{"b": true}`},
		{"-", "a", "", `{"a": 1}`},
		{"not ", "b", "", `{"b": true}`},
		{"toUpper(", `"x"`, ")", "{}"},
	} {
		nest := func(n int) string {
			return "${" + strings.Repeat(c.before, n) + c.inner + strings.Repeat(c.after, n) + "}"
		}
		if _, err := renderText(nest(MaxNesting), c.data); err != nil {
			t.Errorf("%s at the limit: %v", c.before, err)
		}
		_, err := Compile(nest(MaxNesting+1), Options{})
		if err == nil || !strings.HasSuffix(err.Error(), "the expression is nested deeper than 64") {
			t.Errorf("%s past the limit: %v", c.before, err)
		}
	}
}

func TestBlockNestingLimit(t *testing.T) {
	nest := func(n int) string {
		return strings.Repeat("@{ if b }", n/2) + strings.Repeat("@{ if b }", n-n/2) + "x" + strings.Repeat("@{ end if }", n)
	}
	if got, err := renderText(nest(MaxNesting), `{"b": true}`); err != nil || got != "x" {
		t.Errorf("at the limit: %q, %v", got, err)
	}
	_, err := Compile(nest(MaxNesting+1), Options{})
	if err == nil || errorLines(err) != "1:580 Limit: conditions and loops are nested deeper than 64" {
		t.Errorf("past the limit: %v", err)
	}
}

func TestTextLimit(t *testing.T) {
	double := func(n int) string {
		return `@{ set s = "0123456789abcdef" }` + strings.Repeat("@{ set s = s & s }", n) + "${ length(s) }"
	}
	if got, err := renderText(double(16), "{}"); err != nil || got != "1048576" {
		t.Errorf("at the limit: %q, %v", got, err)
	}
	_, err := renderText(double(17), "{}")
	if err == nil || !strings.HasSuffix(err.Error(), "a text is longer than 1 MiB") {
		t.Errorf("past the limit: %v", err)
	}
}

// TestTextsCostTheirLength holds that what is put together of many parts costs
// what it is long, not what it was long at each part.
func TestTextsCostTheirLength(t *testing.T) {
	list := `{"x": [` + strings.TrimSuffix(strings.Repeat(`"0123456789",`, 20_000), ",") + `]}`
	if _, err := renderText("${ length(join(x, ',')) }", list); err != nil {
		t.Errorf("join: %v", err)
	}
	if _, err := renderText("${ length("+strings.Repeat("x & ", 63)+"x) }", `{"x": "`+strings.Repeat("x", 16_000)+`"}`); err != nil {
		t.Errorf("&: %v", err)
	}
	_, err := renderText("${ length(urlEncode(s)) }", `{"s": "`+strings.Repeat(" ", 900_000)+`"}`)
	if err == nil || !strings.Contains(err.Error(), "a text is longer than 1 MiB") {
		t.Errorf("urlEncode: %v", err)
	}
}

func TestStepLimit(t *testing.T) {
	const message = "the rendering takes more than 1000000 steps; use fewer or smaller loops"
	data := `{"xs": [` + strings.TrimSuffix(strings.Repeat("1,", 200), ",") + `]}`
	for _, c := range []struct {
		depth int
		fails bool
	}{{2, false}, {3, true}, {30, true}} {
		source := strings.Builder{}
		for i := range c.depth {
			source.WriteString("@{ for x" + strconv.Itoa(i) + " in xs }")
		}
		source.WriteString(".")
		source.WriteString(strings.Repeat("@{ end for }", c.depth))
		_, err := renderText(source.String(), data)
		if (err != nil) != c.fails || c.fails && !strings.HasSuffix(err.Error(), message) {
			t.Errorf("%d loops: %v", c.depth, err)
		}
	}
}

// TestHostileInputIsQuick feeds templates and data made to be slow. Each takes
// under 100 ms (a second with the race detector); a quadratic step anywhere
// takes minutes.
func TestHostileInputIsQuick(t *testing.T) {
	names := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(format, "#", strings.Repeat("x", i%7)+string(rune('a'+i%26))+
				strings.Map(func(r rune) rune { return r - '0' + 'a' }, strconv.Itoa(i))))
		}
		return b.String()
	}
	object := "{" + strings.TrimSuffix(names(`"#":1,`, 50_000), ",") + "}"
	for name, c := range map[string]struct{ source, json string }{
		"many names":       {names("${#}", 16_000), object},
		"all missing":      {names("${#}", 16_000), "{}"},
		"many errors":      {strings.Repeat("${ }", 60_000), "{}"},
		"many losers":      {strings.Repeat("${a}", 60_000) + "${a.b}", "{}"},
		"unknown":          {"${" + strings.Repeat(";", 250_000), "{}"},
		"open comments":    {strings.Repeat("@{*", 80_000), "{}"},
		"open strings":     {strings.Repeat(`${"`, 80_001), "{}"},
		"else without end": {"@{" + strings.Repeat("else ", 50_000), "{}"},
		"braces":           {strings.Repeat("{", 250_000), "{}"},
		"wide names":       {"", "{" + strings.TrimSuffix(names(`"ы#":1,`, 40_000), ",") + "}"},
		"parentheses":      {"${" + strings.Repeat("(", 120_000) + "a" + strings.Repeat(")", 120_000) + "}", "{}"},
		"open parentheses": {strings.Repeat("${((((((((((((((((a", 10_000), "{}"},
		"nested calls":     {"${" + strings.Repeat("length(", 60) + "a" + strings.Repeat(")+1", 60) + "}", "{}"},
		"nested texts":     {"${" + strings.Repeat(`a = "" & (`, 60) + "a" + strings.Repeat(")", 60) + "}", "{}"},
		"many parts":       {"${" + strings.Repeat("a & ", 60_000) + "a}", `{"a": "x"}`},
		"many operands":    {"${" + strings.Repeat("a + ", 60_000) + "a}", `{"a": 1}`},
		"many conditions":  {"${" + strings.Repeat("a and ", 40_000) + "a}", `{"a": true}`},
		"many branches":    {"@{if a}" + strings.Repeat("@{else if a}", 20_000) + "@{end if}", `{"a": false}`},
		"open blocks":      {strings.Repeat("@{if a}", 35_000), "{}"},
		"stray ends":       {strings.Repeat("@{end if}", 25_000), "{}"},
		"assignments":      {"@{set " + names("#a = p}@{set #b = #a}@{set ", 4_000) + "z = p}", `{"p": 1}`},
		"many methods":     {names("${a.#(1)}", 12_000), `{"a": {}}`},
		"many loops":       {names("@{for # in xs}${#}@{end for}", 7_000), `{"xs": [1, 2, 3]}`},
		"loops in loops":   {strings.Repeat("@{for x in xs}", 1) + strings.Repeat("${x}", 60_000) + "@{end for}", `{"xs": [` + strings.Repeat("1,", 1000) + "1]}"},
		"elements":         {"@{for x in xs}" + names("${x.#}", 12_000) + "@{end for}", `{"xs": [` + strings.Repeat("{},", 300_000) + "{}]}"},
		"rows":             {"${count(tableRows(xs, 1))}", `{"xs": [` + strings.Repeat("1,", 500_000) + "1]}"},
		"long number":      {"${n}", `{"n": -` + strings.Repeat("9", 500_000) + "." + strings.Repeat("9", 500_000) + "}"},
	} {
		start := time.Now()
		_, _ = renderText(c.source, c.json)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}
