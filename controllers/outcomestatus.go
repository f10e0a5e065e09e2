package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// maxCallMessage is the schema's bound of lastCall.message; it counts
	// characters, this bytes.
	maxCallMessage = 1024
	// writeTimeout bounds one write of an outcome.
	writeTimeout = 10 * time.Second
)

// statusSink writes outcomes to the status of Webhooks.
type statusSink struct {
	cache client.Reader
	// client is not the manager's, so that neither waits for the other's writes.
	client client.Client
}

func (s *statusSink) compare(ctx context.Context, r plan.Report) (verdict, error) {
	_, verdict, err := s.read(ctx, r)
	return verdict, err
}

// write reads the webhook again, since it may have waited for the budget.
func (s *statusSink) write(ctx context.Context, r plan.Report) (verdict, error) {
	obj, verdict, err := s.read(ctx, r)
	if err != nil || verdict != verdictWrite {
		return verdict, err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err = applyStatus(ctx, s.client, outcomeFieldOwner, kindWebhook, obj, outcomeStatus(r))
	if apierrors.IsNotFound(err) {
		return verdictGone, nil
	}
	return verdictWrite, err
}

func (s *statusSink) read(ctx context.Context, r plan.Report) (*v1alpha1.Webhook, verdict, error) {
	var obj v1alpha1.Webhook
	err := s.cache.Get(ctx, request(r.Webhook).NamespacedName, &obj, client.UnsafeDisableDeepCopy)
	switch {
	case apierrors.IsNotFound(err):
		return nil, verdictGone, nil
	case err != nil:
		return nil, verdictWrite, fmt.Errorf("read Webhook %s: %w", r.Webhook, err)
	case string(obj.UID) != r.WebhookUID:
		return nil, verdictGone, nil
	}
	existing := v1alpha1.WebhookStatus{
		LastCall: obj.Status.LastCall, LastSuccessTime: obj.Status.LastSuccessTime, ConsecutiveFailures: obj.Status.ConsecutiveFailures,
	}
	if equality.Semantic.DeepEqual(existing, outcomeStatus(r)) {
		return &obj, verdictSame, nil
	}
	return &obj, verdictWrite, nil
}

// outcomeStatus is the part of a webhook's status that a report makes. Times
// have whole seconds, as the API server keeps them.
func outcomeStatus(r plan.Report) v1alpha1.WebhookStatus {
	attempts, failures := count(r.Attempts), count(r.ConsecutiveFailures)
	last := &v1alpha1.LastCall{
		TransactionID: r.TransactionID,
		Time:          seconds(r.Time),
		Outcome:       string(r.Outcome),
		Attempts:      &attempts,
		Duration:      &metav1.Duration{Duration: r.Duration.Round(time.Millisecond)},
		Message:       clip(r.Message, maxCallMessage),
	}
	if code := count(r.StatusCode); code >= 100 && code <= 999 {
		last.StatusCode = &code
	}
	status := v1alpha1.WebhookStatus{LastCall: last, ConsecutiveFailures: &failures}
	if !r.LastSuccess.IsZero() {
		success := seconds(r.LastSuccess)
		status.LastSuccessTime = &success
	}
	return status
}

func seconds(t time.Time) metav1.Time { return metav1.NewTime(t).Rfc3339Copy() }

// count fits a count into the API's type.
func count(n int) int32 { return int32(min(max(n, 0), 1<<31-1)) }
