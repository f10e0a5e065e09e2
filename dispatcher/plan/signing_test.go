package plan

import (
	"encoding/base64"
	"strings"
	"testing"
)

// bytesOf returns n bytes that are no text, and use both signs of the alphabet
// beside letters and digits.
func bytesOf(n int) string { return strings.Repeat("\xfb\xff\xbe\x00", n/4+1)[:n] }

func TestParseSigningKey(t *testing.T) {
	for _, n := range []int{24, 25, 26, 32, 64} {
		key := bytesOf(n)
		text := base64.StdEncoding.EncodeToString([]byte(key))
		for _, text := range []string{text, "whsec_" + text, "whsec_" + text + "\n", text + "\r\n"} {
			got, err := ParseSigningKey(text)
			if err != nil || got.Reveal() != key {
				t.Errorf("%q: %x, %v", text, got.Reveal(), err)
			}
		}
	}
}

func TestParseSigningKeyRefuses(t *testing.T) {
	good := base64.StdEncoding.EncodeToString([]byte(bytesOf(32)))
	tests := []struct{ name, text, want string }{
		{"empty", "", "has 0 bytes"},
		{"prefix alone", "whsec_", "has 0 bytes"},
		{"short", base64.StdEncoding.EncodeToString([]byte(bytesOf(23))), "has 23 bytes when decoded; it must have 24 to 64"},
		{"long", base64.StdEncoding.EncodeToString([]byte(bytesOf(65))), "has 65 bytes"},
		{"no base64", "whsec_canary!", "is not base64"},
		{"no padding", strings.TrimRight(good, "="), "is not base64"},
		{"alphabet of URLs", base64.URLEncoding.EncodeToString([]byte(bytesOf(32))), "is not base64"},
		{"line break inside", good[:8] + "\n" + good[8:], "is not base64"},
		{"two line breaks", good + "\n\n", "is not base64"},
		{"space before", " " + good, "is not base64"},
		{"prefix twice", "whsec_whsec_" + good, "is not base64"},
		{"private key", "whsk_" + good, "only symmetric secrets"},
		{"public key", "whpk_" + good + "\n", "only symmetric secrets"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseSigningKey(tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), good[:8]) {
				t.Errorf("the error repeats the secret: %v", err)
			}
			if got != (Secret{}) {
				t.Error("there is a key beside the error")
			}
		})
	}
}
