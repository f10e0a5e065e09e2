package engine

import (
	"context"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// maxIdleWorkers is how many workers wait for a turn; further ones end. Each keeps
// a stack that net/http has grown to 16 KiB or so, which a new goroutine would
// have to grow again: that was a thirtieth of a delivery's CPU time.
const maxIdleWorkers = 256

// worker is a goroutine that makes attempts, one after the other.
type worker struct {
	turns  chan *turn // of one
	marked chan error // of one: what came of a mark
	end    bool       // it is not to wait for another turn; set before its attempt returns
}

// start gives a turn to a worker. The lock is held.
func (e *Engine) start(t *turn) {
	e.background.Add(1)
	if n := len(e.idle); n > 0 {
		t.worker = e.idle[n-1]
		e.idle = e.idle[:n-1]
		t.worker.turns <- t
		return
	}
	t.worker = &worker{turns: make(chan *turn, 1), marked: make(chan error, 1)}
	t.worker.turns <- t
	go e.work(t.worker)
}

// work makes attempts until the engine is drained or there are workers enough.
func (e *Engine) work(w *worker) {
	for !w.end {
		select {
		case t := <-w.turns:
			e.attempt(t)
			e.background.Done()
		case <-e.stopped:
			return
		}
	}
}

// rest lets a worker that is about to end its attempt have the next turn. The
// lock is held.
func (e *Engine) rest(w *worker) {
	if len(e.idle) < maxIdleWorkers {
		e.idle = append(e.idle, w)
	} else {
		w.end = true
	}
}

// marking is a mark that a worker waits for.
type marking struct {
	mark store.Mark
	done chan<- error
}

// mark makes the mark of an attempt durable.
func (e *Engine) mark(w *worker, mark store.Mark) error {
	e.marks <- marking{mark: mark, done: w.marked}
	return <-w.marked
}

// commitMarks makes marks durable, by groups as [Engine.commitEnds] does, until
// the engine is drained.
func (e *Engine) commitMarks() {
	var group []marking
	var marks []store.Mark
	for {
		group, marks = group[:0], marks[:0]
		select {
		case m := <-e.marks:
			group, marks = append(group, m), append(marks, m.mark)
		case <-e.stopped:
			return
		}
		for more := true; more && len(group) < maxGroup; {
			select {
			case m := <-e.marks:
				group, marks = append(group, m), append(marks, m.mark)
			default:
				more = false
			}
		}
		err := e.store.Begin(context.Background(), marks...)
		for _, m := range group {
			m.done <- err
		}
	}
}
