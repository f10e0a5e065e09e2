package response

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strconv"
	"strings"
)

// cost is what a filter costs for an element, see [maxWork].
type cost struct{ each, perByte int }

// judge checks that what a filter does for an element is bounded by the size of that,
// and returns how much it costs. filter is as package spec writes it: names and
// texts quoted as in Go, names in brackets. The type of a filter does not show what
// it consists of.
func judge(filter string) (cost, error) {
	c := cost{each: filterStepWork, perByte: filterWork}
	open := []call{{}}
	for at := 0; at < len(filter); at++ {
		top := &open[len(open)-1]
		switch filter[at] {
		case '$':
			return c, errors.New("a filter can look at what is below @ only, not at $")
		case '.':
			if strings.HasPrefix(filter[at:], "..") {
				return c, errors.New("a filter cannot have .. in it")
			}
		case ',':
			if top.bracket {
				return c, errors.New("a filter cannot have several selectors in one pair of brackets")
			}
			top.argument++
		case '[':
			open = append(open, call{bracket: true})
		case '(':
			open = append(open, call{regexp: strings.HasSuffix(filter[:at], "match") || strings.HasSuffix(filter[:at], "search")})
		case ')', ']':
			if top.regexp && !top.literal {
				return c, errors.New("the regular expression of match and search must be a text in quotation marks")
			}
			open = open[:max(len(open)-1, 1)]
		case '"':
			quoted, err := strconv.QuotedPrefix(filter[at:])
			if err == nil && top.regexp && top.argument == 1 {
				top.literal = true
				err = c.add(quoted)
			}
			if err != nil {
				return c, err
			}
			at += len(quoted) - 1
		}
	}
	return c, nil
}

// call is a pair of parentheses or brackets that is open.
type call struct {
	bracket  bool
	regexp   bool // of match or search
	argument int  // which one
	literal  bool // the second is a text
}

// add adds the cost of a regular expression in quotation marks.
func (c *cost) add(quoted string) error {
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return err
	}
	parsed, err := syntax.Parse(text, syntax.Perl|syntax.DotNL)
	if err != nil {
		return fmt.Errorf("the regular expression %q is not valid", text)
	}
	n := instructions(parsed)
	if n > maxRegexp {
		return fmt.Errorf("the regular expression %q is too large", text)
	}
	c.each += n * regexpStepWork
	c.perByte += n * regexpWork
	return nil
}

// instructions is about how many instructions a regular expression has when it is
// compiled. It stops counting above the bound.
func instructions(r *syntax.Regexp) int {
	n := 1 + len(r.Rune)
	if r.Op == syntax.OpCharClass {
		n = 1 + len(r.Rune)/16 // it is one, but is searched
	}
	for _, sub := range r.Sub {
		n = min(n+instructions(sub), maxRegexp+1)
	}
	if r.Op == syntax.OpRepeat {
		n *= max(r.Min, r.Max, 1)
	}
	return min(n, maxRegexp+1)
}
