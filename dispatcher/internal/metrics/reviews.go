package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ReviewResult is how a review of a caller ended.
type ReviewResult string

// The results of reviews.
const (
	ReviewAllowed         ReviewResult = "allowed"
	ReviewForbidden       ReviewResult = "forbidden"
	ReviewUnauthenticated ReviewResult = "unauthenticated"
	// ReviewError: the manager or Kubernetes could not be asked.
	ReviewError ReviewResult = "error"
)

// reviewBuckets are in seconds; a review may take 5.
var reviewBuckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}

func newReviews() *prometheus.HistogramVec {
	reviews := prometheus.NewHistogramVec(histogram("access_review_duration_seconds", "Time that Kubernetes took, asked by the manager, to say whether a caller may do something, by what it said.", reviewBuckets), []string{"result"})
	for _, result := range []ReviewResult{ReviewAllowed, ReviewForbidden, ReviewUnauthenticated, ReviewError} {
		reviews.WithLabelValues(string(result))
	}
	return reviews
}

// Reviewed measures a review of a caller.
func (m *Metrics) Reviewed(result ReviewResult, took time.Duration) {
	m.reviews.WithLabelValues(string(result)).Observe(took.Seconds())
}
