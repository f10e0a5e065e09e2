package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	texttemplate "text/template"

	"github.com/maestra-io/webhook-operator/dispatcher/template"
	"github.com/mailgun/raymond/v2"
	"github.com/osteele/liquid"
)

const transactionID = "0197b1de-7c00-7000-8000-000000000001"

// comparison is one text in the language of each engine.
type comparison struct {
	name                           string
	context                        template.Context
	ours, text, liquid, handlebars string
}

// comparisons are a URL with three outputs, a JSON body of 1 KiB with a condition
// and a loop over 5 items, and a loop over 100 items.
var comparisons = []comparison{
	{
		name: "URL", context: template.ContextURL,
		ours:       "/v1/customers/${ Customer.Id }/orders/${ Order.Id }?transactionId=${ WebhookRequest.TransactionalId }",
		text:       "/v1/customers/{{ .Customer.Id }}/orders/{{ .Order.Id }}?transactionId={{ .WebhookRequest.TransactionalId }}",
		liquid:     "/v1/customers/{{ Customer.Id }}/orders/{{ Order.Id }}?transactionId={{ WebhookRequest.TransactionalId }}",
		handlebars: "/v1/customers/{{ Customer.Id }}/orders/{{ Order.Id }}?transactionId={{ WebhookRequest.TransactionalId }}",
	},
	{
		name: "Body1KiB", context: template.ContextJSON,
		ours: body(`"${ Order.Id }"`, `"${ Customer.Email }"`, `@{ if Customer.IsVip }`, `@{ else }`, `@{ end if }`,
			`@{ for item in Items }{"sku": "${ item.Sku }", "quantity": ${ item.Quantity }, "price": ${ item.Price }},@{ end for }`),
		text: body(`"{{ .Order.Id }}"`, `"{{ .Customer.Email }}"`, `{{ if .Customer.IsVip }}`, `{{ else }}`, `{{ end }}`,
			`{{ range $i, $item := .Items }}{{ if $i }},{{ end }}{"sku": "{{ $item.Sku }}", "quantity": {{ $item.Quantity }}, "price": {{ $item.Price }}}{{ end }}`),
		liquid: body(`"{{ Order.Id }}"`, `"{{ Customer.Email }}"`, `{% if Customer.IsVip %}`, `{% else %}`, `{% endif %}`,
			`{% for item in Items %}{"sku": "{{ item.Sku }}", "quantity": {{ item.Quantity }}, "price": {{ item.Price }}}{% unless forloop.last %},{% endunless %}{% endfor %}`),
		handlebars: body(`"{{ Order.Id }}"`, `"{{ Customer.Email }}"`, `{{#if Customer.IsVip }}`, `{{ else }}`, `{{/if}}`,
			`{{#each Items }}{"sku": "{{ Sku }}", "quantity": {{ Quantity }}, "price": {{ Price }} }{{#unless @last}},{{/unless}}{{/each}}`),
	},
	{
		name: "Loop100", context: template.ContextJSON,
		ours:       `[@{ for item in Hundred }{"sku": "${ item.Sku }", "quantity": ${ item.Quantity }},@{ end for }]`,
		text:       `[{{ range $i, $item := .Hundred }}{{ if $i }},{{ end }}{"sku": "{{ $item.Sku }}", "quantity": {{ $item.Quantity }}}{{ end }}]`,
		liquid:     `[{% for item in Hundred %}{"sku": "{{ item.Sku }}", "quantity": {{ item.Quantity }}}{% unless forloop.last %},{% endunless %}{% endfor %}]`,
		handlebars: `[{{#each Hundred }}{"sku": "{{ Sku }}", "quantity": {{ Quantity }} }{{#unless @last}},{{/unless}}{{/each}}]`,
	},
}

