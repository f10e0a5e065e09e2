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
	if err == nil || errorLines(err) != "1:131 Limit: the path has more than 64 names" {
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
		"long number":      {"${n}", `{"n": -` + strings.Repeat("9", 500_000) + "." + strings.Repeat("9", 500_000) + "}"},
	} {
		start := time.Now()
		_, _ = renderText(c.source, c.json)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}
