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

// A secret stays hidden where package fmt asks it nothing: in a field that is not
// exported, and behind a pointer under a verb that pointers have not.
func TestSecretShowsNowhereInAStructure(t *testing.T) {
	const canary = "canary-4711"
	oauth2 := &OAuth2{ClientSecret: NewSecret(canary)}
	proxy := Proxy{Password: NewSecret(canary)}
	hidden := struct{ secret Secret }{NewSecret(canary)}
	outer := struct{ in *Integration }{&Integration{OAuth2: oauth2, Egress: Egress{Proxy: &proxy}}}
	request := []RenderedHeader{{Name: "A", Value: canary, Private: true}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		for _, shown := range []string{fmt.Sprintf(verb, hidden), fmt.Sprintf(verb, &hidden), fmt.Sprintf(verb, *outer.in), fmt.Sprintf(verb, outer)} {
			if strings.Contains(shown, canary) || strings.Contains(shown, fmt.Sprintf("%x", canary)) {
				t.Errorf("by %s the secret shows in %q", verb, shown)
			}
		}
	}
	if shown := fmt.Sprintf("%#v", request); strings.Contains(shown, canary) {
		t.Errorf("the private header shows in %q", shown)
	}
}

func TestSecretsOfEqualTextAreEqual(t *testing.T) {
	if NewSecret("a"+fmt.Sprint(1)) != NewSecret("a1") || NewSecret("a1") == NewSecret("a2") || NewSecret("") != (Secret{}) {
		t.Error("secrets are not equal as their texts are")
	}
	if s := (Secret{}); s.Reveal() != "" {
		t.Errorf("the zero Secret reveals %q", s.Reveal())
	}
}
