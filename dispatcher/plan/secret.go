package plan

import (
	"fmt"
	"log/slog"
	"unique"
)

// Redacted is what stands wherever a secret value would have been shown.
const Redacted = "***"

// Secret is a text that must not be shown. Every way Go has of turning a value
// into text (String, fmt verbs, JSON, text marshalling, slog) gives [Redacted];
// only [Secret.Reveal] gives the text itself. The zero value is an empty text, and
// equal texts are equal Secrets.
//
// Package fmt asks no methods of what is in a field that is not exported, nor behind
// a pointer that it prints by %s, %q or another verb that pointers have not. So the
// text is kept where fmt prints an address: behind a pointer.
type Secret struct{ text unique.Handle[string] }

// NewSecret wraps text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{} // which has no handle
	}
	return Secret{text: unique.Make(text)}
}

// Reveal returns the text. Call it only where the text leaves for its
// destination: a request header or the control socket.
func (s Secret) Reveal() string {
	if s == (Secret{}) {
		return ""
	}
	return s.text.Value()
}

// String returns [Redacted].
func (s Secret) String() string { return Redacted }

// Format writes [Redacted] for every verb, so that %v, %+v, %#v, %q and %x of a
// structure holding a Secret are safe.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Redacted)) }

// MarshalText returns [Redacted]; encoding/json uses it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// LogValue returns [Redacted] for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Redacted) }
