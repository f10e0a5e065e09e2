package compile

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
)

const (
	// maxMessage bounds the message of one condition, in bytes. The API server
	// takes 32,768 characters.
	maxMessage = 32_768
	// maxNotReady bounds NotReady, which callers see in answers, in bytes.
	maxNotReady = 1024
)

// Problem is something that keeps an object from being used.
type Problem struct {
	// Condition is the condition that it makes False: v1alpha1.ConditionAccepted
	// or v1alpha1.ConditionResolvedRefs.
	Condition string
	// Reason is the condition's reason, from v1alpha1.
	Reason string
	// Message says what is wrong and what to do. Template problems have a line
	// each, as "field:line:column: message"; all others are one sentence.
	Message string
}

// Summary returns the reason and message for a condition: the first problem's
// reason and the messages of all its problems, a line each, at most 32,768
// bytes. Both are empty if the condition has no problem.
func Summary(problems []Problem, condition string) (reason, message string) {
	var lines []string
	for _, p := range problems {
		if p.Condition != condition {
			continue
		}
		if reason == "" {
			reason = p.Reason
		}
		lines = append(lines, p.Message)
	}
	return reason, clip(strings.Join(lines, "\n"), maxMessage)
}

// notReady is the sentence for plan's NotReady: the first line of the first
// problem.
func notReady(problems []Problem) string {
	if len(problems) == 0 {
		return ""
	}
	line, _, _ := strings.Cut(problems[0].Message, "\n")
	return clip(line, maxNotReady)
}

// clip cuts text to at most limit bytes, at a character's end, and marks the cut.
func clip(text string, limit int) string {
	const mark = "…"
	if len(text) <= limit {
		return text
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}

// problems collects the problems of one object.
type problems []Problem

// reject adds a problem of the object's own spec.
func (p *problems) reject(reason, format string, args ...any) {
	*p = append(*p, Problem{v1alpha1.ConditionAccepted, reason, fmt.Sprintf(format, args...)})
}

// unresolved adds a problem of something the object refers to.
func (p *problems) unresolved(reason, format string, args ...any) {
	*p = append(*p, Problem{v1alpha1.ConditionResolvedRefs, reason, fmt.Sprintf(format, args...)})
}
