package retry

import (
	"math"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

var begun = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestClassify(t *testing.T) {
	tests := map[int]plan.Reason{
		0: plan.ReasonServerError, 99: plan.ReasonServerError,
		101: plan.ReasonRedirect,
		200: plan.ReasonSuccess, 204: plan.ReasonSuccess, 299: plan.ReasonSuccess,
		300: plan.ReasonRedirect, 304: plan.ReasonRedirect, 399: plan.ReasonRedirect,
		400: plan.ReasonClientError, 408: plan.ReasonClientError, 428: plan.ReasonClientError, 430: plan.ReasonClientError, 499: plan.ReasonClientError,
		429: plan.ReasonTooManyRequests,
		500: plan.ReasonServerError, 599: plan.ReasonServerError, 600: plan.ReasonServerError, 999: plan.ReasonServerError,
	}
	for status, want := range tests {
		if got := Classify(status); got != want {
			t.Errorf("Classify(%d) = %s, want %s", status, got, want)
		}
	}
}

func TestNext(t *testing.T) {
	constant := plan.DefaultRetry()
	exponential := plan.Retry{Retries: 100, Backoff: plan.BackoffExponential, Delay: 10 * time.Second, MaxDelay: time.Minute, Reasons: constant.Reasons}
	huge := plan.Retry{Retries: 100, Backoff: plan.BackoffExponential, Delay: time.Nanosecond, MaxDelay: math.MaxInt64 / 2, Reasons: constant.Reasons}
	none := plan.DefaultRetry()
	none.Retries = 0

	// All attempts take two seconds unless said otherwise.
	tests := []struct {
		name   string
		policy plan.Retry
		change func(*NextInput)
		want   time.Duration // from begun; negative if there is no next attempt
	}{
		{"counts from the start of the attempt", constant, func(*NextInput) {}, 105 * time.Second},
		{"adds at most a tenth", constant, func(n *NextInput) { n.Jitter = 1 }, 115500 * time.Millisecond},
		{"never subtracts", constant, func(n *NextInput) { n.Jitter = -1 }, 105 * time.Second},
		{"last retry", constant, func(n *NextInput) { n.Attempts = 3 }, 105 * time.Second},
		{"retries used up", constant, func(n *NextInput) { n.Attempts = 4 }, -1},
		{"no retries", none, func(*NextInput) {}, -1},
		{"too many requests", constant, func(n *NextInput) { n.Reason = plan.ReasonTooManyRequests }, 105 * time.Second},
		{"timeout", constant, func(n *NextInput) { n.Reason = plan.ReasonTimeout }, 105 * time.Second},
		{"network error", constant, func(n *NextInput) { n.Reason = plan.ReasonNetworkError }, 105 * time.Second},
		{"success", constant, func(n *NextInput) { n.Reason = plan.ReasonSuccess }, -1},
		{"redirect", constant, func(n *NextInput) { n.Reason = plan.ReasonRedirect }, -1},
		{"client error", constant, func(n *NextInput) { n.Reason = plan.ReasonClientError }, -1},
		{"blocked", constant, func(n *NextInput) { n.Reason = plan.ReasonBlocked }, -1},
		{"bad request", constant, func(n *NextInput) { n.Reason = plan.ReasonBadRequest }, -1},
		{"Retry-After counts from now", constant, func(n *NextInput) { n.RetryAfter = 3 * time.Minute }, 182 * time.Second},
		{"Retry-After never shortens", constant, func(n *NextInput) { n.RetryAfter = time.Second }, 105 * time.Second},
		{"Retry-After is capped", constant, func(n *NextInput) { n.RetryAfter = math.MaxInt64 }, 602 * time.Second},
		{"negative Retry-After", constant, func(n *NextInput) { n.RetryAfter = math.MinInt64 }, 105 * time.Second},
		{"never in the past", constant, func(n *NextInput) { n.Now = begun.Add(time.Hour) }, time.Hour},
		{"begun after now", constant, func(n *NextInput) { n.Now = begun.Add(-time.Hour) }, 105*time.Second - time.Hour},
		{"exponential, first", exponential, func(*NextInput) {}, 10 * time.Second},
		{"exponential, third", exponential, func(n *NextInput) { n.Attempts = 3 }, 40 * time.Second},
		{"exponential, bounded", exponential, func(n *NextInput) { n.Attempts = 4 }, time.Minute},
		{"exponential, no overflow", exponential, func(n *NextInput) { n.Attempts = 100 }, time.Minute},
		{"exponential, huge bound", huge, func(n *NextInput) { n.Attempts = 100 }, math.MaxInt64 / 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := NextInput{Attempts: 1, Reason: plan.ReasonServerError, Begun: begun, Now: begun.Add(2 * time.Second)}
			tt.change(&in)
			due, ok := Next(tt.policy, in)
			if ok != (tt.want != -1) {
				t.Fatalf("ok = %v", ok)
			}
			if got := due.Sub(begun); ok && got != tt.want {
				t.Errorf("due %v after the start, want %v", got, tt.want)
			}
		})
	}
}

// By default attempts that take 30 s start at 0, 105, 210 and 315 s, and with
// the most jitter still within six minutes.
func TestDefaultRetriesStartWithinSixMinutes(t *testing.T) {
	for _, tt := range []struct {
		jitter float64
		want   []float64
	}{
		{0, []float64{0, 105, 210, 315}},
		{1, []float64{0, 115.5, 231, 346.5}},
	} {
		start, starts := begun, []float64{0}
		for {
			due, ok := Next(plan.DefaultRetry(), NextInput{
				Attempts: len(starts), Reason: plan.ReasonTimeout,
				Begun: start, Now: start.Add(30 * time.Second), Jitter: tt.jitter,
			})
			if !ok {
				break
			}
			start, starts = due, append(starts, due.Sub(begun).Seconds())
		}
		if len(starts) != len(tt.want) {
			t.Fatalf("jitter %v: attempts start at %v s, want %v s", tt.jitter, starts, tt.want)
		}
		for i := range starts {
			if math.Abs(starts[i]-tt.want[i]) > 0.001 {
				t.Errorf("jitter %v: attempts start at %v s, want %v s", tt.jitter, starts, tt.want)
			}
		}
	}
}

func TestParseRetryAfter(t *testing.T) {
	tests := map[string]time.Duration{
		"":                               0,
		"0":                              0,
		"120":                            2 * time.Minute,
		" 7 ":                            7 * time.Second,
		"599":                            599 * time.Second,
		"3600":                           MaxRetryAfter,
		"99999999999999999999999999":     MaxRetryAfter,
		"-5":                             0,
		"+5":                             0,
		"1.5":                            0,
		"soon":                           0,
		"Fri, 02 Jan 2026 03:05:05 GMT":  time.Minute,
		"Friday, 02-Jan-26 03:05:05 GMT": time.Minute,
		"Fri, 02 Jan 2026 03:00:00 GMT":  0,
		"Sat, 02 Jan 2126 03:00:00 GMT":  MaxRetryAfter,
	}
	for value, want := range tests {
		if got := ParseRetryAfter(value, begun); got != want {
			t.Errorf("ParseRetryAfter(%q) = %v, want %v", value, got, want)
		}
	}
}
