package control

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Each pair of functions below is exact both ways, but that an empty list comes
// back as nil and a time in UTC. A test fills every field of package plan and
// fails when one is missing here.

func refToPB(r plan.Ref) *pb.Ref {
	m := &pb.Ref{Namespace: r.Namespace, Name: r.Name}
	switch r.Kind {
	case plan.KindIntegration:
		m.Kind = pb.Kind_KIND_INTEGRATION
	case plan.KindWebhook:
		m.Kind = pb.Kind_KIND_WEBHOOK
	}
	return m
}

// refFromPB gives a Ref without Kind for a kind it does not know. No entry has
// such a Ref, so it means nothing to either half.
func refFromPB(m *pb.Ref) plan.Ref {
	r := plan.Ref{Key: plan.Key{Namespace: m.GetNamespace(), Name: m.GetName()}}
	switch m.GetKind() {
	case pb.Kind_KIND_INTEGRATION:
		r.Kind = plan.KindIntegration
	case pb.Kind_KIND_WEBHOOK:
		r.Kind = plan.KindWebhook
	}
	return r
}

func webhookToPB(w *plan.Webhook) *pb.Webhook {
	m := &pb.Webhook{
		Namespace:            w.Key.Namespace,
		Name:                 w.Key.Name,
		Uid:                  w.UID,
		Generation:           w.Generation,
		IntegrationNamespace: w.Integration.Namespace,
		IntegrationName:      w.Integration.Name,
		NotReady:             w.NotReady,
		SystemName:           w.SystemName,
		Method:               w.Method,
		Escaping:             string(w.Escaping),
		Missing:              string(w.Missing),
		Culture:              w.Culture,
		Suffix:               w.Suffix,
		InheritedOff:         w.InheritedOff,
		HasBody:              w.HasBody,
		Body:                 w.Body,
		BodyField:            w.BodyField,
		BodyContext:          string(w.BodyContext),
		HasKey:               w.HasKey,
		Timeout:              durationpb.New(w.Timeout),
		Suspend:              w.Suspend,
		Response:             responseToPB(w.Response),
		DisplayName:          w.DisplayName,
		Manifest:             w.Manifest,
	}
	for _, t := range w.Triggers {
		m.Triggers = append(m.Triggers, &pb.Trigger{Type: t.Type, Source: t.Source, When: t.When})
	}
	for _, h := range w.Headers {
		m.Headers = append(m.Headers, &pb.HeaderTemplate{Name: h.Name, Value: h.Value})
	}
	if w.Retry != nil {
		m.Retry = retryToPB(w.Retry)
	}
	return m
}

func webhookFromPB(m *pb.Webhook) *plan.Webhook {
	w := &plan.Webhook{
		Key:          plan.Key{Namespace: m.GetNamespace(), Name: m.GetName()},
		UID:          m.GetUid(),
		Generation:   m.GetGeneration(),
		Integration:  plan.Key{Namespace: m.GetIntegrationNamespace(), Name: m.GetIntegrationName()},
		NotReady:     m.GetNotReady(),
		SystemName:   m.GetSystemName(),
		Method:       m.GetMethod(),
		Escaping:     plan.Escaping(m.GetEscaping()),
		Missing:      plan.Missing(m.GetMissing()),
		Culture:      m.GetCulture(),
		Suffix:       m.GetSuffix(),
		InheritedOff: m.GetInheritedOff(),
		HasBody:      m.GetHasBody(),
		Body:         m.GetBody(),
		BodyField:    m.GetBodyField(),
		BodyContext:  plan.BodyContext(m.GetBodyContext()),
		HasKey:       m.GetHasKey(),
		Timeout:      m.GetTimeout().AsDuration(),
		Suspend:      m.GetSuspend(),
		Response:     responseFromPB(m.GetResponse()),
		DisplayName:  m.GetDisplayName(),
		Manifest:     m.GetManifest(),
	}
	for _, t := range m.GetTriggers() {
		w.Triggers = append(w.Triggers, plan.Trigger{Type: t.GetType(), Source: t.GetSource(), When: t.GetWhen()})
	}
	for _, h := range m.GetHeaders() {
		w.Headers = append(w.Headers, plan.HeaderTemplate{Name: h.GetName(), Value: h.GetValue()})
	}
	if m.GetRetry() != nil {
		w.Retry = retryFromPB(m.GetRetry())
	}
	return w
}

func retryToPB(r *plan.Retry) *pb.Retry {
	m := &pb.Retry{
		Retries:  int64(r.Retries),
		Backoff:  string(r.Backoff),
		Delay:    durationpb.New(r.Delay),
		MaxDelay: durationpb.New(r.MaxDelay),
	}
	for _, reason := range r.Reasons {
		m.Reasons = append(m.Reasons, string(reason))
	}
	return m
}

func retryFromPB(m *pb.Retry) *plan.Retry {
	r := &plan.Retry{
		Retries:  int(m.GetRetries()),
		Backoff:  plan.Backoff(m.GetBackoff()),
		Delay:    m.GetDelay().AsDuration(),
		MaxDelay: m.GetMaxDelay().AsDuration(),
	}
	for _, reason := range m.GetReasons() {
		r.Reasons = append(r.Reasons, plan.Reason(reason))
	}
	return r
}

// reportToPB makes the message sendable, as it may quote a receiver.
func reportToPB(r *plan.Report) *pb.Report {
	m := &pb.Report{
		Namespace:           r.Webhook.Namespace,
		Name:                r.Webhook.Name,
		WebhookUid:          r.WebhookUID,
		Seq:                 r.Seq,
		TransactionId:       r.TransactionID,
		Time:                timeToPB(r.Time),
		Outcome:             string(r.Outcome),
		StatusCode:          int64(r.StatusCode),
		Attempts:            int64(r.Attempts),
		Duration:            durationpb.New(r.Duration),
		Message:             sendable(r.Message),
		LastSuccess:         timeToPB(r.LastSuccess),
		ConsecutiveFailures: int64(r.ConsecutiveFailures),
	}
	for _, h := range r.Hours {
		m.Hours = append(m.Hours, &pb.Hour{Since: h.Since, Calls: int64(h.Calls), Failed: int64(h.Failed)})
	}
	return m
}

func reportFromPB(m *pb.Report) plan.Report {
	r := plan.Report{
		Webhook:             plan.Key{Namespace: m.GetNamespace(), Name: m.GetName()},
		WebhookUID:          m.GetWebhookUid(),
		Seq:                 m.GetSeq(),
		TransactionID:       m.GetTransactionId(),
		Time:                timeFromPB(m.GetTime()),
		Outcome:             plan.Outcome(m.GetOutcome()),
		StatusCode:          int(m.GetStatusCode()),
		Attempts:            int(m.GetAttempts()),
		Duration:            m.GetDuration().AsDuration(),
		Message:             m.GetMessage(),
		LastSuccess:         timeFromPB(m.GetLastSuccess()),
		ConsecutiveFailures: int(m.GetConsecutiveFailures()),
	}
	for _, h := range m.GetHours() {
		r.Hours = append(r.Hours, plan.Hour{Since: h.GetSince(), Calls: int(h.GetCalls()), Failed: int(h.GetFailed())})
	}
	return r
}

// timeToPB leaves out the zero time, which is a real instant in protobuf.
func timeToPB(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func timeFromPB(m *timestamppb.Timestamp) time.Time {
	if m == nil {
		return time.Time{}
	}
	return m.AsTime()
}
