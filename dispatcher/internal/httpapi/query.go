package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// queryError is what is wrong with a query, with the parameter named.
type queryError struct{ text string }

// Error returns one sentence.
func (e *queryError) Error() string { return e.text }

// wrongQuery makes a queryError about a parameter.
func wrongQuery(name, format string, args ...any) error {
	return &queryError{"the query's " + name + " " + fmt.Sprintf(format, args...)}
}

// checkQuery refuses a query that has other parameters than those that a route takes: one
// that is passed over could be one that matters. Each stands there once, with a value.
func checkQuery(r *http.Request, takes []string) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	if len(takes) == 0 {
		return errQuery
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &queryError{"the query cannot be read; what is special in a value must be percent-encoded"}
	}
	for name, all := range values {
		switch {
		case !slices.Contains(takes, name):
			return &queryError{"the query has " + shown(name) + ", which is none of what this request takes: " + strings.Join(takes, ", ")}
		case len(all) > 1:
			return wrongQuery(name, "is there twice")
		case all[0] == "":
			return wrongQuery(name, "is empty; give it a value or leave it out")
		}
	}
	return nil
}

// shown is the name of a parameter, if it looks like one: what came by mistake might be a
// secret.
func shown(name string) string {
	if len(name) > 20 || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "a parameter"
	}
	return strconv.Quote(name)
}

// namedWebhook is the webhook that a query names, of a route whose query can; empty
// without one. A query that is not as it should be names none, and is refused later.
func namedWebhook(r *http.Request, takes []string) string {
	if r.URL.RawQuery == "" || !slices.Contains(takes, "webhook") || checkQuery(r, takes) != nil {
		return ""
	}
	return r.URL.Query().Get("webhook")
}

// query reads the parameters of a query that was checked. The first that cannot be read
// is err.
type query struct {
	values url.Values
	err    error
}

func queryOf(r *http.Request) *query { return &query{values: r.URL.Query()} }

// wrong notes what is wrong with a parameter.
func (q *query) wrong(name, format string, args ...any) {
	if q.err == nil {
		q.err = wrongQuery(name, format, args...)
	}
}

// text is a parameter of at most most bytes; empty if it is not there.
func (q *query) text(name string, most int) string {
	value := q.values.Get(name)
	if len(value) > most {
		q.wrong(name, "is longer than %d bytes", most)
	}
	return value
}

// number is a number within bounds.
func (q *query) number(name string, otherwise, least, most int) int {
	value := q.values.Get(name)
	if value == "" {
		return otherwise
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most || strconv.Itoa(n) != value {
		q.wrong(name, "must be a number from %d to %d", least, most)
		return otherwise
	}
	return n
}

// time is a point in time; the zero time if it is not there.
func (q *query) time(name string) time.Time {
	value := q.values.Get(name)
	if value == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		q.wrong(name, "must be a time by RFC 3339, such as 2026-11-23T17:00:00Z; a + in it is written %%2B")
	}
	return t
}

// flag is true or false, and false if it is not there.
func (q *query) flag(name string) bool {
	value := q.choice(name, "false", "true")
	return value != nil && *value == "true"
}

// choice is one of some texts; nil if it is not there.
func (q *query) choice(name string, of ...string) *string {
	value := q.values.Get(name)
	if value == "" {
		return nil
	}
	if !slices.Contains(of, value) {
		q.wrong(name, "must be one of %s", strings.Join(of, ", "))
	}
	return &value
}
