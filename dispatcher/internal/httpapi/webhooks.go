package httpapi

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Catalog is what webhooks there are. It is package catalog's Catalog.
type Catalog interface {
	Complete() bool
	Namespaces() []string
	List(namespace string) []*catalog.Webhook
	Webhook(key plan.Key) *catalog.Webhook
}

// The values of health in a query for Webhooks.
const (
	healthy   = "healthy"
	unhealthy = "unhealthy"
	notReady  = "notReady"
)

// getWebhooks lists the Webhooks of a namespace: GET …/webhooks.
func (a *api) getWebhooks(w http.ResponseWriter, r *http.Request) {
	q, namespace := queryOf(r), r.PathValue("namespace")
	limit := q.number("limit", 100, 1, 1000)
	search := strings.ToLower(q.text("search", maxText))
	in, health := q.integration(namespace), q.choice("health", healthy, unhealthy, notReady)
	after := q.name("cursor")
	err := q.err
	if err == nil && !a.catalog.Complete() {
		err = errNotConfigured
	}
	if err != nil {
		a.problem(w, r, err)
		return
	}
	var found []*catalog.Webhook
	for _, webhook := range a.catalog.List(namespace) {
		if (in == plan.Key{} || webhook.Plan.Integration == in) && (search == "" || webhook.Matches(search)) {
			found = append(found, webhook)
		}
	}
	if health != nil {
		found = a.ofHealth(found, *health)
	}
	page := client.Webhooks{Total: len(found)}
	first, has := slices.BinarySearchFunc(found, after, func(w *catalog.Webhook, name string) int { return strings.Compare(w.Plan.Key.Name, name) })
	if has {
		first++
	}
	found = found[first:]
	if len(found) > limit {
		found = found[:limit]
		page.Cursor = base64.RawURLEncoding.EncodeToString([]byte(found[limit-1].Plan.Key.Name))
	}
	page.Items = a.infosOf(found)
	writeJSON(w, http.StatusOK, mediaJSON, page)
}

// name reads a cursor of a listing by name; empty if it is not there.
func (q *query) name(name string) string {
	value := q.text(name, 400)
	text, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || value != "" && !isName(string(text)) {
		q.wrong(name, "is none of an earlier answer")
	}
	return string(text)
}

// keysOf are the keys of webhooks.
func keysOf(webhooks []*catalog.Webhook) []plan.Key {
	keys := make([]plan.Key, len(webhooks))
	for i, w := range webhooks {
		keys[i] = w.Plan.Key
	}
	return keys
}

// ofHealth are those of the webhooks that are as is asked for.
func (a *api) ofHealth(webhooks []*catalog.Webhook, health string) (found []*catalog.Webhook) {
	if health == notReady {
		for _, w := range webhooks {
			if w.Plan.NotReady != "" {
				found = append(found, w)
			}
		}
		return found
	}
	now := time.Now()
	for i, view := range a.engine.Webhooks(keysOf(webhooks)) {
		if plan.Healthy(view.Report.Recent(now)) == (health == healthy) {
			found = append(found, webhooks[i])
		}
	}
	return found
}

// infosOf are webhooks as they are shown.
func (a *api) infosOf(webhooks []*catalog.Webhook) []client.WebhookInfo {
	infos := make([]client.WebhookInfo, len(webhooks))
	roots := map[plan.Key]string{}
	now := time.Now()
	for i, view := range a.engine.Webhooks(keysOf(webhooks)) {
		in := webhooks[i].Plan.Integration
		root, known := roots[in]
		if !known {
			if p, _, _ := a.engine.Integration(in); p != nil {
				root = p.URL
			}
			roots[in] = root
		}
		infos[i] = infoOf(webhooks[i], &view, root, now)
	}
	return infos
}

// infoOf is a webhook as it is shown. Without the root of its integration its URL is not.
func infoOf(w *catalog.Webhook, view *engine.WebhookView, root string, now time.Time) client.WebhookInfo {
	p := &w.Plan
	info := client.WebhookInfo{
		Namespace: p.Key.Namespace, Name: p.Key.Name, SystemName: p.SystemName, DisplayName: p.DisplayName, Method: p.Method,
		IdempotencyKey: p.HasKey, Suspended: p.Suspend, NotReady: p.NotReady,
		Waiting: view.Waiting, OldestDueAt: optionalTime(view.OldestDue), Health: healthOf(&view.Report, now), LastCall: lastCallOf(&view.Report),
	}
	if p.Integration != (plan.Key{}) {
		info.Integration = p.Integration.String()
	}
	if root != "" {
		info.URLView = w.URLView(root)
	}
	return info
}

