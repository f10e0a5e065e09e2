package template

import (
	"slices"
	"strconv"
	"strings"
)

// lines are the offsets at which the lines of a source begin.
type lines []int

func linesOf(source string) lines {
	l := lines{0}
	for at := 0; ; {
		end := strings.IndexByte(source[at:], '\n')
		if end < 0 {
			return l
		}
		at += end + 1
		l = append(l, at)
	}
}

// of returns the line of an offset, counted from 1.
func (l lines) of(at int) int {
	i, found := slices.BinarySearch(l, at)
	if found {
		i++
	}
	return i
}

// text returns the line of an offset for a message.
func (l lines) text(at int) string { return strconv.Itoa(l.of(at)) }
