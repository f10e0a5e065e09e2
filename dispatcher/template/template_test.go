package template

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func compile(t testing.TB, source string) *Template {
	t.Helper()
	tmpl, err := Compile(source, Options{})
	if err != nil {
		t.Fatalf("Compile(%q): %v", source, err)
	}
	return tmpl
}

func parseData(t testing.TB, json string) Data {
	t.Helper()
	data, err := ParseData([]byte(json))
	if err != nil {
		t.Fatalf("ParseData(%s): %v", json, err)
	}
	return data
}

func TestTextForms(t *testing.T) {
	for _, c := range []struct{ source, text, view string }{
		{"", "", ""},
		{"a } $ @", "a } $ @", "a } $ @"},
		{"/o?id=${ WebhookRequest . transactionalID }", "/o?id=${WebhookRequest.transactionalID}",
			"/o?id=${WebhookRequest.transactionalID}"},
		{"a@{* note *}b${\na\n}", "a@{* note *}b${a}", "ab${a}"},
		{"$@{**}{ a }$${ a }", "$@{**}{ a }$${a}", "${ a }$${a}"},
		{
			"@{ IF a.b AND (not c) }x@{* y *}@{ ELSE  IF d=1 }@{ Else }z@{ End If }",
			"@{if a.b and (not c)}x@{* y *}@{else if d = 1}@{else}z@{end if}",
			"@{if a.b and (not c)}x@{else if d = 1}@{else}z@{end if}",
		},
		{
			"@{ for x in y.Take( 5 ) }@{**}${ -x.z*2+( 1 ) }@{ end\nfor }@{ set a='q'&\"r\" & b.c }",
			"@{for x in y.Take(5)}@{**}${-x.z * 2 + (1)}@{end for}@{set a = 'q' & \"r\" & b.c}",
			"@{for x in y.Take(5)}${-x.z * 2 + (1)}@{end for}@{set a = 'q' & \"r\" & b.c}",
		},
		{`${ a!=null|if('x' , "y")|toUpper ( ) }`, `${a != null | if('x', "y") | toUpper()}`, `${a != null | if('x', "y") | toUpper()}`},
		{`${ (a != "x" & b or c) }`, `${(a != "x" & b or c)}`, `${(a != "x" & b or c)}`},
	} {
		tmpl := compile(t, c.source)
		if got := tmpl.String(); got != c.text {
			t.Errorf("%q: String is %q, want %q", c.source, got, c.text)
		}
		if got := tmpl.View(); got != c.view {
			t.Errorf("%q: View is %q, want %q", c.source, got, c.view)
		}
		if again := compile(t, tmpl.String()).String(); again != c.text {
			t.Errorf("%q: String does not round-trip: %q", c.source, again)
		}
	}
}

func TestStaticPrefix(t *testing.T) {
	for _, c := range []struct {
		source, text string
		whole        bool
	}{
		{"", "", true},
		{"/a?b", "/a?b", true},
		{"/a@{* c *}/b", "/a/b", true},
		{"@{* c *}/a/${ b }/c", "/a/", false},
		{"${ b }/c", "", false},
		{"/a@{ if b }/c@{ end if }", "/a", false},
	} {
		tmpl := compile(t, c.source)
		text, whole := tmpl.StaticPrefix()
		if text != c.text || whole != c.whole || tmpl.Static() != c.whole {
			t.Errorf("%q: StaticPrefix is %q, %v, Static is %v", c.source, text, whole, tmpl.Static())
		}
	}
}

