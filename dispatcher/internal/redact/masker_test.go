package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// secrets wraps values.
func secrets(values ...string) []plan.Secret {
	list := make([]plan.Secret, len(values))
	for i, value := range values {
		list[i] = plan.NewSecret(value)
	}
	return list
}

// quoted is a text as encoding/json writes it, without the quotation marks.
func quoted(t testing.TB, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[1 : len(b)-1])
}

func TestText(t *testing.T) {
	const value = `a+b/c d"e\f&gé` + "\n"
	std, urlSafe := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	bytesOf := "\xfb\xff\xfe\xfb\xef\xbe\xfb\xff\xbf" // all + and / in base64
	basic := "Basic " + std([]byte("user:opensesame"))
	tests := []struct{ name, value, text, want string }{
		{"nothing", value, "a plain text", "a plain text"},
		{"empty", value, "", ""},
		{"raw", value, "<" + value + ">", "<***>"},
		{"all of it", value, value, "***"},
		{"twice", value, value + " " + value + ".", "*** ***."},
		{"one after the other", value, "<" + value + value + ">", "<***>"},
		{"overlapping", "abcdabcdabcd", "<abcdabcdabcdabcd>", "<***>"},
		{"7 bytes are too short", "1234567", "1234567", "1234567"},
		{"8 bytes", "12345678", "1234567812345678", "***"},
		{"almost", "12345678", "1234567 2345678", "1234567 2345678"},
		{"query", value, "https://a.test/?k=" + url.QueryEscape(value) + "&l=1", "https://a.test/?k=***&l=1"},
		{"path", value, "https://a.test/" + url.PathEscape(value) + "/x", "https://a.test/***/x"},
		{"lower case", value, strings.ToLower(url.QueryEscape(value)), "***"},
		{"all percent-encoded", "12345678", "=%31%32%33%34%35%36%37%38=", "=***="},
		{"some percent-encoded", "12345678", "=1%323%34567%38=", "=***="},
		{"only a + for the space", "open sesame", "k=open+sesame", "k=***"},
		{"a % that encodes nothing", "100%zz%safe", "%20100%zz%safe%2", "%20***%2"},
		{"JSON", value, `{"k":"` + quoted(t, value) + `"}`, `{"k":"***"}`},
		{"JSON as some write it", value, `{"k":"a\u002Bb\/c d\u0022e\u005cf\u0026g\u00E9\u000a"}`, `{"k":"***"}`},
		{"surrogates", "pass😀word", `{"k":"pass\uD83D\ude00word"}`, `{"k":"***"}`},
		{"no surrogates", `pass\ud83d`, `k=pass\ud83d\n`, `k=***\n`},
		{"JSON in JSON", value, quoted(t, `{"k":"`+quoted(t, value)+`"}`), `{\"k\":\"***\"}`},
		{"JSON in a form", value, "payload=" + url.QueryEscape(`{"k":"`+quoted(t, value)+`"}`), "payload=%7B%22k%22%3A%22***%22%7D"},
		{"a URL in JSON", value, `{"url":"https:\/\/a.test\/?k=` + strings.ReplaceAll(url.QueryEscape(value), "+", `\u002B`) + `"}`, `{"url":"https:\/\/a.test\/?k=***"}`},
		{"a URL in a URL", value, "to=" + url.QueryEscape("https://a.test/?k="+url.QueryEscape(value)), "to=https%3A%2F%2Fa.test%2F%3Fk%3D***"},
		{"base64", "12345678", "<MTIzNDU2Nzg=>", "<***=>"},
		{"base64 without padding", "12345678", "<MTIzNDU2Nzg>", "<***>"},
		{"base64 of more", "12345678", std([]byte("<a:12345678>")), "PGE6***+"},
		{"base64, second place", "12345678", std([]byte("<12345678>>")), "P***Pj4="},
		{"base64, third place", "12345678", std([]byte("<a12345678>")), "PG***4="},
		{"base64 of bytes", bytesOf, std([]byte(bytesOf)), "***"},
		{"base64 of bytes for URLs", bytesOf, urlSafe([]byte(bytesOf)), "***"},
		{"base64 in JSON", bytesOf, `{"k":"` + strings.ReplaceAll(std([]byte(bytesOf)), "/", `\/`) + `"}`, `{"k":"***"}`},
		{"base64 in a query", bytesOf, "k=" + url.QueryEscape(std([]byte(bytesOf))), "k=***"},
		{"base64 in a path", bytesOf, "/" + url.PathEscape(std([]byte(bytesOf))), "/***"},
		{"bearer", "Bearer opensesame", "Bearer opensesame, opensesame", "***, ***"},
		{"basic", basic, basic + " user:opensesame opensesame user", "*** *** *** user"},
		{"a short password", "Basic " + std([]byte("user:sesame")), "user:sesame sesame", "*** sesame"},
		{"not Basic", "Basic of it all", "of it all, Basic", "***, Basic"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := New(secrets(tt.value)...).Text(tt.text); got != tt.want {
				t.Errorf("%q became %q, want %q", tt.text, got, tt.want)
			}
			if got := New(secrets("another value", tt.value)...).Bytes([]byte(tt.text), false); string(got) != tt.want {
				t.Errorf("%q became %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestWith(t *testing.T) {
	text := "first-value second-value third-value"
	first := New(secrets("first-value")...)
	second := first.With(secrets("second-value", "short")...)
	third := second.With(secrets("third-value")...)
	fork := second.With(secrets("fork")...)
	tests := []struct {
		masker *Masker
		want   string
	}{
		{nil, text},
		{New(), text},
		{New(secrets("short")...), text},
		{first, "*** second-value third-value"},
		{second, "*** *** third-value"},
		{third, "*** *** ***"},
		{fork, "*** *** third-value"},
		{(*Masker)(nil).With(secrets("third-value")...), "first-value second-value ***"},
	}
	for i, tt := range tests {
		if got := tt.masker.Text(text); got != tt.want {
			t.Errorf("%d: got %q, want %q", i, got, tt.want)
		}
	}
}

func TestSpans(t *testing.T) {
	m := New(secrets("12345678", "abcdefgh")...)
	b := []byte(`12345678 abcdefgh 1\u00323456\u00378 abcd1234567890`)
	spans := m.Spans(b, false)
	if diff := cmp.Diff([]Span{{0, 8}, {9, 17}, {18, 36}, {41, 49}}, spans); diff != "" {
		t.Error(diff)
	}
	before := bytes.Clone(b)
	if got := Apply(b, spans); string(got) != "*** *** *** abcd***90" || !bytes.Equal(b, before) {
		t.Errorf("got %q of %q", got, b)
	}
	if m.Spans([]byte("1234567"), false) != nil {
		t.Error("found something where nothing is")
	}
}

// Wherever an echo is cut off, nothing of the value is left in any form.
func TestCut(t *testing.T) {
	const value = `kX+9/p "q\r& ` + "\u00e9\U0001F600z"
	for name, text := range map[string]string{
		"raw":          "echo: " + value,
		"JSON":         "echo: " + quoted(t, value),
		"ASCII":        `echo: \u006bX\u002b9\/p \u0022q\u005cr\u0026 \u00e9\ud83d\ude00z`,
		"query":        "k=" + url.QueryEscape(value),
		"JSON in form": "k=" + url.QueryEscape("echo: "+quoted(t, value)),
		"form in JSON": quoted(t, "echo: \n"+url.QueryEscape(value)),
	} {
		for end := 1; end <= len(text); end++ {
			got := string(New(secrets(value)...).Bytes([]byte(text[:end]), true))
			if plain := undo(undo(got)); strings.HasSuffix(plain, "k") || strings.Contains(plain, "kX") {
				t.Errorf("%s: %q became %q", name, text[:end], got)
			}
		}
	}
}

// undo undoes one layer of each encoding that is in a text, as far as it can.
func undo(text string) string {
	var value string
	if json.Unmarshal([]byte(`"`+text+`"`), &value) == nil {
		text = value
	}
	if value, err := url.QueryUnescape(text); err == nil {
		text = value
	}
	return text
}

func TestCutLeavesTheRest(t *testing.T) {
	m := New(secrets("12345678")...)
	tests := []struct {
		text string
		cut  bool
		want string
	}{
		{"k=1234567", false, "k=1234567"},
		{"k=1234567", true, "k=***"},
		{"k=1", true, "k=***"},
		{"1", true, "***"},
		{"k=123456789", true, "k=***9"},
		{"k=1 ", true, "k=1 "},
		{`k=\u0031\u00`, true, `k=***`},
		{`k=1%3`, true, `k=***`},
		{`k=1%3`, false, `k=1%3`},
		{`k=%`, true, `k=%`},
		{"PGE6MTIz", true, "PGE6***"}, // <a:123
		{"PGExMjM0", true, "PG***"},   // <a1234
		{"", true, ""},
	}
	for _, tt := range tests {
		if got := string(m.Bytes([]byte(tt.text), tt.cut)); got != tt.want {
			t.Errorf("%q, cut %v: got %q, want %q", tt.text, tt.cut, got, tt.want)
		}
	}
}

func TestUntouched(t *testing.T) {
	m := New(secrets("first-value", "second value", "third-value")...)
	text := strings.Repeat("nothing of the kind, ", 500)
	b := []byte(text)
	if got := m.Bytes(b, false); &got[0] != &b[0] {
		t.Error("a text without private values was copied")
	}
}

// A Masker in whatever is printed shows no value.
func TestPrinting(t *testing.T) {
	const value = "planted-canary"
	m := New(secrets(value)...)
	holder := struct{ M any }{m}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "masker", m, "holder", holder)
	text, _ := json.Marshal(holder)
	shown := log.String() + string(text) + fmt.Sprintf("%v %+v %#v %s %q %x %v %+v", m, m, m, m, m, m, holder, *m) + m.String()
	for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%v", []byte(value))} {
		if strings.Contains(shown, strings.Trim(form, "[]")) {
			t.Errorf("%q is in %q", form, shown)
		}
	}
}

// TestName: the name of a header changes its case on the way.
func TestName(t *testing.T) {
	const value = "sk-Live_4f5C5xyZ"
	m := New(secrets("Bearer "+value, "12345678", `a "b" cdefgh`)...)
	for _, test := range []struct{ name, want string }{
		{"Content-Type", "Content-Type"},
		{"", ""},
		{value, "***"},
		{http.CanonicalHeaderKey(value), "***"},
		{strings.ToLower(value), "***"},
		{strings.ToUpper(value), "***"},
		{"X-" + strings.ToLower(value) + "-And-12345678-X", "X-***-And-***-X"},
		{strings.ToLower(value + value), "***"},
		{url.PathEscape(value), "***"},
		{base64.RawURLEncoding.EncodeToString([]byte(value)), "***"},
		{"K" + strings.ToLower(value), "K***"}, // the Kelvin sign
	} {
		if got := m.Name(test.name); got != test.want {
			t.Errorf("Name(%q) = %q, want %q", test.name, got, test.want)
		}
	}
	if got := (*Masker)(nil).Name(value); got != value {
		t.Errorf("nothing is private, but %q became %q", value, got)
	}
}
