package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
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
	client    client.Client
	announcer *announcer
	now       func() time.Time
}

func (s *statusSink) compare(ctx context.Context, r plan.Report) (verdict, error) {
	_, _, verdict, err := s.read(ctx, r)
	return verdict, err
}

// write reads the webhook again, since it may have waited for the budget.
func (s *statusSink) write(ctx context.Context, r plan.Report) (verdict, error) {
	obj, status, verdict, err := s.read(ctx, r)
	if err != nil || verdict != verdictWrite {
		return verdict, err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err = applyStatus(ctx, s.client, outcomeFieldOwner, kindWebhook, obj, status)
	if apierrors.IsNotFound(err) {
		return verdictGone, nil
	}
	if err == nil {
		s.announcer.health(obj, obj.Status.Conditions, status.Conditions)
	}
	return verdictWrite, err
}

// read returns the webhook of a report, and the status that is wanted for it.
func (s *statusSink) read(ctx context.Context, r plan.Report) (*v1alpha1.Webhook, v1alpha1.WebhookStatus, verdict, error) {
	none := v1alpha1.WebhookStatus{}
	var obj v1alpha1.Webhook
	err := s.cache.Get(ctx, request(r.Webhook).NamespacedName, &obj, client.UnsafeDisableDeepCopy)
	switch {
	case apierrors.IsNotFound(err):
		return nil, none, verdictGone, nil
	case err != nil:
		return nil, none, verdictWrite, fmt.Errorf("read Webhook %s: %w", r.Webhook, err)
	case string(obj.UID) != r.WebhookUID:
		return nil, none, verdictGone, nil
	}
	existing := v1alpha1.WebhookStatus{
		LastCall: obj.Status.LastCall, LastSuccessTime: obj.Status.LastSuccessTime, ConsecutiveFailures: obj.Status.ConsecutiveFailures,
	}
	if c := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionHealthy); c != nil {
		existing.Conditions = []metav1.Condition{*c}
	}
	wanted := outcomeStatus(r)
	if c := webhookHealth(existing.Conditions, &r, s.now()); c != nil {
		wanted.Conditions = []metav1.Condition{*c}
	}
	if equality.Semantic.DeepEqual(existing, wanted) {
		return &obj, wanted, verdictSame, nil
	}
	return &obj, wanted, verdictWrite, nil
}

// outcomeStatus is the part of a webhook's status that a report makes, but for the
// condition Healthy. Times have whole seconds, as the API server keeps them.
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