func TestUses(t *testing.T) {
	const id = "WebhookRequest.TransactionalId"
	for _, c := range []struct {
		source, path string
		want         bool
	}{
		{"${ WebhookRequest.TransactionalId }", id, true},
		{"${\twebhookrequest\n.\nTRANSACTIONALID }", id, true},
		{"${ WebhookRequest.TransactionalId }", "webhookREQUEST.transactionalID", true},
		{"${ WebhookRequest.TransactionalId }", "WebhookRequest", true},
		{"${ Order.TransactionalId.x }", "Order.TransactionalId", true},
		{"WebhookRequest.TransactionalId", id, false},
		{"$ { WebhookRequest.TransactionalId }", id, false},
		{"@{* WebhookRequest.TransactionalId *}", id, false},
		{"${ WebhookRequest.CreatedAt }", id, false},
		{"${ Order.WebhookRequest.TransactionalId }", id, false},
		{"${ TransactionalId }", id, false},
		{"${ a }", "", false},
		{"@{ if not isEmpty(x) }@{ set y = WebhookRequest.TransactionalId }@{ end if }", id, true},
		{`@{ if a }@{ else if WebhookRequest.TransactionalId = "x" }@{ end if }`, id, true},
		{"${ Order.TransactionalId() }", "Order.TransactionalId", true},
		{"@{ for WebhookRequest in xs }${ WebhookRequest.TransactionalId }@{ end for }", id, false},
		{`${ "WebhookRequest.TransactionalId" }`, id, false},
	} {
		if got := compile(t, c.source).Uses(c.path); got != c.want {
			t.Errorf("%q: Uses(%q) is %v", c.source, c.path, got)
		}
	}
}

func TestModel(t *testing.T) {
	tmpl := compile(t, "${ Order.id }${ name }@{* ${ x *}${ ORDER.Customer.Email }${ order.ID }")
	want := Model{Fields: []Field{
		{Name: "Order", Type: TypeComposite, Fields: []Field{
			{Name: "id", Type: TypePrimitive},
			{Name: "Customer", Type: TypeComposite, Fields: []Field{{Name: "Email", Type: TypePrimitive}}},
		}},
		{Name: "name", Type: TypePrimitive},
	}}
	if diff := cmp.Diff(want, tmpl.Model()); diff != "" {
		t.Errorf("Model (-want +got)\n%s", diff)
	}
	paths := []Path{
		{Path: "Order.id", Type: TypePrimitive},
		{Path: "Order.Customer.Email", Type: TypePrimitive},
		{Path: "name", Type: TypePrimitive},
	}
	if diff := cmp.Diff(paths, tmpl.Model().Paths()); diff != "" {
		t.Errorf("Paths (-want +got)\n%s", diff)
	}
	if got := compile(t, "text").Model(); len(got.Fields) != 0 || len(got.Paths()) != 0 {
		t.Errorf("the model of text is %v", got)
	}
}

func TestModelOfTheWholeLanguage(t *testing.T) {
	tmpl := compile(t, `@{ for item in Order.Items }${ item.Sku }@{ if item.Total > 1 }${ item.sku | toUpper() }@{ end if }@{ end for }
		@{ for row in tableRows(Order.Items.Take(3), 2) }@{ for cell in row.Cells }${ cell.Value.Name }@{ end for }@{ end for }
		${ Customer.GetBonusPointsAccount("Loyalty Points", 5.0).Available }@{ set x = Customer.Born }${ getDay(x) }
		${ count(Tags) }@{ if Nothing = null and Vip }@{ end if }${ formatTime(Open, "c") }${ substring(Name, From) }`)
	var got []string
	for _, p := range tmpl.Model().Paths() {
		got = append(got, p.Path+" "+p.Type.String())
	}
	want := []string{
		`Order.Items.Take(3)[].Name Primitive`,
		`Order.Items[].Sku String`,
		`Order.Items[].Total Decimal`,
		`Customer.GetBonusPointsAccount("Loyalty Points", 5.0).Available Primitive`,
		`Customer.Born DateTime`,
		`Tags Array`,
		`Nothing Unknown`,
		`Vip Boolean`,
		`Open TimeSpan`,
		`Name String`,
		`From Integer`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Paths (-want +got)\n%s", diff)
	}
	take := tmpl.Model().Fields[0].Fields[0].Fields[0]
	if want := (Field{
		Name: "Take", Method: true, Arguments: []string{"3"}, Type: TypeArray,
		Elements: &Field{Type: TypeComposite, Fields: []Field{{Name: "Name", Type: TypePrimitive}}},
	}); !cmp.Equal(want, take) {
		t.Errorf("the method Take is %s", cmp.Diff(want, take))
	}
}

func TestFill(t *testing.T) {
	for _, c := range []struct {
		source, text string
		ok           bool
	}{
		{"/a/${ b }@{* c *}?d=${ e }", "/a/00?d=00", true},
		{"", "", true},
		{"/a@{ if b }/b@{ end if }", "", false},
		{"/a@{ for b in c }/b@{ end for }", "", false},
		{"@{ set a = 1 }/b", "", false},
	} {
		if text, ok := compile(t, c.source).Fill("00"); text != c.text || ok != c.ok {
			t.Errorf("%q: Fill gives %q, %v", c.source, text, ok)
		}
	}
}