// body is a JSON text that renders to about 1 KiB.
func body(order, email, ifVip, otherwise, endIf, items string) string {
	return `{"order": ` + order + `, "email": ` + email + `, "segment": "` + ifVip + "vip" + otherwise + "regular" + endIf +
		`", "items": [` + items + `], "note": "` + strings.Repeat("-", 620) + `"}`
}

// source is the data as JSON.
func source() []byte {
	items := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"Sku": "SKU-%04d", "Quantity": %d, "Price": %d.50}`, i, i%7+1, 10+i))
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	return []byte(`{"Customer": {"Id": 4711, "Email": "ann@example.com", "IsVip": true}, "Order": {"Id": "A-1000-77"},
		"Items": ` + items(5) + `, "Hundred": ` + items(100) + `}`)
}

// decoded is the data as the other engines want it.
func decoded(tb testing.TB) map[string]any {
	decoder := json.NewDecoder(bytes.NewReader(source()))
	decoder.UseNumber()
	var data map[string]any
	if err := decoder.Decode(&data); err != nil {
		tb.Fatal(err)
	}
	data["WebhookRequest"] = map[string]any{"TransactionalId": transactionID}
	return data
}

// renderer appends what a template gives to a buffer.
type renderer func(dst []byte) ([]byte, error)

func ours(tb testing.TB, c comparison) renderer {
	t, err := template.Compile(c.ours, template.Options{Context: c.context})
	if err != nil {
		tb.Fatal(err)
	}
	data, err := template.ParseData(source())
	if err != nil {
		tb.Fatal(err)
	}
	data = data.With(template.Host{TransactionalID: transactionID})
	return func(dst []byte) ([]byte, error) { return t.Append(dst, data) }
}

func textTemplate(tb testing.TB, c comparison) renderer {
	t, data := texttemplate.Must(texttemplate.New("").Parse(c.text)), decoded(tb)
	var out bytes.Buffer
	return func(dst []byte) ([]byte, error) {
		out.Reset()
		err := t.Execute(&out, data)
		return append(dst, out.Bytes()...), err
	}
}

func liquidTemplate(tb testing.TB, c comparison) renderer {
	t, err := liquid.NewEngine().ParseString(c.liquid)
	if err != nil {
		tb.Fatal(err)
	}
	data := decoded(tb)
	var out bytes.Buffer
	return func(dst []byte) ([]byte, error) {
		out.Reset()
		err := t.FRender(&out, data)
		return append(dst, out.Bytes()...), err
	}
}

func handlebars(tb testing.TB, c comparison) renderer {
	t, data := raymond.MustParse(c.handlebars), decoded(tb)
	return func(dst []byte) ([]byte, error) {
		text, err := t.Exec(data)
		return append(dst, text...), err
	}
}

var engines = []struct {
	name string
	make func(testing.TB, comparison) renderer
}{{"ours", ours}, {"text-template", textTemplate}, {"liquid", liquidTemplate}, {"raymond", handlebars}}

// TestSameOutput holds that the engines do the same work.
func TestSameOutput(t *testing.T) {
	for _, c := range comparisons {
		var want []byte
		for _, engine := range engines {
			got, err := engine.make(t, c)(nil)
			if err != nil {
				t.Fatalf("%s, %s: %v", c.name, engine.name, err)
			}
			got = bytes.ReplaceAll(got, []byte(" }"), []byte("}")) // }}} would end a raw output of handlebars
			if want == nil {
				want = got
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s, %s gives\n%s\nwant\n%s", c.name, engine.name, got, want)
			}
		}
	}
}

func BenchmarkRender(b *testing.B) {
	for _, c := range comparisons {
		for _, engine := range engines {
			b.Run(c.name+"/"+engine.name, func(b *testing.B) {
				render := engine.make(b, c)
				var out []byte
				b.ReportAllocs()
				for b.Loop() {
					var err error
					if out, err = render(out[:0]); err != nil {
						b.Fatal(err)
					}
				}
				b.SetBytes(int64(len(out)))
			})
		}
	}
}
