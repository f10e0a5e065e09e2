package retry

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter is the longest time that a Retry-After header can ask for. More
// is taken as this much.
const MaxRetryAfter = 10 * time.Minute

// ParseRetryAfter returns how long from now a Retry-After header (RFC 9110,
// 10.2.3) asks to wait, at most [MaxRetryAfter]. It knows seconds and dates; a
// date in the past and anything else is 0.
func ParseRetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	seconds, err := strconv.ParseUint(value, 10, 64)
	switch {
	case err == nil && seconds < uint64(MaxRetryAfter/time.Second):
		return time.Duration(seconds) * time.Second
	case err == nil || errors.Is(err, strconv.ErrRange):
		return MaxRetryAfter
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), MaxRetryAfter)
}
