package tracing

import (
	"encoding/hex"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

const (
	// parentLength is that of a traceparent of version 00.
	parentLength = 55
	// maxState is how many bytes a tracestate may have here; a longer one is dropped, as
	// the standard allows beyond 512.
	maxState = 512
	// sampled is the flag of a trace that is recorded.
	sampled = 1
)

// Context names a place in a trace: what is behind it has it as its parent. The zero
// value names none.
type Context struct {
	trace trace.TraceID
	span  trace.SpanID
	flags byte
	state string // of the trace, by W3C Trace Context; mostly empty
}

// Parse reads a traceparent and the tracestate that belongs to it, which may be empty.
// The zero value is returned for a traceparent that is not valid; a tracestate that is
// not, or is longer than 512 bytes, is left out.
func Parse(parent, state string) Context {
	var c Context
	var version, flags [1]byte
	switch {
	case len(parent) < parentLength, parent[2] != '-', parent[35] != '-', parent[52] != '-':
		return Context{}
	case !unhex(version[:], parent[:2]), !unhex(c.trace[:], parent[3:35]), !unhex(c.span[:], parent[36:52]), !unhex(flags[:], parent[53:55]):
		return Context{}
	case version[0] == 0xff, version[0] == 0 && len(parent) > parentLength, len(parent) > parentLength && parent[parentLength] != '-':
		return Context{}
	case !c.trace.IsValid(), !c.span.IsValid():
		return Context{}
	}
	c.flags = flags[0] & sampled
	if state != "" && len(state) <= maxState {
		if _, err := trace.ParseTraceState(state); err == nil {
			c.state = state
		}
	}
	return c
}

// ParseText reads what [Context.Text] wrote. It takes no memory if there is no
// tracestate.
func ParseText(text string) Context {
	parent, state, _ := strings.Cut(text, " ")
	return Parse(parent, state)
}

// unhex decodes small hexadecimal digits.
func unhex(to []byte, text string) bool {
	for i := range to {
		high, low := digit(text[2*i]), digit(text[2*i+1])
		if high > 15 || low > 15 {
			return false
		}
		to[i] = high<<4 | low
	}
	return true
}

func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

// Valid reports whether the context names a place.
func (c Context) Valid() bool { return c.trace.IsValid() }

// Sampled reports whether spans of the trace are recorded.
func (c Context) Sampled() bool { return c.flags&sampled != 0 }

// Parent is the context as a traceparent; empty if it names no place.
func (c Context) Parent() string {
	if !c.Valid() {
		return ""
	}
	text := make([]byte, 0, parentLength)
	text = append(text, "00-"...)
	text = hex.AppendEncode(text, c.trace[:])
	text = append(text, '-')
	text = hex.AppendEncode(text, c.span[:])
	return string(append(text, '-', '0', '0'+c.flags))
}

// State is the tracestate, which belongs to the traceparent; mostly empty.
func (c Context) State() string { return c.state }

// Text is the context in the form in which it is kept: the traceparent, then, if there is
// one, a space and the tracestate. It is empty if the context names no place.
func (c Context) Text() string {
	if c.state == "" {
		return c.Parent()
	}
	return c.Parent() + " " + c.state
}

// TraceID is the id of the trace in hexadecimal digits; empty if there is none.
func (c Context) TraceID() string {
	if !c.Valid() {
		return ""
	}
	return c.trace.String()
}

// TraceOf is the id of the trace of a kept context, see [Context.Text]; empty if it is
// none. It takes no memory.
func TraceOf(text string) string {
	if len(text) < parentLength {
		return ""
	}
	return text[3:35]
}

// remote is the context as the SDK has it.
func (c Context) remote() trace.SpanContext {
	config := trace.SpanContextConfig{TraceID: c.trace, SpanID: c.span, TraceFlags: trace.TraceFlags(c.flags), Remote: true}
	if c.state != "" {
		config.TraceState, _ = trace.ParseTraceState(c.state) // was parsed before
	}
	return trace.NewSpanContext(config)
}

// contextOf is the opposite of remote.
func contextOf(c trace.SpanContext) Context {
	return Context{trace: c.TraceID(), span: c.SpanID(), flags: byte(c.TraceFlags()) & sampled, state: c.TraceState().String()}
}
