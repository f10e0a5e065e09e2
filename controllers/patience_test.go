package controllers

import (
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestPatience(t *testing.T) {
	var p patience
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a, b := plan.Key{Name: "a"}, plan.Key{Name: "b"}
	connected, answered := control.State{Connected: true}, control.State{Connected: true, Answered: true}
	steps := []struct {
		name  string
		key   plan.Key
		state control.State
		after time.Duration
		want  time.Duration
	}{
		{"no dispatcher", a, control.State{}, 0, 0},
		{"first look", a, connected, 0, answerDelay},
		{"second look", a, connected, answerDelay / 4, answerDelay * 3 / 4},
		{"another object", b, connected, answerDelay / 4, answerDelay},
		{"time is up", a, connected, answerDelay, 0},
		{"and stays up", a, connected, 2 * answerDelay, 0},
		{"answered", a, answered, 2 * answerDelay, 0},
		{"new content", a, connected, 3 * answerDelay, answerDelay},
	}
	for _, step := range steps {
		if got := p.wait(step.key, step.state, now.Add(step.after)); got != step.want {
			t.Errorf("%s: wait %s, want %s", step.name, got, step.want)
		}
	}
	p.forget(a)
	if got := p.wait(a, connected, now.Add(10*answerDelay)); got != answerDelay {
		t.Errorf("after forget: wait %s, want %s", got, answerDelay)
	}
}
