package scenario

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// words is what is left of a line.
type words struct{ text string }

// word takes the next word; empty at the end of the line.
func (w *words) word() string {
	var word string
	word, w.text, _ = strings.Cut(strings.TrimSpace(w.text), " ")
	w.text = strings.TrimSpace(w.text)
	return word
}

// take takes the next word if it is the given one.
func (w *words) take(word string) bool {
	rest := *w
	if rest.word() != word {
		return false
	}
	*w = rest
	return true
}

// rest takes all that is left.
func (w *words) rest() string {
	text := strings.TrimSpace(w.text)
	w.text = ""
	return text
}

// done returns an error if something is left.
func (w *words) done() error {
	if rest := w.rest(); rest != "" {
		return fmt.Errorf("%q is not understood", rest)
	}
	return nil
}

// json takes a JSON value.
func (w *words) json() ([]byte, error) {
	decoder := json.NewDecoder(strings.NewReader(w.text))
	var value json.RawMessage
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("read the call's data: %w", err)
	}
	w.text = w.text[decoder.InputOffset():]
	return value, nil
}

// number takes a number.
func (w *words) number() (int, error) {
	n, err := strconv.Atoi(w.word())
	if err != nil {
		return 0, fmt.Errorf("a number is missing: %w", err)
	}
	return n, nil
}

// duration takes a duration.
func (w *words) duration() (time.Duration, error) {
	d, err := time.ParseDuration(w.word())
	if err != nil {
		return 0, fmt.Errorf("a duration is missing: %w", err)
	}
	return d, nil
}

// header takes a header, "Name: value", up to the end of the line.
func (w *words) header() (name, value string, err error) {
	name, value, ok := strings.Cut(w.rest(), ":")
	if !ok {
		return "", "", fmt.Errorf("%q is no header", name)
	}
	return strings.TrimSpace(name), strings.TrimSpace(value), nil
}

var span = regexp.MustCompile(`^([a-z]*)(\d+)\.\.([a-z]*)(\d+)$`)

// expand writes a range such as c1..c3 or 1..3 out.
func expand(word string) []string {
	m := span.FindStringSubmatch(word)
	if m == nil {
		return []string{word}
	}
	first, _ := strconv.Atoi(m[2])
	last, _ := strconv.Atoi(m[4])
	var names []string
	for n := first; n <= last; n++ {
		names = append(names, m[1]+strconv.Itoa(n))
	}
	return names
}
