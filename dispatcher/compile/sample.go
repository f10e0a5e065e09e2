package compile

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// maxSampleData bounds sampleData, in bytes of JSON as the API server stores it.
const maxSampleData = 65_536

// exampleCall is the call whose sample is rendered.
var exampleCall = template.Host{
	TransactionalID: "019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11",
	CreatedAt:       time.Date(2026, time.January, 2, 15, 4, 5, 0, time.UTC),
}

// sample is all that rendering sampleData needs.
type sample struct {
	given     bool
	data      []byte
	templates *parts.Templates // nil if one is missing or not valid
	root      string           // empty if it is not known
}

// sampleOf is the sample of a webhook, without templates.
func sampleOf(in WebhookInput) sample {
	if in.Object.Spec.SampleData == nil {
		return sample{}
	}
	s := sample{given: true, data: in.Object.Spec.SampleData.Raw}
	if in.Integration != nil {
		s.root = in.Integration.URL
	}
	return s
}

// TrySample renders all parts with sampleData as those of a call. Given is false
// if there is no sampleData. The message has a line for each reason why the
// rendering fails, without values of the data, as "field:line:column: message",
// or "field: message" for what a part's whole text has wrong, at most 32,768
// bytes; it is empty if the rendering succeeds.
//
// It takes the time of a call's rendering, which limits of package template
// bound; functions such as now make two results differ.
func (r *WebhookResult) TrySample() (message string, given bool) {
	if !r.sample.given {
		return "", false
	}
	return clip(strings.Join(r.sample.failures(), "\n"), maxMessage), true
}

func (s *sample) failures() []string {
	if s.templates == nil {
		return []string{"the templates must be there and be valid first; see Accepted and ResolvedRefs"}
	}
	if len(s.data) > maxSampleData {
		return []string{fmt.Sprintf("sampleData: it has %d bytes, and %d is the most", len(s.data), maxSampleData)}
	}
	data, err := template.ParseData(s.data)
	if err != nil {
		var mistake *template.Error
		if errors.As(err, &mistake) { // its position is in the JSON that the API server made of the manifest
			return []string{"sampleData: " + mistake.Message}
		}
		return []string{"sampleData: " + err.Error()}
	}
	text, err := s.templates.Render(data.With(exampleCall))
	if err != nil {
		return mistakes(err, "") // none is about a context
	}
	if s.root != "" {
		if _, err := plan.JoinURL(s.root, text.Suffix); err != nil {
			return []string{"url: " + err.Error()}
		}
	}
	return nil
}
