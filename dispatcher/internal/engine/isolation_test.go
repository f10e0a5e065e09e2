package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestAReceiverThatHangsDelaysNoOtherIntegration: as many of its calls as it may
// have wait for it, and many more behind them, while another integration's are sent
// at once.
func TestAReceiverThatHangsDelaysNoOtherIntegration(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(ctx context.Context, name string, _ int) outbound.Response {
			if strings.HasPrefix(name, "hangs") {
				<-ctx.Done()
				return outbound.Response{Reason: plan.ReasonNetworkError}
			}
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("hanging", nil)
		h.integration("other", nil)
		h.webhook("hangs", "hanging", nil)
		h.webhook("goes", "other", nil)
		for i := range 1000 {
			h.call("hangs", fmt.Sprintf("hangs-%d", i), false)
		}
		wait(time.Second)
		for i := range 10 {
			h.call("goes", fmt.Sprintf("goes-%d", i), false)
		}
		wait(time.Second)
		sent := slices.DeleteFunc(h.sentNames(), func(name string) bool { return strings.HasPrefix(name, "hangs") })
		if len(sent) != 10 {
			t.Errorf("%d of 10 calls of the other integration were sent", len(sent))
		}
	})
}
