// Command medians reads the output of `go test -bench` with -count and prints,
// for each benchmark and unit, the median, the least and the greatest value. The
// output itself goes through to stderr as it comes.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

func main() {
	if err := run(os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "medians:", err)
		os.Exit(1)
	}
}

// measure is what values are of.
type measure struct{ benchmark, unit string }

// run reads in, copies it to through, and writes the medians to out. It fails if
// a package failed or nothing was measured.
func run(in io.Reader, out, through io.Writer) error {
	values := make(map[measure][]float64)
	var order []measure
	failed := false
	scanner := bufio.NewScanner(io.TeeReader(in, through))
	for scanner.Scan() {
		failed = failed || strings.HasPrefix(scanner.Text(), "FAIL")
		found := parse(scanner.Text())
		for _, m := range slices.SortedFunc(maps.Keys(found), func(a, b measure) int { return strings.Compare(a.unit, b.unit) }) {
			if values[m] == nil {
				order = append(order, m)
			}
			values[m] = append(values[m], found[m])
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("read the benchmarks' output: %w", err)
	}
	if err := write(out, order, values); err != nil {
		return err
	}
	switch {
	case failed:
		return errors.New("a benchmark failed; its output above says why")
	case len(order) == 0:
		return errors.New("the input has no line of a benchmark")
	}
	return nil
}

// parse returns the values of a line, none if it is not a benchmark's.
func parse(line string) map[measure]float64 {
	fields := strings.Fields(line)
	if len(fields) < 4 || !strings.HasPrefix(line, "Benchmark") {
		return nil
	}
	found := make(map[measure]float64)
	for i := 2; i+1 < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return nil
		}
		found[measure{strings.TrimPrefix(fields[0], "Benchmark"), fields[i+1]}] = value
	}
	return found
}

// write writes the table.
func write(out io.Writer, order []measure, values map[measure][]float64) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "benchmark\tunit\tmedian\tleast\tgreatest\tof")
	for _, m := range order {
		sorted := slices.Sorted(slices.Values(values[m]))
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\n", m.benchmark, m.unit,
			short(sorted[len(sorted)/2]), short(sorted[0]), short(sorted[len(sorted)-1]), len(sorted))
	}
	return table.Flush()
}

// short writes a value with four digits, or as many as are before the point.
func short(value float64) string {
	if value >= 1000 {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	return strconv.FormatFloat(value, 'g', 4, 64)
}
