package httpapi

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// maxText bounds what is searched for in rows, in bytes.
const maxText = 1000

// rowParameters are those of client.DeliveryFilter but since and till, and
// filterParameters all.
var (
	rowParameters    = []string{"webhook", "integration", "isSuccessful", "transactionId", "statusCode", "outcome", "reason", "text"}
	filterParameters = append([]string{"since", "till"}, rowParameters...)
)

// filter reads the parameters of client.DeliveryFilter.
func (q *query) filter(namespace string) store.LogFilter {
	f := store.LogFilter{
		Namespace: namespace, Webhook: q.text("webhook", 253), Integration: q.integration(namespace), Since: q.time("since"), Till: q.time("till"),
		Text: q.text("text", maxText),
	}
	if !f.Since.IsZero() && !f.Till.IsZero() && !f.Since.Before(f.Till) {
		q.wrong("since", "must be before till")
	}
	if value := q.choice("isSuccessful", "true", "false"); value != nil {
		success := *value == "true"
		f.Success = &success
	}
	if value := q.text("transactionId", 100); value != "" {
		id, err := uuid.Parse(value)
		if err != nil || id.String() != value || id == uuid.Nil {
			q.wrong("transactionId", "must be a transaction id, such as %s", exampleID)
		}
		f.ID = id
	}
	q.statusCode(&f)
	if value := q.choice("outcome", names(plan.Outcomes)...); value != nil {
		f.Outcome = plan.Outcome(*value)
	}
	if value := q.choice("reason", names(plan.Reasons)...); value != nil {
		f.Reason = plan.Reason(*value)
	}
	return f
}

// names are texts of another type.
func names[T ~string](of []T) []string {
	all := make([]string, len(of))
	for i, name := range of {
		all[i] = string(name)
	}
	return all
}

// integration is an integration, by its name in the namespace or with its own.
func (q *query) integration(namespace string) plan.Key {
	value := q.text("integration", 63+1+253)
	if value == "" {
		return plan.Key{}
	}
	key := plan.Key{Namespace: namespace, Name: value}
	if in, name, ok := strings.Cut(value, "/"); ok {
		key = plan.Key{Namespace: in, Name: name}
	}
	if key.Name == "" || !isPath(key) {
		q.wrong("integration", "must be the name of a WebhookIntegration, or namespace/name for one of another namespace")
	}
	return key
}

// statusCode reads a code, a class of codes or 0.
func (q *query) statusCode(f *store.LogFilter) {
	value := q.text("statusCode", 100)
	if value == "" {
		return
	}
	class, isClass := strings.CutSuffix(value, "xx")
	n, err := strconv.Atoi(class)
	switch {
	case err == nil && isClass && len(class) == 1 && n > 0:
		f.MinStatus, f.MaxStatus = n*100, n*100+99
	case err == nil && !isClass && len(value) == 3 && n >= 100:
		f.MinStatus, f.MaxStatus = n, n
	case value == "0":
		f.NoStatus = true
	default:
		q.wrong("statusCode", "must be a code such as 503, a class such as 5xx, or 0 for no answer")
	}
}

// cursor reads the place of a row; the zero place if it is not there.
func (q *query) cursor(name string) store.LogPosition {
	value := q.text(name, 200)
	if value == "" {
		return store.LogPosition{}
	}
	parts := strings.Split(value, "_")
	if len(parts) == 3 {
		begun, err := time.Parse(time.RFC3339Nano, parts[0])
		id, err2 := uuid.Parse(parts[1])
		number, err3 := strconv.ParseInt(parts[2], 10, 32)
		if err == nil && err2 == nil && err3 == nil && number >= 0 && begun.Year() >= 1970 && begun.Year() < 2200 {
			return store.LogPosition{Begun: begun, ID: id, Number: int(number)}
		}
	}
	q.wrong(name, "is no place in the log; it is the cursor of an earlier answer, or made of a row's columns StartDateTimeUtc_TransactionId_RetryNumber")
	return store.LogPosition{}
}
