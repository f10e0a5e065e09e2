package compile

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The bounds of retry, as its field docs say.
const (
	maxRetries    = 20
	minRetryDelay = time.Second
	maxRetryDelay = time.Hour
	maxMaxDelay   = 24 * time.Hour
)

// The bounds of logRetention, as its field docs say.
const (
	minLogAge   = time.Hour
	maxLogAge   = 8760 * time.Hour
	minLogBytes = 1 << 20
	maxLogBytes = 1 << 40
)

// number returns the value of an optional field, def if it is unset. Out of
// bounds it adds a problem.
func (p *problems) number(field string, value *int32, def, least, most int) int {
	if value == nil {
		return def
	}
	wide := int64(*value)
	return int(p.number64(field, &wide, int64(def), int64(least), int64(most)))
}

// number64 is number for what does not fit into 32 bits.
func (p *problems) number64(field string, value *int64, def, least, most int64) int64 {
	if value == nil {
		return def
	}
	if *value < least || *value > most {
		p.reject(v1alpha1.ReasonInvalidSpec, "%s must be between %d and %d", field, least, most)
		return def
	}
	return *value
}

// duration is number for durations.
func (p *problems) duration(field string, value *metav1.Duration, def, least, most time.Duration) time.Duration {
	if value == nil {
		return def
	}
	if value.Duration < least || value.Duration > most {
		p.reject(v1alpha1.ReasonInvalidSpec, "%s must be between %s and %s", field, words(least), words(most))
		return def
	}
	return value.Duration
}

// words prints a bound as an author would write it: 120s, 24h.
func words(d time.Duration) string {
	if d >= time.Hour {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// logRetention is there also while the integration is not ready: its log is.
func (p *problems) logRetention(spec *v1alpha1.LogRetention) plan.LogRetention {
	if spec == nil {
		return plan.LogRetention{}
	}
	return plan.LogRetention{
		MaxAge:   p.duration("logRetention.maxAge", spec.MaxAge, 0, minLogAge, maxLogAge),
		MaxBytes: p.number64("logRetention.maxBytes", spec.MaxBytes, 0, minLogBytes, maxLogBytes),
	}
}

// retry fills in what spec leaves unset.
func (p *problems) retry(spec *v1alpha1.Retry) plan.Retry {
	retry := plan.DefaultRetry()
	if spec == nil {
		return retry
	}
	retry.Retries = p.number("retry.retries", spec.Retries, retry.Retries, 0, maxRetries)
	retry.Delay = p.duration("retry.delay", spec.Delay, retry.Delay, minRetryDelay, maxRetryDelay)
	retry.MaxDelay = p.duration("retry.maxDelay", spec.MaxDelay, retry.MaxDelay, minRetryDelay, maxMaxDelay)
	switch spec.Backoff {
	case "", v1alpha1.BackoffConstant:
	case v1alpha1.BackoffExponential:
		retry.Backoff = plan.BackoffExponential
	default:
		p.reject(v1alpha1.ReasonInvalidSpec, "retry.backoff must be Constant or Exponential")
	}
	if len(spec.Reasons) > 0 {
		retry.Reasons = p.retryReasons(spec.Reasons)
	}
	return retry
}

// retryReasons translates retry.reasons.
func (p *problems) retryReasons(wanted []v1alpha1.RetryReason) []plan.Reason {
	reasons := make([]plan.Reason, 0, len(wanted))
	for _, reason := range wanted {
		switch reason {
		case v1alpha1.RetryReasonServerError, v1alpha1.RetryReasonTooManyRequests, v1alpha1.RetryReasonTimeout, v1alpha1.RetryReasonNetworkError:
			reasons = append(reasons, plan.Reason(reason))
		default:
			p.reject(v1alpha1.ReasonInvalidSpec, "retry.reasons must hold only ServerError, TooManyRequests, Timeout and NetworkError")
		}
	}
	return reasons
}
