package template_test

import (
	"errors"
	"fmt"

	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

func Example() {
	url, err := template.Compile("/orders/${ Order.Id }?transactionId=${WebhookRequest.TransactionalId}",
		template.Options{Name: "url"})
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := template.ParseData([]byte(`{"order": {"id": 12345678901234567890}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := url.Render(data.With(template.Host{TransactionalID: "0197b1de-7c00-7000-8000-000000000001"}))
	fmt.Println(text, err)
	// Output: /orders/12345678901234567890?transactionId=0197b1de-7c00-7000-8000-000000000001 <nil>
}

func ExampleErrors() {
	_, err := template.Compile("Hello ${ Customer.Name\n\n${ Customer | toUpper() }", template.Options{Name: "body"})
	var list template.Errors
	errors.As(err, &list)
	for _, e := range list {
		fmt.Println(e)
		fmt.Println(e.Excerpt)
	}
	// Output:
	// body:3:1: expected } after the value, found the character '$'
	// ${ Customer | toUpper() }
	// ^
}
