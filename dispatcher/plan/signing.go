package plan

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// The headers of a signed request (Standard Webhooks 1.0, "Webhook headers").
const (
	SigningID        = "webhook-id"
	SigningTimestamp = "webhook-timestamp"
	SigningSignature = "webhook-signature"
)

// SigningHeaders are the names of the headers that signing sets, in sending
// order. Where requests are signed no manifest may set one of them, in any case.
var SigningHeaders = [...]string{SigningID, SigningTimestamp, SigningSignature}

// The length of a symmetric key in bytes (Standard Webhooks 1.0, "Signature
// scheme": at least 192 bits, 512 at most).
const (
	MinSigningKey = 24
	MaxSigningKey = 64
)

// ParseSigningKey returns the key, decoded, of a symmetric signing secret of
// Standard Webhooks 1.0: base64 of the standard alphabet with padding, with or
// without the prefix "whsec_" and one line break at the end, which files of
// Secrets often have. The key has [MinSigningKey] to [MaxSigningKey] bytes. The
// error is one sentence that never repeats the text.
func ParseSigningKey(text string) (Secret, error) {
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	if strings.HasPrefix(text, "whsk_") || strings.HasPrefix(text, "whpk_") {
		return Secret{}, errors.New("the signing secret is a key for asymmetric signatures (whsk_ or whpk_); only symmetric secrets (whsec_) are supported")
	}
	text = strings.TrimPrefix(text, "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return Secret{}, errors.New("the signing secret is not base64 of the standard alphabet with padding, alone or after whsec_")
	}
	if len(key) < MinSigningKey || len(key) > MaxSigningKey {
		return Secret{}, fmt.Errorf("the signing secret has %d bytes when decoded; it must have %d to %d", len(key), MinSigningKey, MaxSigningKey)
	}
	return NewSecret(string(key)), nil
}
