package dispatcher_test

import (
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// An integration by which nothing can be sent is answered with the reason, and its
// calls wait for a better one.
func TestARefusedIntegrationKeepsItsCalls(t *testing.T) {
	const secret = "s3cret-canary"
	h := newHarness(t, nil)
	var broken plan.Integration
	h.configure(func(in *plan.Integration, _ *plan.Webhook) {
		in.TLS = &plan.TLS{Certificate: secret, Key: plan.NewSecret(secret)}
		broken = *in
	})
	const want = "the client certificate of tls and its key are not a pair in PEM"
	if state := h.server.State(broken.Ref()); state.Error != want {
		t.Errorf("the manager is answered %+v", state)
	}
	accepted := h.call(`{"id": 1, "name": "x"}`)
	if call, err := h.client.Get(t.Context(), "ns", "wh", accepted.TransactionID); err != nil || call.Attempts != 0 || call.Outcome != "" {
		t.Errorf("the call is %+v, %v", call, err)
	}
	good := broken
	good.TLS = nil
	h.server.SetIntegration(good)
	h.received(1)
	if call := h.finished(accepted.TransactionID); call.Outcome != "Succeeded" || call.Attempts != 1 {
		t.Errorf("the call is %+v", call)
	}
	h.await("the good integration to be acknowledged", func() bool { state := h.server.State(good.Ref()); return state.Answered && state.Error == "" })
	if strings.Contains(h.log.String(), secret) {
		t.Error("the secret is in the log")
	}
}