// healthOf is what a report says of the last 24 hours.
func healthOf(r *plan.Report, now time.Time) client.Health {
	calls, failed := r.Recent(now)
	return client.Health{
		Healthy: plan.Healthy(calls, failed), Calls: calls, Failed: failed,
		ConsecutiveFailures: r.ConsecutiveFailures, LastSuccessAt: optionalTime(r.LastSuccess),
	}
}

// lastCallOf is the call that a report is of; nil without one.
func lastCallOf(r *plan.Report) *client.LastCall {
	if r.TransactionID == "" {
		return nil
	}
	return &client.LastCall{
		TransactionID: r.TransactionID, EndedAt: r.Time.UTC(), Outcome: string(r.Outcome), StatusCode: r.StatusCode,
		Attempts: r.Attempts, DurationSeconds: r.Duration.Seconds(), Message: r.Message,
	}
}

// getWebhook shows one Webhook: GET …/webhooks/{webhook}.
func (a *api) getWebhook(w http.ResponseWriter, r *http.Request) {
	webhook, err := a.webhook(webhookOf(r))
	if err != nil {
		a.problem(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, mediaJSON, a.infosOf([]*catalog.Webhook{webhook})[0])
}

// webhook finds a webhook.
func (a *api) webhook(key plan.Key) (*catalog.Webhook, error) {
	webhook := a.catalog.Webhook(key)
	switch {
	case !a.catalog.Complete():
		return nil, errNotConfigured
	case webhook == nil:
		return nil, fmt.Errorf("there is %w %q in namespace %q", intake.ErrUnknownWebhook, key.Name, key.Namespace)
	}
	return webhook, nil
}

// getIntegrations lists the integrations of a namespace, and those of others that its
// Webhooks use: GET …/integrations.
func (a *api) getIntegrations(w http.ResponseWriter, r *http.Request) {
	if !a.catalog.Complete() {
		a.problem(w, r, errNotConfigured)
		return
	}
	namespace := r.PathValue("namespace")
	webhooks := a.catalog.List(namespace)
	infos := map[plan.Key]*client.IntegrationInfo{}
	for _, key := range a.engine.IntegrationKeys(namespace) {
		infos[key] = a.integrationOf(key)
	}
	now := time.Now()
	for i, view := range a.engine.Webhooks(keysOf(webhooks)) {
		key := webhooks[i].Plan.Integration
		if key == (plan.Key{}) {
			continue
		}
		info := infos[key]
		if info == nil {
			info = a.integrationOf(key)
			infos[key] = info
		}
		calls, failed := view.Report.Recent(now)
		info.Webhooks++
		info.Calls += calls
		info.Failed += failed
		if !plan.Healthy(calls, failed) {
			info.Unhealthy++
		}
	}
	answer := client.Integrations{Items: make([]client.IntegrationInfo, 0, len(infos))}
	for _, info := range infos {
		answer.Items = append(answer.Items, *info)
	}
	slices.SortFunc(answer.Items, func(a, b client.IntegrationInfo) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// integrationOf is an integration as it is shown, without what its webhooks add up to.
// One that is not known is not ready.
func (a *api) integrationOf(key plan.Key) *client.IntegrationInfo {
	p, queue, _ := a.engine.Integration(key)
	info := &client.IntegrationInfo{
		Namespace: key.Namespace, Name: key.Name, Waiting: queue.Waiting, InFlight: queue.InFlight, OldestDueAt: optionalTime(queue.OldestDue),
	}
	if p == nil {
		info.NotReady = "there is no such WebhookIntegration"
		return info
	}
	info.DisplayName, info.Description, info.URL, info.NotReady, info.Suspended = p.DisplayName, p.Description, p.URL, p.NotReady, p.Suspend
	info.RequestsPerSecond, info.MaxConcurrency = p.RequestsPerSecond, p.MaxConcurrency
	for _, h := range p.Headers {
		shown := client.Header{Name: h.Name, Value: plan.Redacted}
		if !h.Private {
			shown.Value = h.Value.Reveal()
		}
		info.Headers = append(info.Headers, shown)
	}
	return info
}
