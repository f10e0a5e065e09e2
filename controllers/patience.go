package controllers

import (
	"sync"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// answerDelay is how long a status waits for the dispatcher's answer to new
// content before it says Pending. The answer mostly comes within 100 ms, so that
// one write says Programmed instead of two that say Pending and then Programmed.
const answerDelay = time.Second

// patience remembers since when objects wait for an answer. The zero value is
// ready to use.
type patience struct {
	mu    sync.Mutex
	since map[plan.Key]time.Time
}

// wait returns how long the status of an object in this state should still wait
// to be written; 0 is not at all. Without a dispatcher no answer is near.
func (p *patience) wait(key plan.Key, state control.State, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if state.Answered || !state.Connected {
		delete(p.since, key)
		return 0
	}
	since, waiting := p.since[key]
	if !waiting {
		if p.since == nil {
			p.since = map[plan.Key]time.Time{}
		}
		since = now
		p.since[key] = now
	}
	return max(0, answerDelay-now.Sub(since))
}

// forget drops an object that is gone.
func (p *patience) forget(key plan.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.since, key)
}
