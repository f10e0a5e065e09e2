package template

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	texttemplate "text/template"
)

// The benchmarks render from parsed data into a reused buffer, on both sides.
const (
	benchURL = "/v1/customers/${ Customer.Id }/orders/${ Order.Id }?transactionId=${ WebhookRequest.TransactionalId }"

	benchBodyHead = `{"order": "${ Order.Id }", "customer": {"id": "${ Customer.Id }", "email": "${ Customer.Email }"}, ` +
		`"total": ${ Order.Total }, "transaction": "${ WebhookRequest.TransactionalId }", "note": "`
	benchData = `{"Customer": {"Id": 4711, "Email": "ann@example.com"}, "Order": {"Id": "A-1000-77", "Total": 1234.50}}`
)

// benchBody is 1 KiB with five outputs.
func benchBody() string {
	return benchBodyHead + strings.Repeat("-", 1024-len(benchBodyHead)-2) + `"}`
}

func BenchmarkRender(b *testing.B) {
	for _, c := range []struct{ name, source string }{{"URL", benchURL}, {"Body1KiB", benchBody()}} {
		b.Run(c.name+"/template", func(b *testing.B) {
			tmpl := compile(b, c.source)
			data := parseData(b, benchData).With(testHost)
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if out, err = tmpl.Append(out[:0], data); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/text-template", func(b *testing.B) {
			source := strings.NewReplacer("${ ", "{{.", " }", "}}").Replace(c.source)
			tmpl := texttemplate.Must(texttemplate.New("").Parse(source))
			decoder := json.NewDecoder(strings.NewReader(benchData))
			decoder.UseNumber()
			var data map[string]any
			if err := decoder.Decode(&data); err != nil {
				b.Fatal(err)
			}
			data["WebhookRequest"] = map[string]any{"TransactionalId": testHost.TransactionalID}
			var out bytes.Buffer
			b.ReportAllocs()
			for b.Loop() {
				out.Reset()
				if err := tmpl.Execute(&out, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseData(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(benchData)))
	for b.Loop() {
		if _, err := ParseData([]byte(benchData)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	source := benchBody()
	b.ReportAllocs()
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		if _, err := Compile(source, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
