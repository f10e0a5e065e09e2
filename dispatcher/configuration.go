package dispatcher

import (
	"log/slog"

	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/metrics"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// configuration is the control session's catalog: it brings every change to
// intake (through the catalog) and to the engine.
type configuration struct {
	log     *slog.Logger
	catalog catalog.Catalog
	engine  *engine.Engine
	metrics *metrics.Metrics
}

// Apply implements [control.Catalog].
func (c *configuration) Apply(change control.Change) []control.Result {
	for _, ref := range change.Removals {
		c.remove(ref)
	}
	var refused []control.Result
	for _, in := range change.Integrations {
		err := c.engine.SetIntegration(in)
		c.metrics.SetIntegration(in.Key, err == nil && in.NotReady == "")
		if err != nil {
			refused = append(refused, control.Result{Ref: in.Ref(), Error: err.Error()})
		}
	}
	for _, p := range change.Webhooks {
		w, err := catalog.Compile(*p)
		if err != nil {
			refused = append(refused, control.Result{Ref: p.Ref(), Error: err.Error()})
			continue
		}
		c.metrics.SetWebhook(p.Key, p.Integration, p.NotReady == "")
		c.engine.SetWebhook(p)
		c.catalog.Set(w)
	}
	c.log.Debug("configuration changed", "integrations", len(change.Integrations),
		"webhooks", len(change.Webhooks), "removals", len(change.Removals), "refused", len(refused))
	return refused
}

// remove drops one object. New calls of a webhook are refused before its
// waiting ones are cancelled.
func (c *configuration) remove(ref plan.Ref) {
	defer c.metrics.Remove(ref)
	if ref.Kind == plan.KindIntegration {
		c.engine.RemoveIntegration(ref.Key)
		return
	}
	c.catalog.Remove(ref.Key)
	c.engine.RemoveWebhook(ref.Key)
}

// Complete implements [control.Catalog].
func (c *configuration) Complete() {
	c.catalog.SetComplete()
	c.engine.Complete()
	c.log.Info("configuration complete: calls are taken in and sent")
}

// Held implements [control.Catalog].
func (c *configuration) Held() []plan.Ref { return c.engine.Held() }
