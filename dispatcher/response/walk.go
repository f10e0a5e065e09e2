package response

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/theory/jsonpath/spec"
)

var (
	errWork    = errors.New("takes too long to find in this document")
	errElement = errors.New("has a filter, and the document an element of more than 64 KiB to look at")
)

// walk finds what a path selects in a document. It goes along one way after the
// other, so that it holds nothing, in the order of RFC 9535.
type walk struct {
	*path
	left  *int // work that may be done yet
	found func(node []byte) error
}

// spend counts work.
func (w *walk) spend(n int) error {
	if *w.left -= n; *w.left < 0 {
		return errWork
	}
	return nil
}

// from finds what the segments from a number on select below a value.
func (w *walk) from(node []byte, number int) error {
	if number == len(w.segments) {
		return w.found(node)
	}
	segment := w.segments[number]
	for _, selector := range segment.Selectors() {
		if err := w.selects(node, selector, number+1); err != nil {
			return err
		}
	}
	if !segment.IsDescendant() {
		return nil
	}
	return w.each(node, 1, func(_, value []byte) error {
		if !isContainer(value) {
			return nil
		}
		return w.from(value, number)
	})
}

// each calls what is to be done with each child.
func (w *walk) each(node []byte, times int, do func(name, value []byte) error) (err error) {
	if err := w.spend(stepWork + times*len(node)); err != nil {
		return err
	}
	children(node, func(name, value []byte) bool {
		err = do(name, value)
		return err == nil
	})
	return err
}

// selects goes on from what one selector selects of a value.
func (w *walk) selects(node []byte, selector spec.Selector, next int) error {
	switch s := selector.(type) {
	case spec.Name:
		return w.member(node, string(s), next)
	case spec.Index:
		return w.element(node, int(s), next)
	case spec.WildcardSelector:
		return w.each(node, 1, func(_, value []byte) error { return w.from(value, next) })
	case spec.SliceSelector:
		return w.slice(node, s, next)
	case *spec.FilterSelector:
		return w.filter(node, s, next)
	}
	return errors.New("has a selector that is not known")
}

// member goes on from the last member of that name.
func (w *walk) member(node []byte, name string, next int) error {
	if node[0] != '{' {
		return w.spend(stepWork)
	}
	var last []byte
	err := w.each(node, 1, func(text, value []byte) error {
		if isNamed(text, name) {
			last = value
		}
		return nil
	})
	if err != nil || last == nil {
		return err
	}
	return w.from(last, next)
}

// element goes on from an element of an array; a negative number counts from its end.
func (w *walk) element(node []byte, number, next int) error {
	if node[0] != '[' {
		return w.spend(stepWork)
	}
	if number < 0 {
		n, err := w.length(node)
		if number += n; err != nil || number < 0 {
			return err
		}
	}
	var at []byte
	err := w.each(node, 1, func(_, value []byte) error {
		if number == 0 {
			at = value
		}
		number--
		return nil
	})
	if err != nil || at == nil {
		return err
	}
	return w.from(at, next)
}

// length counts the elements of an array.
func (w *walk) length(node []byte) (n int, err error) {
	err = w.each(node, 1, func(_, _ []byte) error {
		n++
		return nil
	})
	return n, err
}

// slice goes on from a slice of an array (RFC 9535, 2.3.4).
func (w *walk) slice(node []byte, s spec.SliceSelector, next int) error {
	if node[0] != '[' || s.Step() == 0 {
		return w.spend(stepWork)
	}
	n, err := w.length(node)
	if err != nil {
		return err
	}
	lower, upper := s.Bounds(n)
	if s.Step() < 0 {
		return w.reversed(node, upper, lower, -s.Step(), next)
	}
	number := -1
	return w.each(node, 1, func(_, value []byte) error {
		if number++; number < lower || number >= upper || (number-lower)%s.Step() != 0 {
			return nil
		}
		return w.from(value, next)
	})
}

// reversed goes on from every step-th element from first down to last, last
// excluded.
func (w *walk) reversed(node []byte, first, last, step, next int) error {
	var values [][]byte
	number := -1
	err := w.each(node, 1, func(_, value []byte) error {
		if number++; number > first || number <= last || (first-number)%step != 0 {
			return nil
		}
		if len(values) == maxReversed {
			return errWork
		}
		values = append(values, value)
		return nil
	})
	for i := len(values) - 1; i >= 0 && err == nil; i-- {
		err = w.from(values[i], next)
	}
	return err
}

// filter goes on from the children for which a filter holds.
func (w *walk) filter(node []byte, s *spec.FilterSelector, next int) error {
	c := w.filters[s]
	return w.each(node, 1, func(_, value []byte) error {
		if len(value) > maxElement {
			return errElement
		}
		if err := w.spend(c.each + len(value)*c.perByte); err != nil {
			return err
		}
		decoder := json.NewDecoder(bytes.NewReader(value))
		decoder.UseNumber()
		var element any
		if err := decoder.Decode(&element); err != nil {
			return errors.New("has a filter, and the document an element that cannot be decoded")
		}
		if !s.Eval(element, nil) {
			return nil
		}
		return w.from(value, next)
	})
}
