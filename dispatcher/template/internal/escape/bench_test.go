package escape

import (
	"strings"
	"testing"
)

// values are the five of a typical body of 1 KiB.
var values = [...]string{"Order-2024-000123456", "Jane Doe-Smith", "jane.doe@example.com", "12 Elm Street, Springfield", `She said "hello"`}

func BenchmarkAppend(b *testing.B) {
	for _, bench := range []struct {
		name string
		mode Mode
	}{
		{"Raw", Raw}, {"JSONString", JSONString}, {"Percent", Percent}, {"XMLText", XMLText}, {"XMLAttribute", XMLAttribute}, {"XMLCDATA", XMLCDATA},
	} {
		b.Run(bench.name+"/five", func(b *testing.B) {
			dst := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				dst = dst[:0]
				for _, v := range values {
					dst = Append(dst, v, bench.mode)
				}
			}
		})
	}
	for _, bench := range []struct{ name, text string }{
		{"ascii", strings.Repeat("plain text of a message, ", 40)}, {"cyrillic", strings.Repeat("обычный текст ", 40)}, {"quotes", strings.Repeat(`"`, 1000)},
	} {
		b.Run("JSONString/"+bench.name, func(b *testing.B) {
			dst := make([]byte, 0, 4096)
			b.SetBytes(int64(len(bench.text)))
			b.ReportAllocs()
			for b.Loop() {
				dst = Append(dst[:0], bench.text, JSONString)
			}
		})
	}
}

func BenchmarkIsJSONScalar(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if !IsJSONScalar(`12345.67`) {
			b.Fatal("none")
		}
	}
}

// BenchmarkText follows 1 KiB of static text, as is done once for a template.
func BenchmarkText(b *testing.B) {
	for _, bench := range []struct {
		name    string
		grammar Grammar
		text    string
	}{
		{"JSON", JSON, `[` + strings.Repeat(`{"id": 12345, "name": "some text"}, `, 28) + `{}]`},
		{"XML", XML, `<a>` + strings.Repeat(`<item id="12345">some text</item>`, 30) + `</a>`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, mistake := Start(bench.grammar).Text(bench.text); mistake != nil {
					b.Fatal(mistake)
				}
			}
		})
	}
}

// TestAllocations: neither escapers nor edits allocate with room in dst.
func TestAllocations(t *testing.T) {
	dst := make([]byte, 0, 1<<16)
	for m := range HeaderLine + 1 {
		if n := testing.AllocsPerRun(10, func() {
			for _, text := range nasty {
				dst = Append(dst[:0], text, m)
			}
		}); n > 0 {
			t.Errorf("mode %d: %v allocations", m, n)
		}
	}
	tail := new(Tail)
	if n := testing.AllocsPerRun(10, func() {
		*tail = Tail{}
		dst = tail.Apply(DropComma, tail.Apply(WriteComma, append(dst[:0], "[1 "...)))
		IsJSONScalar(`"a\n"`)
	}); n > 0 {
		t.Errorf("edits: %v allocations", n)
	}
}