func TestAppend(t *testing.T) {
	tmpl := compile(t, "a=${ a }&b=${ b }")
	buffer := append(make([]byte, 0, 64), "?"...)
	got, err := tmpl.Append(buffer, parseData(t, `{"a": 1.005, "b": -9.999}`))
	if err != nil || string(got) != "?a=1.01&b=-10.00" {
		t.Errorf("Append gives %q, %v", got, err)
	}
	if &got[0] != &buffer[0] {
		t.Error("Append did not use the buffer's room")
	}
	got, err = tmpl.Append(buffer, parseData(t, `{"a": 1, "b": null}`))
	if err == nil || string(got) != "?" {
		t.Errorf("a failed Append gives %q, %v", got, err)
	}
	if text, err := tmpl.Render(Data{}); err == nil || text != "" {
		t.Errorf("a failed Render gives %q, %v", text, err)
	}
}

func TestManyValues(t *testing.T) {
	var source, json, want strings.Builder
	for i := range 100 {
		name := "v" + strings.Repeat("x", i)
		source.WriteString("${" + name + "}")
		json.WriteString(`,"` + strings.ToUpper(name) + `":` + strings.Repeat("7", i+1))
		want.WriteString(strings.Repeat("7", i+1))
	}
	got, err := compile(t, source.String()).Render(parseData(t, "{"+json.String()[1:]+"}"))
	if err != nil || got != want.String() {
		t.Errorf("Render gives %q, %v", got, err)
	}
}

func TestConcurrentRender(t *testing.T) {
	tmpl := compile(t, "${ a.b }-${ WebhookRequest.TransactionalId }")
	data := parseData(t, `{"a": {"b": 1}}`)
	var wg sync.WaitGroup
	for _, id := range []string{"one", "two", "three", "four"} {
		wg.Go(func() {
			for range 100 {
				got, err := tmpl.Render(data.With(Host{TransactionalID: id}))
				if err != nil || got != "1-"+id {
					t.Errorf("Render for %s gives %q, %v", id, got, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestWithLeavesDataAlone(t *testing.T) {
	tmpl := compile(t, "${ WebhookRequest.TransactionalId }")
	data := parseData(t, `{"WebhookRequest": {"TransactionalId": "own"}}`)
	if got, err := tmpl.Render(data.With(testHost)); err != nil || got != testHost.TransactionalID {
		t.Errorf("with a host: %q, %v", got, err)
	}
	if got, err := tmpl.Render(data); err != nil || got != "own" {
		t.Errorf("without a host: %q, %v", got, err)
	}
	if got, err := tmpl.Render(Data{}.With(testHost)); err != nil || got != testHost.TransactionalID {
		t.Errorf("with no data: %q, %v", got, err)
	}
}

func TestErrorsHoldNoData(t *testing.T) {
	const planted = "s3cret"
	data := parseData(t, `{"a": {"s3cret": "s3cret"}, "b": ["s3cret"], "s3cret": 1, "c": null}`)
	for _, source := range []string{"${ a }", "${ b }", "${ missing }", "${ c }", "${ c.d }"} {
		_, err := compile(t, source).Render(data)
		var list Errors
		if !errors.As(err, &list) {
			t.Fatalf("%s: error %v", source, err)
		}
		if strings.Contains(list.Error(), planted) || strings.Contains(list[0].Excerpt, planted) {
			t.Errorf("%s: the error shows data: %v", source, err)
		}
	}
	for _, json := range []string{`{"s3cret": s3cret}`, `{"s3cret": 1, "S3CRET": 2}`, `"s3cret"`, "{\"s3cret\x01\": 1}", `{"s3cret`} {
		_, err := ParseData([]byte(json))
		var one *Error
		if !errors.As(err, &one) {
			t.Fatalf("%s: error %v", json, err)
		}
		if strings.Contains(strings.ToLower(one.Error()), planted) || one.Excerpt != "" || one.Name != "data" {
			t.Errorf("%s: the error is %v with excerpt %q", json, one, one.Excerpt)
		}
	}
}
