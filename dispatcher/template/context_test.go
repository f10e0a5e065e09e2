package template

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hostile are pieces that mean something in some grammar.
var hostile = []string{
	`"`, `\`, "\n", "\r\n", "\t", "\x00", "\x1f", "</script>", "<!--", "]]>", "&amp;", "'", "💝", "é", "\u2028", "{", "}", "[", "]", ",", ":",
	`","admin":true,"x":"`, "true", "null", "1", "-1e5", "%", "%2e", "&x=1", "?", "#", "/", "..", " ", "a", `\u0041`, "${", "@{", "\ufffd",
}

// hostileText returns a random text of such pieces.
func hostileText(random *rand.Rand) string {
	var b strings.Builder
	for range random.IntN(8) {
		b.WriteString(hostile[random.IntN(len(hostile))])
	}
	return b.String()
}

func contextual(t testing.TB, source string, context Context) *Template {
	t.Helper()
	tmpl, err := Compile(source, Options{Context: context})
	if err != nil {
		t.Fatalf("Compile(%q): %v", source, err)
	}
	return tmpl
}

// TestJSONKeepsValues renders random texts and numbers into a body and reads them
// back.
func TestJSONKeepsValues(t *testing.T) {
	tmpl := contextual(t, `{"s": "${ s }", "both": "<${ s }|${ s & s }>", "${ key }": 1, "n": ${ n }, "b": ${ b }, "raw": ${ json(all) },
		"list": [@{ for x in xs }{"x": "${ x }"},@{ end for }], "nested": "${ json(all) }"@{ if b }, "c": [${ n },@{ for x in xs }"${ x }",@{ end for }]@{ end if }}`, ContextJSON)
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		s, key, xs := hostileText(random), "k"+hostileText(random), []string{}
		for range random.IntN(4) {
			xs = append(xs, hostileText(random))
		}
		n := json.Number(fmt.Sprintf("%d.%03d", random.Int64(), random.IntN(1000)))
		all := map[string]any{"s": s, "xs": xs}
		text, err := json.Marshal(map[string]any{"s": s, "key": key, "n": n, "b": random.IntN(2) == 0, "xs": xs, "all": all})
		if err != nil {
			t.Fatal(err)
		}
		out, err := tmpl.Render(parseData(t, string(text)))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		checkBody(t, out, s, key, n, xs)
	}
}

// checkBody reads a body of TestJSONKeepsValues.
func checkBody(t *testing.T, out, s, key string, n json.Number, xs []string) {
	t.Helper()
	var got map[string]any
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.UseNumber()
	if err := decoder.Decode(&got); err != nil || decoder.More() {
		t.Fatalf("%s is no JSON: %v", out, err)
	}
	members := 8
	if got["b"] == true {
		members++
	}
	if len(got) != members || got["s"] != s || got["both"] != "<"+s+"|"+s+s+">" || got[key] != json.Number("1") || got["n"] != n {
		t.Fatalf("%s does not hold %q, %q, %s", out, s, key, n)
	}
	var list []string
	for _, x := range got["list"].([]any) {
		list = append(list, x.(map[string]any)["x"].(string))
	}
	if strings.Join(list, "\x01") != strings.Join(xs, "\x01") || len(list) != len(xs) {
		t.Fatalf("%s does not hold the list %q", out, xs)
	}
	var nested map[string]any
	if err := json.Unmarshal([]byte(got["nested"].(string)), &nested); err != nil || nested["s"] != s || got["raw"].(map[string]any)["s"] != s {
		t.Fatalf("%s does not hold the objects: %v", out, err)
	}
}

// TestNoValueAddsAMember tries texts in value position, where only whole scalars
// may stand.
func TestNoValueAddsAMember(t *testing.T) {
	tmpl := contextual(t, `{"a": ${ v }, "b": 2}`, ContextJSON)
	random := rand.New(rand.NewPCG(3, 4))
	written := 0
	for range 20_000 {
		text := hostileText(random)
		data, _ := json.Marshal(map[string]any{"v": text})
		out, err := tmpl.Render(parseData(t, string(data)))
		if err != nil {
			continue
		}
		written++
		var got map[string]any
		if err := json.Unmarshal([]byte(out), &got); err != nil || len(got) != 2 || got["b"] != 2.0 {
			t.Fatalf("the value %q gives %s: %v", text, out, err)
		}
		switch got["a"].(type) {
		case map[string]any, []any:
			t.Fatalf("the value %q gives %s", text, out)
		}
	}
	if written == 0 {
		t.Error("no value was ever written")
	}
}

func TestXMLKeepsValues(t *testing.T) {
	tmpl := contextual(t, `<a b="${ s }" c='${ s }'>${ s }<d>@{ for x in xs }<e>${ x }</e>@{ end for }</d><f><![CDATA[${ s }]]></f></a>`, ContextXML)
	random := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		s := strings.Map(func(r rune) rune { // what XML does not have, and what its readers change
			if r < ' ' && r != '\n' && r != '\t' {
				return -1
			}
			return r
		}, hostileText(random))
		data, _ := json.Marshal(map[string]any{"s": s, "xs": []string{s, s}})
		out, err := tmpl.Render(parseData(t, string(data)))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			B    string   `xml:"b,attr"`
			C    string   `xml:"c,attr"`
			Text string   `xml:",chardata"`
			E    []string `xml:"d>e"`
			F    string   `xml:"f"`
		}
		if err := xml.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%s is no XML: %v", out, err)
		}
		for _, value := range append(got.E, got.B, got.C, got.Text, got.F) {
			if value != s {
				t.Fatalf("%s holds %q, want %q", out, value, s)
			}
		}
	}
}

func TestURLAndFormKeepValues(t *testing.T) {
	address := contextual(t, "/v1/${ s }/x?a=${ s }&b=${ s }@{ if b }&c=${ s }@{ end if }", ContextURL)
	form := contextual(t, "a=${ s }&${ s }=b", ContextForm)
	random := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		s := hostileText(random)
		text, _ := json.Marshal(map[string]any{"s": s, "b": true})
		data := parseData(t, string(text))
		out, err := address.Render(data)
		if s == "." || s == ".." {
			if err == nil {
				t.Fatalf("the segment %s is written", s)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse("https://example.com" + out)
		if err != nil || u.Path != "/v1/"+s+"/x" || u.Fragment != "" {
			t.Fatalf("%s: path %q, want %q (%v)", out, u.Path, s, err)
		}
		if diff := cmp.Diff(url.Values{"a": {s}, "b": {s}, "c": {s}}, u.Query()); diff != "" {
			t.Fatalf("%s (-want +got)\n%s", out, diff)
		}
		if out, err = form.Render(data); err != nil {
			t.Fatal(err)
		}
		values, err := url.ParseQuery(out)
		if err != nil || values.Get("a") != s && s != "a" || values.Get(s) == "" {
			t.Fatalf("%s holds %v, want %q (%v)", out, values, s, err)
		}
	}
}

func TestDotSegments(t *testing.T) {
	for _, c := range []struct {
		source, value string
		fails         bool
	}{
		{"/orders/${ s }/cancel", "..", true},
		{"/orders/${ s }", ".", true},
		{"${ s }/x", "..", true},
		{"/a/.${ s }", ".", true},
		{"/a/${ s & s }", ".", true},
		{"/a/${ raw(s) }/b", "..", true},
		{"/a/x${ s }/b", "..", false},
		{"/a/${ s }/b", "...", false},
		{"/a/${ s }/b", "a..", false},
		{"/a?b=/${ s }", "..", false},
		{"/a?b=${ s }", "..", false},
	} {
		_, err := contextual(t, c.source, ContextURL).Render(parseData(t, `{"s": "`+c.value+`"}`))
		if (err != nil) != c.fails {
			t.Errorf("%s with %s: %v", c.source, c.value, err)
		}
	}
}

// TestReadyElsewhere holds that a text that is ready for one place is escaped in
// another.
func TestReadyElsewhere(t *testing.T) {
	for _, c := range []struct {
		source, want string
		context      Context
	}{
		{"?a=${ xmlEscape(p) }", "?a=%26amp%3Bb%3D1", ContextURL},
		{`"${ xmlEscape(p) }${ urlEncode(p) }"`, `"&amp;b=1%26b%3D1"`, ContextJSON},
		{"<a>${ urlEncode(p) }${ json(p) }</a>", "<a>%26b%3D1\"&amp;b=1\"</a>", ContextXML},
		{"<a>${ if(c, jsonEscape(p), p) }</a>", "<a>&amp;b=1</a>", ContextXML},
	} {
		got, err := contextual(t, c.source, c.context).Render(parseData(t, `{"p": "&b=1", "c": true}`))
		if err != nil || got != c.want {
			t.Errorf("%s gives %s, %v, want %s", c.source, got, err, c.want)
		}
	}
	tmpl := contextual(t, "${ p }", ContextURL)
	if out, err := tmpl.Append([]byte("x"), parseData(t, `{"p": "."}`)); err == nil {
		t.Errorf("after other text the segment . gives %s", out)
	}
}

func TestHeaderRefusesLines(t *testing.T) {
	tmpl := contextual(t, "Bearer ${ s }", ContextHeader)
	for _, s := range []string{`a\r\nX: y`, `a\n`, `\r`, `\u0000`} {
		for _, source := range []*Template{tmpl, contextual(t, "${ raw(s) }", ContextHeader), contextual(t, `${ "a" & s }`, ContextHeader)} {
			out, err := source.Render(parseData(t, `{"s": "`+s+`"}`))
			if err == nil || !strings.Contains(err.Error(), "which no header can hold") {
				t.Errorf("%s: %q is written as %q, %v", source, s, out, err)
			}
		}
	}
	if out, err := tmpl.Render(parseData(t, `{"s": "a\té\"%"}`)); err != nil || out != "Bearer a\té\"%" {
		t.Errorf("the header is %q, %v", out, err)
	}
}
