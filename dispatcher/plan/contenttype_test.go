package plan

import "testing"

func TestContextOf(t *testing.T) {
	for contentType, want := range map[string]BodyContext{
		"application/json":                  BodyJSON,
		"Application/JSON; charset=utf-8":   BodyJSON,
		"application/json;":                 BodyJSON,
		"application/json; charset":         BodyJSON, // the parameter is broken, the type is not
		"application/problem+json":          BodyJSON,
		"application/vnd.crm.v2+JSON; a=b":  BodyJSON,
		"application/x-www-form-urlencoded": BodyForm,
		"application/xml":                   BodyXML,
		" text/xml ;charset=utf-8":          BodyXML,
		"application/soap+xml":              BodyXML,
		"text/plain; charset=utf-8":         BodyText,
		"text/json":                         BodyText, // not registered
		"application/jsonlines":             BodyText,
		"application/x+json+cbor":           BodyText,
		"multipart/form-data; boundary=x":   BodyText,
	} {
		if got, ok := ContextOf(contentType); got != want || !ok {
			t.Errorf("%q is %s (a media type: %t), want %s", contentType, got, ok, want)
		}
	}
	for _, broken := range []string{"", "json", "application/", "/json", "application/json charset=utf-8", "application/json, text/xml", "attachment; filename=x"} {
		if got, ok := ContextOf(broken); got != BodyText || ok {
			t.Errorf("%q is %s (a media type: %t), want text and that it is none", broken, got, ok)
		}
	}
}
