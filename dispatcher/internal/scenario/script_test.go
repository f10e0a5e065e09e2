package scenario

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// runner plays the script of a story.
type runner struct {
	world *world

	mu    sync.Mutex
	calls map[string]*call
}

// call is a call that was taken in.
type call struct {
	name     string
	accepted store.Call // as intake returned it
	requests []*request // those that were expected of it
}

// command runs one line and all that follows from it at this moment.
func (r *runner) command(w *words) error {
	r.world.receiver.mu.Lock()
	r.world.receiver.step++
	r.world.receiver.mu.Unlock()
	if err := r.run(w.word(), w); err != nil {
		return err
	}
	synctest.Wait()
	if err := w.done(); err != nil {
		return err
	}
	return r.world.check()
}

func (r *runner) run(verb string, w *words) error {
	switch verb {
	case "call":
		return r.call(w)
	case "refuse":
		return r.refuse(w)
	case "repeat":
		return r.repeat(w)
	case "cancel":
		return r.cancel(w)
	case "redeliver":
		return r.redeliver(w)
	case "reply":
		return r.reply(w)
	case "receiver":
		return r.world.receiver.rule(w)
	case "advance":
		return r.advance(w)
	case "jitter":
		_, err := fmt.Sscan(w.rest(), &r.world.jitter)
		return err
	case "crash", "restart", "kill", "stop", "start", "configure":
		return r.lifecycle(verb, w)
	case "stall", "go":
		return r.stall(verb, w)
	case "suspend", "resume", "delete", "create", "recreate", "change":
		return r.change(verb, w)
	case "expect":
		return r.expect(w)
	}
	return fmt.Errorf("there is no command %s", verb)
}

// call takes calls in: wh {"id": "#"} as c# for 1..20.
func (r *runner) call(w *words) error {
	asked, err := called(w)
	if err != nil {
		return err
	}
	if !w.take("as") {
		return errors.New(`"as NAME" is missing`)
	}
	name, numbers := w.word(), []string{"#"}
	if w.take("for") {
		numbers = expand(w.word())
	}
	for _, number := range numbers {
		name := strings.ReplaceAll(name, "#", number)
		if c, _ := r.named(name); c != nil {
			return fmt.Errorf("there is a call %s already", name)
		}
		if err := r.accept(name, asked.numbered(number), w.take("unanswered")); err != nil {
			return err
		}
	}
	return nil
}

// accept takes one call in. An unanswered one hangs with the store; its caller
// never learns what became of it, but the story does.
func (r *runner) accept(name string, asked asked, unanswered bool) error {
	answered := make(chan error, 1)
	go func() {
		entry, repeat, err := r.world.accept(asked.webhook, asked.data, asked.key)
		if err == nil && repeat {
			err = errors.New("it is a repeat")
		}
		if err == nil {
			r.mu.Lock()
			r.calls[name] = &call{name: name, accepted: entry.Call}
			r.mu.Unlock()
		}
		answered <- err
	}()
	synctest.Wait()
	select {
	case err := <-answered:
		if err == nil && unanswered {
			return errors.New("the call is answered")
		}
		return err
	default:
		if !unanswered {
			return errors.New("the call is not answered")
		}
		return nil
	}
}

// asked is what a caller asks for.
type asked struct {
	webhook plan.Key
	data    []byte
	key     string // the caller's idempotency key, if there is one
}

// called takes what a caller asks for: wh {"id": 1} key order-1.
func called(w *words) (a asked, err error) {
	a.webhook = key(w.word())
	if a.data, err = w.json(); err == nil && w.take("key") {
		a.key = w.word()
	}
	return a, err
}

// numbered is the same with a number for #.
func (a asked) numbered(number string) asked {
	a.data = []byte(strings.ReplaceAll(string(a.data), "#", number))
	return a
}

// repeat expects that the caller's idempotency key brings a call again.
func (r *runner) repeat(w *words) error {
	asked, err := called(w)
	if err != nil {
		return err
	}
	if !w.take("as") {
		return errors.New(`"as NAME" is missing`)
	}
	c, err := r.named(w.word())
	if err != nil {
		return err
	}
	entry, repeat, err := r.world.accept(asked.webhook, asked.data, asked.key)
	if err == nil && (!repeat || entry.Call.ID != c.accepted.ID) {
		err = fmt.Errorf("repeat is %v, and the call %s, want %s", repeat, entry.Call.ID, c.accepted.ID)
	}
	return err
}

