package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// maxTriggers is the schema's bound.
const maxTriggers = 16

// triggers translates the triggers, to none if one of them cannot be used: what the
// others match is not what the author meant.
func (p *problems) triggers(spec []v1alpha1.Trigger, n *notes) []plan.Trigger {
	if len(spec) > maxTriggers {
		p.reject(v1alpha1.ReasonInvalidTrigger, "triggers must be at most %d", maxTriggers)
		return nil
	}
	var triggers []plan.Trigger
	valid := true
	for i, t := range spec {
		translated := plan.Trigger{Type: t.Type, Source: t.Source, When: t.When}
		if _, err := trigger.Compile(translated); err != nil {
			p.reject(v1alpha1.ReasonInvalidTrigger, "triggers[%d].%s", i, err)
			valid = false
			continue
		}
		if text, ok := strings.CutPrefix(t.Type, plan.OutcomePrefix); ok && !meetsOutcome(text) {
			n.add(fmt.Sprintf("triggers[%d].type names no outcome there is", i))
		}
		triggers = append(triggers, translated)
	}
	if !valid {
		return nil
	}
	return triggers
}

// meetsOutcome reports whether what follows [plan.OutcomePrefix] means any outcome.
func meetsOutcome(text string) bool {
	beginning, open := strings.CutSuffix(text, "*")
	return slices.ContainsFunc(plan.Outcomes, func(o plan.Outcome) bool {
		return string(o) == text || open && strings.HasPrefix(string(o), beginning)
	})
}
