package redact

import (
	"encoding/json"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestJSON(t *testing.T) {
	m := New(plan.NewSecret("12345678901"), plan.NewSecret("s3cr3t-w0rd"), plan.NewSecret(`q"uote\n"d`), plan.NewSecret(`0041BCDEFG`), plan.NewSecret(`x":["y","z`), plan.NewSecret("Bearer tok3n-tok3n"), plan.NewSecret(`raw\nnewline`))
	for doc, want := range map[string]string{
		`{"a":"nothing","b":[1,true,null]}`:        `{"a":"nothing","b":[1,true,null]}`,
		`{"a":"is s3cr3t-w0rd!"}`:                  `{"a":"is ***!"}`,
		`{ "s3cr3t-w0rd" : 1 }`:                    `{ "***" : 1 }`,
		`["\u0073\u00333cr3t-w0rd é s3cr3t-w0rd"]`: `["s33cr3t-w0rd é ***"]`,
		`["\u00733cr3t-w0rd é\n<&"]`:               `["*** é\n<&"]`,
		`[12345678901,1]`:                          `["***",1]`,
		`{"n":-12345678901.5}`:                     `{"n":"***"}`,
		`["q\"uote\\n\"d"]`:                        `["***"]`,
		`["\u0041BCDEFG"]`:                         `["***"]`,
		`{"x":["y","z"]}`:                          `{"***":["***","***"]}`,
		`["Basic czNjcjN0LXcwcmQ="]`:               `["Basic ***="]`,
		`"tok3n-tok3n"`:                            `"***"`,
		`"{\"a\":\"s3cr3t-w0rd\"}"`:                `"{\"a\":\"***\"}"`,
		`["s3cr3t-w0rd raw\nnewline"]`:             `["***"]`,
		`not valid s3cr3t-w0rd`:                    `not valid ***`,
	} {
		got := m.JSON([]byte(doc))
		if string(got) != want {
			t.Errorf("%s: %s, want %s", doc, got, want)
		}
		if json.Valid([]byte(doc)) && !json.Valid(got) {
			t.Errorf("%s: %s is not valid", doc, got)
		}
	}
	if got := (*Masker)(nil).JSON([]byte("[1]")); string(got) != "[1]" {
		t.Errorf("without values: %s", got)
	}
}

// FuzzJSON: what is masked stays valid and has no value in it, as far as it is found in
// one text or number.
func FuzzJSON(f *testing.F) {
	f.Add(`{"a":["s3cr3t-w0rd",1.5,"\u0041"]}`, "s3cr3t-w0rd")
	f.Add(`[12345678, "x\\n"]`, "12345678")
	f.Add(`{"x":["yyyyyyyy","z"]}`, `x":["yyyyyyyy","z`)
	f.Fuzz(func(t *testing.T, doc, value string) {
		m := New(plan.NewSecret(value))
		masked := m.JSON([]byte(doc))
		if json.Valid([]byte(doc)) && !json.Valid(masked) {
			t.Errorf("%q of %q: %q is not valid", value, doc, masked)
		}
		for at := 0; json.Valid(masked) && at < len(masked); {
			end := jsonToken(masked, at)
			if token := masked[at:end]; len(m.Spans(token, false)) > 0 {
				t.Errorf("%q is in %q of %q", value, token, masked)
			}
			at = end
		}
	})
}
