package redact

import (
	"strings"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// hostile are texts, to be repeated, and values that cost as much as can be; those
// with a long value get one of an eighth of the text's length.
var hostile = []struct {
	name, text string
	values     func(size int) []plan.Secret
}{
	{"percent signs", "%25", short("%2525252525")},
	{"cut escapes", "%2%", short("%2525252525")},
	{"backslashes", `\`, short(`\\\\\\\\`)},
	{"units", `\u005c`, short(`\\\\\\\\`)},
	{"half pairs", `\ud83d`, short(`\\\\\\\\`)},
	{"all layers", `%5c%75\u0025`, short("uuuuuuuu%")},
	{"spaces", "+", short("        ")},
	{"nearly the value", "a", long(1, "b")},
	{"nearly its beginning", "aaaaaaab", short("aaaaaaaa")},
	{"the value everywhere", "a", long(1, "")},
	{"nearly 64 values", "a", long(64, "b")},
}

func short(value string) func(int) []plan.Secret {
	return func(int) []plan.Secret { return secrets(value) }
}

// long makes n values that differ from the text at their end.
func long(n int, end string) func(int) []plan.Secret {
	return func(size int) (values []plan.Secret) {
		for i := range n {
			values = append(values, plan.NewSecret(strings.Repeat("a", size/8)+strings.Repeat(end, i+1)))
		}
		return values
	}
}

// TestTheSteadySearch: a text that makes it necessary, with a value at each byte.
func TestTheSteadySearch(t *testing.T) {
	text := "<" + strings.Repeat("a", 60_000) + ">"
	if got := New(long(1, "")(64 << 10)...).Text(text); got != "<***>" {
		t.Errorf("got %.20q, %d bytes", got, len(got))
	}
}

// A text 16 times as long costs about 16 times as much, whatever it is; what grows
// with its square would cost 256 times as much.
func TestCostIsLinear(t *testing.T) {
	const small, large = 8 << 10, 128 << 10
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			cost := func(size int) time.Duration {
				m := New(tt.values(size)...)
				b := []byte(strings.Repeat(tt.text, size/len(tt.text)))
				least := time.Duration(1 << 62)
				for range 3 {
					begun := time.Now()
					m.Spans(b, true)
					least = min(least, time.Since(begun))
				}
				return least
			}
			var a, b time.Duration
			for range 5 { // other programs may have had the processor
				if a, b = cost(small), cost(large); b <= 80*a+10*time.Millisecond {
					return
				}
			}
			t.Errorf("%d KiB took %v, %d KiB %v", small>>10, a, large>>10, b)
		})
	}
}