// refuse expects that a call is not taken in.
func (r *runner) refuse(w *words) error {
	asked, err := called(w)
	if err != nil {
		return err
	}
	want := w.rest()
	_, _, err = r.world.accept(asked.webhook, asked.data, asked.key)
	switch {
	case err == nil:
		return fmt.Errorf("the call is taken in, want an error with %q", want)
	case want == "" || !strings.Contains(err.Error(), want):
		return fmt.Errorf("the error has no %q: %w", want, err)
	}
	return nil
}

// named returns a call.
func (r *runner) named(name string) (*call, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.calls[name]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("there is no call %q", name)
}

// reply answers the request of a call.
func (r *runner) reply(w *words) error {
	c, err := r.named(w.word())
	if err != nil {
		return err
	}
	response, err := answer(w)
	if err != nil {
		return err
	}
	for _, q := range c.requests {
		r.world.receiver.mu.Lock()
		ended := q.ended
		q.unsent = q.unsent || !ended && response.Unsent
		r.world.receiver.mu.Unlock()
		if !ended {
			q.reply <- response
			return nil
		}
	}
	return fmt.Errorf("no request of %s is under way that was expected", c.name)
}

// advance lets time pass.
func (r *runner) advance(w *words) error {
	d, err := w.duration()
	if err != nil {
		return err
	}
	<-time.NewTimer(d).C
	return nil
}

// lifecycle ends and starts the dispatcher.
func (r *runner) lifecycle(verb string, w *words) error {
	world := r.world
	switch verb {
	case "kill":
		return world.kill()
	case "crash":
		return errors.Join(world.kill(), world.start(true))
	case "stop":
		grace := 10 * time.Second
		var err error
		if w.take("grace") {
			grace, err = w.duration()
		}
		return errors.Join(err, world.stop(grace))
	case "restart":
		if err := world.stop(0); err != nil {
			return err
		}
		fallthrough
	case "start":
		if err := world.gone(); err != nil {
			return err
		}
		return world.start(!w.take("unconfigured"))
	}
	return world.configure()
}

// stall makes a step of the store hang, or lets it go on.
func (r *runner) stall(verb string, w *words) error {
	l, err := r.world.up()
	if err != nil {
		return err
	}
	if verb == "go" {
		if !w.take("on") {
			return errors.New(`it is "go on"`)
		}
		l.proceed()
		return nil
	}
	switch step := w.rest(); step {
	case "before accept", "after accept", "before mark", "after mark", "before end", "after end":
		l.hangAt(step)
		return nil
	default:
		return fmt.Errorf("%q is no step of the store", step)
	}
}

// change changes an object, and brings it to the dispatcher.
func (r *runner) change(verb string, w *words) error {
	kind, name := w.word(), w.word()
	config := &r.world.config
	var ref plan.Ref
	var set func(*words) error
	var deleted *bool
	switch kind {
	case "integration":
		in := config.integration(name)
		in.plan.Generation++
		ref, set, deleted = in.plan.Ref(), in.set, &in.deleted
	case "webhook":
		wh := config.webhook(name)
		wh.plan.Generation++
		ref, set, deleted = wh.plan.Ref(), wh.set, &wh.deleted
		if verb == "create" || verb == "recreate" {
			wh.makeAnew()
		}
	default:
		return fmt.Errorf("there is no kind %q", kind)
	}
	var err error
	switch verb {
	case "suspend":
		err = set(&words{"suspend true"})
	case "resume":
		err = set(&words{"suspend"})
	case "delete":
		*deleted = true
	case "create":
		*deleted = false
	case "change":
		err = set(w)
	}
	return errors.Join(err, r.world.apply(ref))
}

// id returns the text with the transaction id of a call for $id.
func (c *call) id(text string) string { return strings.ReplaceAll(text, "$id", c.accepted.ID.String()) }
