//go:build !race

package redact

import (
	"strings"
	"testing"
)

// Under the race detector sync.Pool forgets some of what it is given on purpose, so
// that there allocations are a matter of chance.
func TestUntouchedAllocatesNothing(t *testing.T) {
	m := New(secrets("first-value", "second value", "third-value")...)
	text := strings.Repeat("nothing of the kind, ", 500)
	b := []byte(text)
	if n := testing.AllocsPerRun(100, func() { _ = m.Text(text); _ = m.Spans(b, false) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
