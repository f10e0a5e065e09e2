package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// maxWait bounds the time that a caller can wait for an outcome.
const maxWait = 60 * time.Second

// Headers of RFC 7240.
const (
	preferHeader  = "Prefer"
	appliedHeader = "Preference-Applied"
)

// waitOf returns how long a request prefers to wait (RFC 7240, 4.3), at most
// [maxWait]; false if it does not. Of several such preferences the first counts
// (RFC 7240, 2). Other preferences, and those that are not written as they should
// be, are as if they were not there.
func waitOf(h http.Header) (time.Duration, bool) {
	for _, line := range h.Values(preferHeader) {
		for _, element := range elements(line) {
			name, value, ok := preference(element)
			if !ok || !strings.EqualFold(name, "wait") {
				continue
			}
			return seconds(value)
		}
	}
	return 0, false
}

// seconds reads 1*DIGIT.
func seconds(text string) (time.Duration, bool) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n > uint64(maxWait/time.Second) { // more digits than fit is more than the most
		return maxWait, true
	}
	return time.Duration(n) * time.Second, true
}

// elements splits a header at the commas that are in no quoted string (RFC 9110,
// 5.6.1 and 5.6.4).
func elements(line string) []string {
	var list []string
	start, quoted := 0, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			list = append(list, line[start:i])
			start = i + 1
		}
	}
	return append(list, line[start:])
}

// preference reads one preference with its parameters (RFC 7240, 2, with erratum
// 4439):
//
//	preference = token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] )
//	parameter  = token [ BWS "=" BWS word ]
func preference(text string) (name, value string, ok bool) {
	t := preferText(strings.Trim(text, " \t"))
	if name, value, ok = t.pair(); !ok {
		return "", "", false
	}
	for t.space(); t != ""; t.space() {
		if t[0] != ';' {
			return "", "", false
		}
		t = t[1:]
		if t.space(); t == "" || t[0] == ';' {
			continue // a parameter may be missing
		}
		if _, _, ok := t.pair(); !ok {
			return "", "", false
		}
	}
	return name, value, true
}

// preferText is what is still to be read of a preference.
type preferText string

// pair reads token [ BWS "=" BWS word ].
func (t *preferText) pair() (name, value string, ok bool) {
	if name = t.token(); name == "" {
		return "", "", false
	}
	rest := *t
	if rest.space(); rest == "" || rest[0] != '=' {
		return name, "", true
	}
	*t = rest[1:]
	if t.space(); *t != "" && (*t)[0] == '"' {
		value, ok = t.quoted()
		return name, value, ok
	}
	value = t.token()
	return name, value, value != ""
}

// space passes over white space.
func (t *preferText) space() { *t = preferText(strings.TrimLeft(string(*t), " \t")) }

// token reads a token, which is empty if none comes next.
func (t *preferText) token() string {
	end := strings.IndexFunc(string(*t), func(r rune) bool { return !httpguts.IsTokenRune(r) })
	if end < 0 {
		end = len(*t)
	}
	token := string((*t)[:end])
	*t = (*t)[end:]
	return token
}

// quoted reads a quoted string.
func (t *preferText) quoted() (string, bool) {
	var text strings.Builder
	for i := 1; i < len(*t); i++ {
		switch c := (*t)[i]; {
		case c == '"':
			*t = (*t)[i+1:]
			return text.String(), true
		case c == '\\' && i+1 < len(*t):
			i++
			text.WriteByte((*t)[i])
		default:
			text.WriteByte(c)
		}
	}
	return "", false
}
