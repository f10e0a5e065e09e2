package compile

import (
	"regexp"
	"unicode/utf8"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/response"
)

// The schema's bounds of a response. Objects may be older than it.
const (
	maxVariables      = 32
	maxConditions     = 16
	maxVariableName   = 63
	maxPath           = 1024 // characters
	maxConditionValue = 1024 // characters
)

var variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// response translates what is read from answers. It is nil, and so answers are not
// awaited, also if there is a problem.
func (p *problems) response(spec *v1alpha1.Response) *plan.Response {
	if spec == nil {
		return nil
	}
	full := spec.UseFullResponse != nil && *spec.UseFullResponse
	if spec.AwaitJSON == nil || !*spec.AwaitJSON {
		if full || len(spec.Variables) > 0 || len(spec.Conditions) > 0 {
			p.reject(v1alpha1.ReasonInvalidResponse, "response: variables, conditions and useFullResponse need awaitJSON: true")
		}
		return nil
	}
	before := len(*p)
	compiled := &plan.Response{Full: full}
	p.responseVariables(spec.Variables, compiled)
	p.responseConditions(spec.Conditions, compiled)
	if len(*p) > before {
		return nil // what follows would say the same in other words
	}
	if _, err := response.Compile(compiled); err != nil {
		wrong := []error{err}
		if list, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // it is what Compile promises
			wrong = list.Unwrap()
		}
		for _, err := range wrong {
			p.reject(v1alpha1.ReasonInvalidResponse, "response.%s", err)
		}
		return nil
	}
	return compiled
}

// responseVariables translates variables within the bounds.
func (p *problems) responseVariables(variables []v1alpha1.ResponseVariable, compiled *plan.Response) {
	if len(variables) > maxVariables {
		p.reject(v1alpha1.ReasonInvalidResponse, "response: there are more than %d variables", maxVariables)
		return
	}
	for i, v := range variables {
		switch name := string(v.Name); {
		case len(name) > maxVariableName:
			p.reject(v1alpha1.ReasonInvalidResponse, "response.variables[%d]: the name is longer than %d bytes", i, maxVariableName)
		case !variableName.MatchString(name):
			p.reject(v1alpha1.ReasonInvalidResponse, "response.variables[%d]: the name must be a letter followed by letters, digits and underscores", i)
		case utf8.RuneCountInString(v.Path) > maxPath:
			p.reject(v1alpha1.ReasonInvalidResponse, "response.variables[%s]: the path is longer than %d characters", name, maxPath)
		}
		compiled.Variables = append(compiled.Variables, plan.Variable{
			Name: string(v.Name), Path: v.Path, Required: v.Required == nil || *v.Required,
		})
	}
}

// responseConditions translates conditions within the bounds.
func (p *problems) responseConditions(conditions []v1alpha1.ResponseCondition, compiled *plan.Response) {
	if len(conditions) > maxConditions {
		p.reject(v1alpha1.ReasonInvalidResponse, "response: there are more than %d conditions", maxConditions)
		return
	}
	for i, c := range conditions {
		switch {
		case (c.Operator == v1alpha1.OperatorExists) != (c.Value == nil):
			p.reject(v1alpha1.ReasonInvalidResponse, "response.conditions[%d]: value is needed with every operator but Exists, which takes none", i)
		case utf8.RuneCountInString(value(c.Value)) > maxConditionValue:
			p.reject(v1alpha1.ReasonInvalidResponse, "response.conditions[%d]: the value is longer than %d characters", i, maxConditionValue)
		}
		compiled.Conditions = append(compiled.Conditions, plan.Condition{
			Variable: string(c.Variable), Operator: plan.Operator(c.Operator), Value: value(c.Value),
		})
	}
}

// awaits judges whether answers may be awaited: those that break off are repeated.
func (p *problems) awaits(compiled *plan.Webhook, hasKey bool) {
	if compiled.Response != nil && !hasKey {
		p.reject(v1alpha1.ReasonInvalidResponse, "response: with awaitJSON a request may be repeated, and the receiver must recognise that; send WebhookRequest.TransactionalId in the url, a header or the body, for example in a header Idempotency-Key: ${WebhookRequest.TransactionalId}")
	}
}
