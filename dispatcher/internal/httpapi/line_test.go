package httpapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// checkLine compares parseLine with encoding/json. Data that is not JSON may
// pass: intake looks at it.
func checkLine(t *testing.T, text string) {
	got, err := parseLine([]byte(text))
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var want struct {
		Data           json.RawMessage `json:"data"`
		IdempotencyKey *string         `json:"idempotencyKey"`
	}
	wantErr := decoder.Decode(&want)
	if err == nil && json.Valid(got.Data) {
		if wantErr != nil || !bytes.Equal(want.Data, got.Data) || got.HasKey != (want.IdempotencyKey != nil) || got.HasKey && got.Key != *want.IdempotencyKey {
			t.Errorf("%q: data %q, key %q; encoding/json: %q, %v", text, got.Data, got.Key, want.Data, wantErr)
		}
	}
}
