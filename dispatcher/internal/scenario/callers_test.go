package scenario

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing/synctest"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
)

// cancel cancels a call: a; a later, when an attempt is under way; a refused TEXT.
func (r *runner) cancel(w *words) error {
	return r.ask(w, func(e *engine.Engine, c *call, later bool) error {
		ended, err := e.Cancel(context.Background(), c.accepted.Webhook, c.accepted.ID)
		if err == nil && ended == later {
			err = fmt.Errorf("ended is %v", ended)
		}
		return err
	})
}

// redeliver has a call delivered anew: a; a unanswered; a refused TEXT.
func (r *runner) redeliver(w *words) error {
	return r.ask(w, func(e *engine.Engine, c *call, _ bool) error {
		return e.Redeliver(context.Background(), c.accepted.Webhook, c.accepted.ID)
	})
}

// ask asks something of the engine for a call.
func (r *runner) ask(w *words, do func(e *engine.Engine, c *call, later bool) error) error {
	c, err := r.named(w.word())
	if err != nil {
		return err
	}
	l, err := r.world.up()
	if err != nil {
		return err
	}
	later, unanswered, want := w.take("later"), w.take("unanswered"), ""
	if w.take("refused") {
		want = w.rest()
	}
	answered := make(chan error, 1)
	go func() { answered <- do(l.engine, c, later) }()
	synctest.Wait()
	select {
	case err = <-answered:
	default:
		if unanswered {
			return nil
		}
		return errors.New("it is not answered")
	}
	switch {
	case unanswered:
		return errors.New("it is answered")
	case want == "":
		return err
	case err == nil || !strings.Contains(err.Error(), want):
		return fmt.Errorf("the error is %v, want %q", err, want)
	}
	return nil
}
