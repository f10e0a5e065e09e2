package engine

import (
	"encoding/json"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/redact"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/response"
)

// readerOf is the reader of a webhook's answers, nil if they are not awaited.
func readerOf(p *plan.Webhook) (*response.Reader, error) {
	if p.NotReady != "" || p.Response == nil {
		return nil, nil
	}
	return response.Compile(p.Response)
}

// read reads an answer that was awaited, and changes how the attempt ended if it cannot
// be used. What was read is returned also then; nil if that is nothing.
func (t *turn) read(request *outbound.Request, answer *outbound.Response) *store.Result {
	if request == nil || !request.Await || answer.Reason != plan.ReasonSuccess {
		return nil
	}
	result, err := t.reader.Read(answer.Whole)
	answer.Whole = nil
	if err != nil {
		answer.Reason, answer.Message = plan.ReasonResponseUnusable, err.Error()
	}
	return masked(result, request.Masker())
}

// masked is what is kept of what was read: without the private values that the
// receiver echoed, of which the conditions took no notice.
func masked(result response.Result, mask *redact.Masker) *store.Result {
	if result.Document == nil && len(result.Variables) == 0 {
		return nil
	}
	kept := &store.Result{Response: mask.JSON(result.Document), Variables: make([]store.Variable, len(result.Variables))}
	for i, v := range result.Variables {
		text := v.Text
		if text != "" && (text[0] == '{' || text[0] == '[') && json.Valid([]byte(text)) {
			text = string(mask.JSON([]byte(text)))
		} else {
			text = mask.Text(text)
		}
		kept.Variables[i] = store.Variable{Name: v.Name, Value: text}
	}
	return kept
}
