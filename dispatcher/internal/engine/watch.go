package engine

import (
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
)

// watchers are those who wait for the outcomes of calls. As long as there are
// none, an outcome costs one atomic load.
type watchers struct {
	number atomic.Int64 // of channels in calls

	mu    sync.Mutex
	calls map[uuid.UUID][]chan struct{}
}

// Watch returns a channel that is closed when the next outcome of a call is
// durable. One that is durable already closes nothing: whoever reads the store
// after Watch misses none. stop gives the watch up, and must be called once or
// more; the channel may stay open then.
func (e *Engine) Watch(id uuid.UUID) (ended <-chan struct{}, stop func()) {
	w := &e.watchers
	watch := make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls == nil {
		w.calls = map[uuid.UUID][]chan struct{}{}
	}
	w.calls[id] = append(w.calls[id], watch)
	w.number.Add(1)
	return watch, func() { w.stop(id, watch) }
}

// stop takes a watch away, unless it has ended.
func (w *watchers) stop(id uuid.UUID, watch chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.calls[id]
	for i, other := range list {
		if other != watch {
			continue
		}
		w.number.Add(-1)
		if len(list) == 1 {
			delete(w.calls, id)
			return
		}
		list[i] = list[len(list)-1]
		w.calls[id] = list[:len(list)-1]
		return
	}
}

// ended tells that a call's outcome is durable.
func (w *watchers) ended(id uuid.UUID) {
	if w.number.Load() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, watch := range w.calls[id] {
		close(watch)
	}
	w.number.Add(-int64(len(w.calls[id])))
	delete(w.calls, id)
}
