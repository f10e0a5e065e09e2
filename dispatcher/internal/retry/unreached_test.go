package retry

import (
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestUnreached(t *testing.T) {
	for times, want := range map[int]time.Duration{
		1: 5 * time.Second, 2: 10 * time.Second, 6: 160 * time.Second, 7: 5 * time.Minute, 100: 5 * time.Minute, 1 << 40: 5 * time.Minute,
	} {
		if due := Unreached(times, NextInput{Begun: begun, Now: begun}); !due.Equal(begun.Add(want)) {
			t.Errorf("after %d times it is due in %s, want %s", times, due.Sub(begun), want)
		}
	}
	if due := Unreached(1, NextInput{Begun: begun, Now: begun.Add(time.Minute)}); !due.Equal(begun.Add(time.Minute)) {
		t.Errorf("after a minute's attempt it is due at %s, which is past", due)
	}
	if due := Unreached(2, NextInput{Begun: begun.Add(time.Hour), Now: begun, Jitter: 0.5}); !due.Equal(begun.Add(10500 * time.Millisecond)) {
		t.Errorf("with a clock that went back it is due in %s", due.Sub(begun))
	}
}

func TestReasonsNobodyChooses(t *testing.T) {
	only := func(reasons ...plan.Reason) plan.Retry {
		return plan.Retry{Retries: 1, Delay: time.Minute, Reasons: reasons}
	}
	tests := []struct {
		policy plan.Retry
		reason plan.Reason
		want   bool
	}{
		{only(), plan.ReasonTokenRefused, true},
		{only(plan.ReasonNetworkError), plan.ReasonTokenError, true},
		{only(plan.ReasonNetworkError), plan.ReasonProxyError, true},
		{only(plan.ReasonTimeout), plan.ReasonTokenError, false},
		{only(plan.ReasonTimeout), plan.ReasonProxyError, false},
	}
	for _, test := range tests {
		if _, got := Next(test.policy, NextInput{Attempts: 1, Reason: test.reason, Begun: begun, Now: begun}); got != test.want {
			t.Errorf("%v after %s: another attempt is %t", test.policy.Reasons, test.reason, got)
		}
	}
	if _, ok := Next(only(), NextInput{Attempts: 2, Reason: plan.ReasonTokenRefused, Begun: begun, Now: begun}); ok {
		t.Error("a refused token is retried more often than the policy allows")
	}
}

func TestPause(t *testing.T) {
	for times, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 6: 30 * time.Second, 1 << 40: 30 * time.Second} {
		if got := Pause(times); got != want {
			t.Errorf("pause %d is %s, want %s", times, got, want)
		}
	}
}
