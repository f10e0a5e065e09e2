//go:build !race

package metrics

import "testing"

// TestCountingTakesNoMemory: the label values of an attempt are resolved once.
func TestCountingTakesNoMemory(t *testing.T) {
	m, ends := many()
	m.Ended(ends)
	if n := testing.AllocsPerRun(1000, func() { m.Ended(ends) }); n > 0 {
		t.Errorf("counting an attempt allocates %v times, want never", n)
	}
}
