package parts_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// canary is a value of the data that must show in no error.
const canary = "s3cr3t"

func data(t *testing.T, json string) template.Data {
	t.Helper()
	d, err := template.ParseData([]byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return d.With(template.Host{TransactionalID: "019ab1f2", CreatedAt: time.Date(2026, 11, 23, 18, 43, 27, 0, time.UTC)})
}

// fields are the parts that an error is about.
func fields(t *testing.T, err error) []string {
	t.Helper()
	var errs parts.Errors
	if !errors.As(err, &errs) {
		t.Fatalf("the error is %v, want parts.Errors", err)
	}
	var names []string
	for _, e := range errs {
		names = append(names, e.Field)
	}
	return names
}

func TestAllPartsAreRendered(t *testing.T) {
	templates, err := parts.Compile(&plan.Webhook{
		Suffix:  "/orders/${Order.Id}?t=${WebhookRequest.TransactionalId}",
		Headers: []plan.HeaderTemplate{{Name: "X-City", Value: "${order.city}"}, {Name: "X-Static", Value: "a"}},
		HasBody: true, Body: "${order.city}!",
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := templates.Render(data(t, `{"order": {"id": 17, "city": "Oslo"}}`))
	want := parts.Text{
		Suffix:  "/orders/17?t=019ab1f2",
		Headers: []plan.RenderedHeader{{Name: "X-City", Value: "Oslo"}, {Name: "X-Static", Value: "a"}},
		Body:    []byte("Oslo!"),
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, text (-want +got):\n%s", err, diff)
	}
	for path, want := range map[string]bool{"webhookrequest.transactionalid": true, "Order.City": true, "order.x": false} {
		if got := templates.Use(path); got != want {
			t.Errorf("Use(%q) is %t", path, got)
		}
	}
	if n := len(templates.Models()); n != 4 {
		t.Errorf("%d models for 4 templates", n)
	}
}

func TestWithoutBody(t *testing.T) {
	templates, err := parts.Compile(&plan.Webhook{Body: "${ not compiled"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := templates.Render(data(t, `{}`))
	if diff := cmp.Diff(parts.Text{}, got); diff != "" || err != nil || templates.Body != nil {
		t.Errorf("error %v, text (-want +got):\n%s", err, diff)
	}
}

// TestCompileErrors: all parts that do not compile are named, and the others can
// still be judged.
func TestCompileErrors(t *testing.T) {
	templates, err := parts.Compile(&plan.Webhook{
		Suffix:  "/${",
		Headers: []plan.HeaderTemplate{{Name: "X-A", Value: "${ a. }"}, {Name: "X-B", Value: "b"}},
		HasBody: true, Body: "${ }", BodyField: "bodyFrom",
	})
	if diff := cmp.Diff([]string{"url", "headers[X-A]", "bodyFrom"}, fields(t, err)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	for text, place := range map[string]string{"url": "url:1:", "header": "; headers[X-A]:1:", "body": "; bodyFrom:1:"} {
		if !strings.Contains(err.Error(), place) {
			t.Errorf("the error of the %s is not in %q", text, err)
		}
	}
	if templates.URL != nil || templates.Body != nil || templates.Headers[0].Value != nil || templates.Headers[1].Value == nil {
		t.Errorf("the result is %+v, want the valid header alone", templates)
	}
	var mistake *template.Error
	if !errors.As(err, &mistake) || mistake.Kind != template.KindSyntax {
		t.Errorf("the first mistake is %+v", mistake)
	}
}

// TestUnknownWords: a plan of a newer manager is refused, not misread.
func TestUnknownWords(t *testing.T) {
	for word, w := range map[string]plan.Webhook{
		"escaping": {Escaping: "HTML"},
		"missing":  {Missing: "Empty"},
		"body":     {HasBody: true, BodyContext: "CBOR"},
	} {
		templates, err := parts.Compile(&w)
		if diff := cmp.Diff([]string{word}, fields(t, err)); diff != "" || templates == nil {
			t.Errorf("%s: templates %v, fields (-want +got):\n%s", word, templates, diff)
		}
	}
}

func TestEmptyBody(t *testing.T) {
	for _, tt := range []struct {
		webhook plan.Webhook
		wantErr string
	}{
		{plan.Webhook{BodyContext: plan.BodyJSON, Body: " \n"}, "body:1:1: the body is empty, which is not JSON; leave body out to send no body"},
		{plan.Webhook{BodyContext: plan.BodyJSON, BodyField: "bodyFrom"}, "bodyFrom:1:1: the body is empty, which is not JSON; leave bodyFrom out to send no body"},
		{plan.Webhook{BodyContext: plan.BodyXML}, "body:1:1: the body is empty, which is not XML; leave body out to send no body"},
		{plan.Webhook{BodyContext: plan.BodyJSON, Escaping: plan.EscapingNone}, ""},
		{plan.Webhook{BodyContext: plan.BodyForm}, ""},
		{plan.Webhook{BodyContext: plan.BodyText}, ""},
	} {
		tt.webhook.HasBody = true
		_, err := parts.Compile(&tt.webhook)
		if tt.wantErr == "" && err != nil || tt.wantErr != "" && (err == nil || err.Error() != tt.wantErr) {
			t.Errorf("%+v: error %v, want %q", tt.webhook, err, tt.wantErr)
		}
	}
}

// TestRenderErrors: all parts that fail are named, in one line without a value,
// whether values are escaped or not.
func TestRenderErrors(t *testing.T) {
	for _, escaping := range []plan.Escaping{plan.EscapingContextual, plan.EscapingNone} {
		templates, err := parts.Compile(&plan.Webhook{
			Escaping: escaping,
			Suffix:   "/${a}",
			Headers: []plan.HeaderTemplate{
				{Name: "X-Lines", Value: "${b}"}, {Name: "X-Fine", Value: "${c}"}, {Name: "X-None", Value: "${d}"}, {Name: "X-Bell", Value: "${e}"},
			},
			HasBody: true, Body: "${a}",
		})
		if err != nil {
			t.Fatal(err)
		}
		text, err := templates.Render(data(t, `{"b": "`+canary+`\r\nX-Injected: y", "c": "`+canary+`", "e": "`+canary+`\u0007"}`))
		want := []string{"url", "headers[X-Lines]", "headers[X-None]", "headers[X-Bell]", "body"}
		if diff := cmp.Diff(want, fields(t, err)); diff != "" {
			t.Errorf("%s: fields (-want +got):\n%s", escaping, diff)
		}
		if got := err.Error(); strings.Contains(got, canary) || strings.Contains(got, "\n") || !strings.HasPrefix(got, "url:1:") {
			t.Errorf("%s: the error is %q", escaping, got)
		}
		if diff := cmp.Diff(parts.Text{}, text); diff != "" {
			t.Errorf("%s: the text of a failed rendering (-want +got):\n%s", escaping, diff)
		}
	}
}

// TestTooLarge: the error is about the part that is largest.
func TestTooLarge(t *testing.T) {
	templates, err := parts.Compile(&plan.Webhook{
		Escaping: plan.EscapingNone,
		Suffix:   "/${a}", Headers: []plan.HeaderTemplate{{Name: "X-A", Value: "${b}"}}, HasBody: true, Body: strings.Repeat("y", 1000) + "${c}",
	})
	if err != nil {
		t.Fatal(err)
	}
	const fixed = len("/"+"X-A") + 1000 // the data may have 1 MiB itself
	large := strings.Repeat("x", plan.MaxRequestBytes-fixed-200)
	tests := []struct{ a, b, c, field string }{
		{large + strings.Repeat("x", 100), "", strings.Repeat("x", 100), ""},
		{large, strings.Repeat("x", 100), strings.Repeat("x", 101), "url"},
		{strings.Repeat("x", 101), large, strings.Repeat("x", 100), "headers[X-A]"},
		{strings.Repeat("x", 100), strings.Repeat("x", 101), large, "body"},
	}
	for _, tt := range tests {
		_, err := templates.Render(data(t, `{"a": "`+tt.a+`", "b": "`+tt.b+`", "c": "`+tt.c+`"}`))
		if tt.field == "" {
			if err != nil {
				t.Errorf("what just fits: %v", err)
			}
			continue
		}
		if diff := cmp.Diff([]string{tt.field}, fields(t, err)); diff != "" || !strings.Contains(err.Error(), "1048577 bytes") {
			t.Errorf("%v; fields (-want +got):\n%s", err, diff)
		}
	}
}

// TestValuesSuitTheirPlace: each part is escaped as what it is, and not at all
// with EscapingNone.
func TestValuesSuitTheirPlace(t *testing.T) {
	for context, tt := range map[plan.BodyContext]struct{ body, want string }{
		plan.BodyJSON: {`{"v": "${v}"}`, `{"v": "a\"b&c\n"}`},
		plan.BodyForm: {`v=${v}`, `v=a%22b%26c%0A`},
		plan.BodyXML:  {`<v>${v}</v>`, "<v>a\"b&amp;c\n</v>"},
		plan.BodyText: {`${v}`, "a\"b&c\n"},
		"":            {`${v}`, "a\"b&c\n"},
	} {
		templates, err := parts.Compile(&plan.Webhook{Suffix: "/${v}?v=${v}", HasBody: true, Body: tt.body, BodyContext: context})
		if err != nil {
			t.Errorf("%s: %v", context, err)
			continue
		}
		text, err := templates.Render(data(t, `{"v": "a\"b&c\n"}`))
		if want := "/a%22b%26c%0A?v=a%22b%26c%0A"; err != nil || string(text.Body) != tt.want || text.Suffix != want {
			t.Errorf("%s: the body is %q, the URL %q, %v; want %q, %q", context, text.Body, text.Suffix, err, tt.want, want)
		}
	}
	templates, err := parts.Compile(&plan.Webhook{
		Escaping: plan.EscapingNone, Suffix: "/${v}", HasBody: true, Body: `{"v": "${v}"}`, BodyContext: plan.BodyJSON,
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := templates.Render(data(t, `{"v": "a\"b"}`))
	if err != nil || text.Suffix != `/a"b` || string(text.Body) != `{"v": "a"b"}` {
		t.Errorf("without escaping: %q, %q, %v", text.Suffix, text.Body, err)
	}
}

// TestMissingAndCulture: the plan's words reach every part.
func TestMissingAndCulture(t *testing.T) {
	w := plan.Webhook{
		Missing: plan.MissingNull, Culture: "de-DE",
		Suffix:  "/@{ if a = null }none@{ else }${ a }@{ end if }",
		Headers: []plan.HeaderTemplate{{Name: "X-Sum", Value: `${ formatDecimal(sum, "N2") }`}},
		HasBody: true, Body: `${ formatDecimal(sum, "N2") }`,
	}
	templates, err := parts.Compile(&w)
	if err != nil {
		t.Fatal(err)
	}
	text, err := templates.Render(data(t, `{"sum": 1234.5}`))
	if err != nil || text.Suffix != "/none" || text.Headers[0].Value != "1.234,50" || string(text.Body) != "1.234,50" {
		t.Errorf("got %q, %q, %q, %v", text.Suffix, text.Headers, text.Body, err)
	}
	w.Missing = plan.MissingFail
	if templates, err = parts.Compile(&w); err != nil {
		t.Fatal(err)
	}
	if _, err = templates.Render(data(t, `{"sum": 1234.5}`)); err == nil {
		t.Error("a value that the data lacks was rendered")
	}
}
