package redact

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkMask searches for three values where there are none. Beside it is the
// bare limit: one [bytes.Contains] for each value as it is, which finds no other
// form.
func BenchmarkMask(b *testing.B) {
	values := []string{"Bearer 9f86d081884c7d659a2feaa0c55ad015", "a3bf4f1b2b0b822cd15d6c15b0f00a08", "hunter2-hunter2-hunter2"}
	m := New(secrets(values...)...)
	object := `{"name":"Ann \"A\" Lee","note":"line one\nline two","path":"\/a\/b","city":"Z\u00fcrich","amount":12.50},`
	for _, text := range []struct {
		name, part string
		size       int
	}{
		{"url", "https://receiver.example.com/v1/orders/0192f3c4-5b6a-7c8d?source=shop%20one", 100},
		{"json", object, 1 << 10},
		{"json", object, 64 << 10},
		{"plain", "nothing to be undone here, ", 1 << 10},
		{"plain", "nothing to be undone here, ", 64 << 10},
	} {
		body := []byte(strings.Repeat(text.part, text.size/len(text.part)+1))[:text.size]
		b.Run(fmt.Sprintf("%s/%d", text.name, text.size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(text.size))
			for b.Loop() {
				if m.Spans(body, false) != nil {
					b.Fatal("found something")
				}
			}
		})
		b.Run(fmt.Sprintf("%s/%d/bare", text.name, text.size), func(b *testing.B) {
			b.SetBytes(int64(text.size))
			for b.Loop() {
				for _, value := range values {
					if bytes.Contains(body, []byte(value)) {
						b.Fatal("found something")
					}
				}
			}
		})
	}
}

// BenchmarkWith adds an access token.
func BenchmarkWith(b *testing.B) {
	m := New(secrets("Bearer 9f86d081884c7d659a2feaa0c55ad015")...)
	token := secrets("Bearer " + strings.Repeat("eyJhbGciOi", 100))
	b.ReportAllocs()
	for b.Loop() {
		m.With(token...)
	}
}
