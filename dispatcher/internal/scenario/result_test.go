package scenario

import (
	"errors"
	"fmt"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// expectResult expects what was read from the answer that ended a call: variable NAME
// VARIABLE TEXT, variables NAME VARIABLES, or response NAME DOCUMENT.
func (r *runner) expectResult(what string, w *words) error {
	c, err := r.named(w.word())
	if err != nil {
		return err
	}
	l, err := r.world.up()
	if err != nil {
		return err
	}
	result, err := l.store.Result(c.accepted.ID)
	if errors.Is(err, store.ErrNotFound) {
		result, err = &store.Result{}, nil
	}
	if err != nil {
		return err
	}
	var names []string
	texts := map[string]string{}
	for _, v := range result.Variables {
		names = append(names, v.Name)
		texts[v.Name] = v.Value
	}
	got := strings.Join(names, " ")
	switch what {
	case "variable":
		var ok bool
		if got, ok = texts[w.word()]; !ok {
			return fmt.Errorf("it has no value; those that have one are %q", names)
		}
	case "response":
		got = string(result.Response)
	}
	if want := c.id(w.rest()); got != want {
		return fmt.Errorf("it is %q, want %q", got, want)
	}
	return nil
}
