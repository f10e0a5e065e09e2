package template

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The comparison with other engines is in hack/bench.

const benchBody = `{"order": "${ Order.Id }", "customer": {"id": "${ Customer.Id }", "email": "${ Customer.Email }"}, ` +
	`"total": ${ Order.Total }, "lines": [@{ for line in Order.Lines }{"sku": "${ line.Sku }"},@{ end for }], ` +
	`"vip": "@{ if Customer.Points > 100 }yes@{ else }no@{ end if }", "transaction": "${ WebhookRequest.TransactionalId }"}`

const benchData = `{"Customer": {"Id": 4711, "Email": "ann@example.com", "Points": 7}, ` +
	`"Order": {"Id": "A-1000-77", "Total": 1234.50, "Lines": [{"Sku": "A"}, {"Sku": "B"}]}}`

func BenchmarkParseData(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(benchData)))
	for b.Loop() {
		if _, err := ParseData([]byte(benchData)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(benchBody)))
	for b.Loop() {
		if _, err := Compile(benchBody, Options{Context: ContextJSON}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestBenchBody holds that the benchmark's template renders.
func TestBenchBody(t *testing.T) {
	want := `{"order": "A-1000-77", "customer": {"id": "4711", "email": "ann@example.com"}, "total": 1234.50, ` +
		`"lines": [{"sku": "A"},{"sku": "B"}], "vip": "no", "transaction": "` + testHost.TransactionalID + `"}`
	got, err := contextual(t, benchBody, ContextJSON).Render(parseData(t, benchData).With(testHost))
	if err != nil || got != want {
		t.Errorf("the body is %s, %v", got, err)
	}
}

// ones is an array of n numbers in 2n bytes.
func ones(n int) string { return "[" + strings.Repeat("1,", n-1) + "1]" }

// manySets returns assignments to n variables.
func manySets(n int) []string {
	sets := make([]string, n)
	for i := range sets {
		sets[i] = "@{set a" + strconv.Itoa(i) + "=1}"
	}
	return sets
}

// likeNames returns n members whose long names differ at their end only.
func likeNames(n, length int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"` + strings.Repeat("N", length) + string(rune('a'+i)) + `":1,`)
	}
	return b.String()
}

// manyTakes returns loops over so many different methods of one array.
func manyTakes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("@{for a in x.Take(" + strconv.Itoa(600_000+i) + ")}${getDay(a)}@{end for}")
	}
	return b.String()
}

// expensive are templates that do as much as the limits let them: each is
// stopped by one, or finishes just before it.
var expensive = []struct{ name, source, data string }{
	{"NestedLoops", "@{for a in x}@{for b in x}@{for c in x}${a}@{end for}@{end for}@{end for}", `{"x": ` + ones(1000) + `}`},
	{"LongLoop", "@{for a in x}${a}@{end for}", `{"x": ` + ones(500_000) + `}`},
	{"Output1GiB", "@{for a in x}@{for b in x}${s}@{end for}@{end for}", `{"x": ` + ones(100) + `, "s": "` + strings.Repeat("s", 100_000) + `"}`},
	{"Parentheses10000", "${" + strings.Repeat("(", 10_000) + "a" + strings.Repeat(")", 10_000) + "}", `{"a": 1}`},
	{"Text64MiB", `@{set s = "0123456789abcdef"}` + strings.Repeat("@{set s = s & s}", 22) + "${length(s)}", "{}"},
	{"TextsOf1MiB", `@{set s = "0123456789abcdef"}` + strings.Repeat("@{set s = s & s}", 16) +
		"@{for a in x}@{set t = s & ''}@{if t = s & ''}@{end if}@{end for}", `{"x": ` + ones(1000) + `}`},
	{"KeptTexts", `@{set s = "0123456789abcdef"}` + strings.Repeat("@{set s = s & s}", 16) +
		"@{set a = toLower(s)}@{set b = toLower(s)}@{set c = toLower(s)}@{set d = toLower(s)}@{set e = toLower(s)}@{set f = toLower(s)}@{set g = toLower(s)}", "{}"},
	{"Replace", `@{set s = "0123456789abcdef"}` + strings.Repeat("@{set s = s & s}", 12) + "${replace(s, '0', s)}", "{}"},
	{"ReplaceLoop", "@{for a in x}@{if contains(replace(s, 'a', 'b'), 'c')}@{end if}@{end for}", `{"x": ` + ones(100_000) + `, "s": "` + strings.Repeat("a", 3000) + `"}`},
	{"Title", "@{for a in x}@{if capitalizeAllWords(s) = 'x'}@{end if}@{end for}", `{"x": ` + ones(100_000) + `, "s": "` + strings.Repeat("aé ", 3000) + `"}`},
	{"Upper", "@{for a in x}@{if toUpper(s) = 'x'}@{end if}@{end for}", `{"x": ` + ones(100_000) + `, "s": "` + strings.Repeat("é", 3000) + `"}`},
	{"Truncate", "@{for a in x}@{if truncate(s, 8000) = 'x'}@{end if}@{end for}", `{"x": ` + ones(100_000) + `, "s": "` + strings.Repeat("é!", 6000) + `"}`},
	{"Sha512", "@{for a in x}@{if sha512(s) = 'x'}@{end if}@{end for}", `{"x": ` + ones(100_000) + `, "s": "` + strings.Repeat("a", 3000) + `"}`},
	{"Sha512Short", "@{for a in x}@{if sha512('x') = 'x'}@{end if}@{end for}", `{"x": ` + ones(500_000) + `}`},
	{"FormatDate", `@{for a in x}@{if formatDateTime(d, "dddd, dd MMMM yyyy HH:mm:ss.fffffff zzz") = 'x'}@{end if}@{end for}`, `{"x": ` + ones(500_000) + `, "d": "2026-03-29T14:05:09Z"}`},
	{"PrintDate", `@{for a in x}${addDays(d, 1)}@{end for}`, `{"x": ` + ones(400_000) + `, "d": "2026-03-29"}`},
	{"AppendForms", `@{for a in x}${appendForms(n, "a", "b")}@{end for}`, `{"x": ` + ones(400_000) + `, "n": 12.5}`},
	{"NestedIsEmpty", "${" + strings.Repeat("isEmpty((", 30) + "a" + strings.Repeat("))", 30) + "}", `{"a": true}`},
	{"Variadic", "@{for a in x}@{if coalesce(" + strings.Repeat("f,", 100_000) + "f)}@{end if}@{end for}", `{"f": false, "x": ` + ones(500_000) + `}`},
	{"NullOperands", "@{for a in x}@{if isEmpty(" + strings.Repeat("f and ", 40_000) + "f)}@{end if}@{end for}", `{"f": false, "x": ` + ones(400_000) + `}`},
	{"NullLiterals", "@{for a in x}@{if isEmpty(f" + strings.Repeat(" and 1=1", 30_000) + ")}@{end if}@{end for}", `{"f": false, "x": ` + ones(400_000) + `}`},
	{"MethodNames", `@{for a in x}@{for b in y}${b.M("q")}@{end for}@{end for}`, `{"y": [{"M":{"` + strings.Repeat("k", 300_000) + `":1,"` + strings.Repeat("é", 50_000) + `":1,"q":1}}], "x": ` + ones(200_000) + `}`},
	{"LongPaths", "@{for a in x}@{for b in y}${b" + strings.Repeat(".f", 60) + "}@{end for}@{end for}", `{"y": [` + strings.Repeat(`{"F":`, 60) + "1" + strings.Repeat("}", 60) + `], "x": ` + ones(400_000) + `}`},
	{"LikeNames", "@{for a in x}@{for b in y}${b." + strings.Repeat("n", 254) + "z}@{end for}@{end for}", `{"y": [{` + likeNames(15, 254) + `"` + strings.Repeat("N", 254) + `z":1}], "x": ` + ones(400_000) + `}`},
	{"TakeTake", "@{for a in x}@{for b in y}${count(b" + strings.Repeat(".Take(9)", 60) + ")}@{end for}@{end for}", `{"y": [[1]], "x": ` + ones(400_000) + `}`},
	{"Comments", "@{for a in x}" + strings.Repeat("@{**}", 50_000) + "@{end for}", `{"x": ` + ones(500_000) + `}`},
	{"EmptyBodies", "@{for a in x}" + strings.Repeat("@{for b in x}@{end for}", 11_000) + "@{end for}", `{"x": ` + ones(500_000) + `}`},
	{"EmptyArrays", "@{for a in x}" + strings.Repeat("@{for b in e}z@{end for}", 10_000) + "@{end for}", `{"e": [], "x": ` + ones(500_000) + `}`},
	{"ManyTakes", manyTakes(5_000), `{"x": [` + strings.Repeat(`"2026-03-29",`, 70_000) + `"2026-03-29"]}`},
	{"LongInteger", `@{set v = coalesce(n)}@{for a in x}@{if substring('ab', v) = 'x'}@{end if}@{end for}`, `{"n": 1.` + strings.Repeat("0", 500_000) + `, "x": ` + ones(200_000) + `}`},
	{"ParseDate", `@{for a in x}@{if getDay(a) = 1}@{end if}@{end for}`, `{"x": [` + strings.Repeat(`"2026-03-29",`, 70_000) + `"2026-03-29"]}`},
	{"FormatDecimal", `@{for a in x}@{if formatDecimal(a, "#,##0.00;(#,##0.00);zero") = 'x'}@{end if}@{end for}`, `{"x": ` + ones(500_000) + `}`},
	{"FormatWide", `@{for a in x}@{if formatDecimal(a, "N999") = 'x'}@{end if}@{end for}`, `{"x": ` + ones(500_000) + `}`},
	{"FormatLong", `@{for a in x}@{if formatDecimal(n, "N0") = 'x'}@{end if}@{end for}`, `{"x": ` + ones(1000) + `, "n": ` + strings.Repeat("7", 500_000) + `}`},
	{"LongNumber", `@{for a in x}@{if n > 1}@{end if}@{end for}`, `{"x": ` + ones(10_000) + `, "n": ` + strings.Repeat("7", 500_000) + `}`},
	{"PrintLongNumber", `@{for a in x}@{set s = n & ""}@{end for}`, `{"x": ` + ones(10_000) + `, "n": 1.` + strings.Repeat("7", 500_000) + `}`},
	{"FloorLongNumber", `@{for a in x}@{if floor(n) > 1}@{end if}@{end for}`, `{"x": ` + ones(10_000) + `, "n": ` + strings.Repeat("7", 500_000) + `.5}`},
	{"LongComparison", `@{for a in x}@{if s = "` + strings.Repeat("é", 100_000) + `"}@{end if}@{end for}`, `{"x": ` + ones(10_000) + `, "s": "` + strings.Repeat("É", 100_000) + `"}`},
	{"IsEmpty", `@{for a in x}@{if isEmpty(s)}@{end if}@{end for}`, `{"x": ` + ones(10_000) + `, "s": "` + strings.Repeat(" ", 500_000) + `"}`},
	{"JSON", `@{for a in x}@{if json(x) = "x"}@{end if}@{end for}`, `{"x": ` + ones(100_000) + `}`},
	{"Join", `@{for a in x}@{if join(x, ",") = "x"}@{end if}@{end for}`, `{"x": ` + ones(100_000) + `}`},
	{"Rows", "@{for row in tableRows(x, 1)}@{for c in row.Cells}${c.Value}@{end for}@{end for}", `{"x": ` + ones(100_000) + `}`},
	{"RowsTwice", "${count(tableRows(x, 1))}${count(tableRows(x, 1))}", `{"x": ` + ones(120_000) + `}`},
	{"WideRows", "${count(tableRows(x, 400000))}", `{"x": [1]}`},
	{"MissingFields", "@{for a in x}${a.b.c.d.e.f.g}@{end for}", `{"x": [` + strings.Repeat("{},", 300_000) + "{}]}"},
	{"LargeArray", "${count(x)}", `{"x": ` + ones(524_000) + `}`},
	{"LargeObjects", "${count(x)}", `{"x": [` + strings.Repeat(`{"":1},`, 149_000) + `1]}`},
	{"DeepArrays", "${count(x)}", `{"x": [` + strings.Repeat(strings.Repeat("[", 60)+strings.Repeat("]", 60)+",", 8_600) + `1]}`},
	{"Upper256KiB", "${" + strings.Repeat("toUpper(", 60) + "s" + strings.Repeat(")", 60) + "}", `{"s": "` + strings.Repeat("a", 900_000) + `"}`},
	{"Concat", "@{set s = ''}@{for a in x}@{set s = s & 'xxxxxxxxxxxxxxxx'}@{end for}${length(s)}", `{"x": ` + ones(500_000) + `}`},
	{"ManySets", "@{for a in x}@{if n > 1}" + strings.Join(manySets(12_000), "") + "@{end if}@{end for}", `{"n": 1, "x": ` + ones(300_000) + `}`},
	{"LargeTemplate", strings.Repeat("${a}", 65_000), `{"a": 1}`},
	{"ManyConditions", strings.Repeat("@{if a}@{else if b}@{end if}", 9_000), `{"a": true, "b": false}`},
	{"LongLiterals", "@{for a in x}" + strings.Repeat("${'é'&''}", 20_000) + "@{end for}", `{"x": ` + ones(1000) + `}`},
}

// BenchmarkExpensive renders templates and data that are made to be slow or
// large, from source and JSON to the error, and says how much of the heap the
// largest took.
func BenchmarkExpensive(b *testing.B) {
	for _, c := range expensive {
		b.Run(c.name, func(b *testing.B) {
			var peak uint64
			for b.Loop() {
				peak = max(peak, peakOf(func() {
					if _, err := renderMissing(c.source, c.data); err != nil && !strings.Contains(err.Error(), "than") {
						b.Fatal(err)
					}
				}))
			}
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
		})
	}
}

// renderMissing is renderText with data that may lack values.
func renderMissing(source, json string) (string, error) {
	t, err := Compile(source, Options{Missing: MissingNull})
	if err != nil {
		return "", err
	}
	data, err := ParseData([]byte(json))
	if err != nil {
		return "", err
	}
	return t.Render(data)
}

// peakOf returns how much larger the heap was at most while f ran.
func peakOf(f func()) uint64 {
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done, result := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			if now.HeapAlloc > before.HeapAlloc {
				peak = max(peak, now.HeapAlloc-before.HeapAlloc)
			}
			select {
			case <-done:
				result <- peak
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	f()
	close(done)
	return <-result
}

// TestExpensive holds that each is stopped by a limit or ends.
func TestExpensive(t *testing.T) {
	for _, c := range expensive {
		start := time.Now()
		if _, err := renderMissing(c.source, c.data); err != nil && !strings.Contains(err.Error(), "than") {
			t.Errorf("%s: %v", c.name, err)
		}
		t.Log(c.name, time.Since(start))
	}
}
