package response

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"
)

// path is a compiled JSONPath query.
type path struct {
	segments []*spec.Segment
	singular bool // it selects one value at most
	// filters has the cost of each filter, but for those within others.
	filters map[*spec.FilterSelector]cost
}

// parse compiles a path. The error says where it is wrong, without naming it.
func parse(text string) (*path, error) {
	if text == "" {
		return nil, errors.New("it is empty")
	}
	before := "$."
	switch text[0] {
	case '$':
		before = ""
	case '.', '[':
		before = "$"
	}
	parsed, err := jsonpath.Parse(before + text)
	if err != nil {
		return nil, located(err, len(before))
	}
	p := &path{segments: parsed.Query().Segments(), singular: parsed.Query().Singular() != nil, filters: map[*spec.FilterSelector]cost{}}
	for _, s := range p.segments {
		for _, selector := range s.Selectors() {
			if filter, ok := selector.(*spec.FilterSelector); ok {
				if p.filters[filter], err = judge(filter.String()); err != nil {
					return nil, err
				}
			}
		}
	}
	return p, nil
}

// located puts the position first in an error of package jsonpath, which is
// "jsonpath: SENTENCE at position N", counted from 1 with what was put before.
func located(err error, before int) error {
	text := strings.TrimPrefix(err.Error(), "jsonpath: ")
	if at := strings.LastIndex(text, " at position "); at >= 0 {
		if n, err := strconv.Atoi(text[at+len(" at position "):]); err == nil {
			return fmt.Errorf("position %d: %s", max(n-before, 1), text[:at])
		}
	}
	return errors.New(text)
}
