package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretShowsNowhere(t *testing.T) {
	const canary = "canary-4711"
	header := Header{Name: "Authorization", Value: NewSecret(canary), Private: true}
	integration := &Integration{Headers: []Header{header}}
	var shown []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, header), fmt.Sprintf(verb, integration), fmt.Sprintf(verb, header.Value), fmt.Sprintf(verb, &header.Value))
	}
	text, err := json.Marshal(integration)
	if err != nil {
		t.Fatal(err)
	}
	shown = append(shown, string(text), header.Value.String(), fmt.Sprint(RenderedHeader{Name: "A", Value: canary, Private: true}))
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("x", "header", header, "secret", header.Value, "integration", integration)
	}
	shown = append(shown, log.String())
	for _, s := range shown {
		if strings.Contains(s, canary) || strings.Contains(s, fmt.Sprintf("%x", canary)) {
			t.Errorf("the secret shows in %q", s)
		}
	}
	if header.Value.Reveal() != canary {
		t.Error("Reveal does not give the text")
	}
}
