package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

const output = `goos: linux
BenchmarkLatency-2   	       1	         0.5 p50-ms	       900 calls/s
BenchmarkLatency-2   	       1	         0.7 p50-ms	      1000 calls/s
BenchmarkLatency-2   	       1	         9.0 p50-ms	       950 calls/s
ok  	example.com/load	10.276s
`

func TestMedians(t *testing.T) {
	var out, through bytes.Buffer
	if err := run(strings.NewReader(output), &out, &through); err != nil {
		t.Fatal(err)
	}
	if through.String() != output {
		t.Errorf("passed through %q", through.String())
	}
	const want = `benchmark  unit     median  least  greatest  of
Latency-2  calls/s  950     900    1000      3
Latency-2  p50-ms   0.7     0.5    9         3
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestFailures(t *testing.T) {
	for input, want := range map[string]string{
		"":                 "no line of a benchmark",
		output + "FAIL\n":  "a benchmark failed",
		"BenchmarkX 1 a b": "no line of a benchmark",
	} {
		if err := run(strings.NewReader(input), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", input, err, want)
		}
	}
}
