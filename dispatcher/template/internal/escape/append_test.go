package escape

import (
	"encoding/json"
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"testing/quick"
)

func TestAppend(t *testing.T) {
	for _, test := range []struct {
		mode       Mode
		text, want string
	}{
		{JSONString, "", ""},
		{JSONString, `plain text`, `plain text`},
		{JSONString, "\"\\/\b\f\n\r\t\x00\x1f\x7f", `\"\\/\b\f\n\r\t\u0000\u001f` + "\x7f"},
		{JSONString, "</script>&'", `\u003c/script>&'`},
		{JSONString, "é💝\u2027\u2028\u2029\u202a", `é💝` + "\u2027" + `\u2028\u2029` + "\u202a"},
		{JSONString, "a\xffb\xc3", "a\uFFFDb\uFFFD"},
		{JSONString, "\uFFFD", "\uFFFD"},
		{Percent, "AZaz09-._~", "AZaz09-._~"},
		{Percent, "a b/c?d=e&f#g+%\"é\n", "a%20b%2Fc%3Fd%3De%26f%23g%2B%25%22%C3%A9%0A"},
		{Percent, "💝\xff\uFFFD", "%F0%9F%92%9D%EF%BF%BD%EF%BF%BD"},
		{XMLText, "a&b<c>d\"e'f\t\n\r\x01é\uFFFE\xff", "a&amp;b&lt;c&gt;d\"e'f\t\n&#13;\uFFFDé\uFFFD\uFFFD"},
		{XMLAttribute, "a&b<c>d\"e'f\t\n\r\x01é", "a&amp;b&lt;c&gt;d&quot;e&#39;f&#9;&#10;&#13;\uFFFDé"},
		{XMLCDATA, "<&>]>\x01é]]>]]]>>", "<&>]>\uFFFDé]]]]><![CDATA[>]]]]]><![CDATA[>>"},
		{Raw, "\xff\"<", "\xff\"<"},
		{JSONValue, "12.50", "12.50"},
		{HeaderLine, "a\tb", "a\tb"},
	} {
		if got := string(Append([]byte("x"), test.text, test.mode)); got != "x"+test.want {
			t.Errorf("mode %d: %q\ngot  %q\nwant %q", test.mode, test.text, got, "x"+test.want)
		}
	}
}

// TestCDATABehindBrackets: brackets in the output make the first > of a value the
// end of the section.
func TestCDATABehindBrackets(t *testing.T) {
	for before, want := range map[string]string{"]]": cdataSplit + ">", "]": ">", "": ">", "]x": ">"} {
		if got := string(Append([]byte(before), ">", XMLCDATA)); got != before+want {
			t.Errorf("behind %q: got %q, want %q", before, got, before+want)
		}
	}
}

func TestAppendJSONString(t *testing.T) {
	if got := string(AppendJSONString([]byte("["), `a"b`)); got != `["a\"b"` {
		t.Errorf("got %s", got)
	}
}

func TestIsJSONScalar(t *testing.T) {
	for _, text := range []string{`0`, `-0`, `12`, `-1.50`, `1e5`, `1.5E-07`, `""`, `"a"`, `"\u00e9\"\\"`, `"é"`, `true`, `false`, `null`, `12345678901234567890`} {
		if !IsJSONScalar(text) {
			t.Errorf("%s is none", text)
		}
	}
	for _, text := range []string{
		``, ` 1`, `1 `, `01`, `1.`, `.5`, `-`, `+1`, `1e`, `1,2`, `1]`, `"`, `"a`, `"a"b`, `"a" `, `a"`, `"\x"`, `"\u12"`, "\"\n\"", "\"\xff\"", `tru`, `True`, `nulll`,
		`{}`, `[]`, `"a","b"`, `"a":1`, `NaN`, `0x1`, `'a'`, `1}`,
	} {
		if IsJSONScalar(text) {
			t.Errorf("%s is one", text)
		}
	}
}

// decodes checks that a text written in every mode is read back as it was.
func decodes(t *testing.T, text string) {
	t.Helper()
	fail := func(mode, got, want string, err error) {
		if got != want || err != nil {
			t.Errorf("%s of %q is read as %q, %v", mode, text, got, err)
		}
	}
	valid := string([]rune(text)) // each wrong byte is U+FFFD
	var got string
	written := AppendJSONString(nil, text)
	err := json.Unmarshal(written, &got)
	fail("JSON", got, valid, err)
	if !IsJSONScalar(string(written)) || strings.ContainsAny(string(written), "<\u2028\u2029") {
		t.Errorf("JSON of %q is %s", text, written)
	}

	escaped := string(Append(nil, text, Percent))
	got, err = url.QueryUnescape(escaped)
	fail("query", got, valid, err)
	got, err = url.PathUnescape(escaped)
	fail("path", got, valid, err)
	if strings.Trim(escaped, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%") != "" {
		t.Errorf("percent escapes of %q are %q", text, escaped)
	}

	characters := strings.Map(func(r rune) rune {
		if isXMLCharacter(r) {
			return r
		}
		return '\uFFFD'
	}, valid)
	var element struct {
		Text  string `xml:",chardata"`
		Value string `xml:"v,attr"`
		Other string `xml:"w,attr"`
	}
	document := Append([]byte(`<a v="`), text, XMLAttribute)
	document = append(Append(append(document, `" w='`...), text, XMLAttribute), `'>`...)
	document = append(Append(document, text, XMLText), `</a>`...)
	err = xml.Unmarshal(document, &element)
	fail("XML text", element.Text, characters, err)
	fail("XML attribute", element.Value, characters, err)
	fail("XML attribute in '", element.Other, characters, err)

	for _, before := range []string{"", "]", "]]"} {
		document = append(Append([]byte(`<a><![CDATA[`+before), text, XMLCDATA), `]]></a>`...)
		element.Text = ""
		err = xml.Unmarshal(document, &element)
		fail("CDATA", element.Text, before+characters, err)
	}
}

func TestEscapesDecode(t *testing.T) {
	for _, text := range nasty {
		decodes(t, text)
	}
	for _, text := range nasty {
		for _, other := range nasty {
			decodes(t, text+"x"+other)
			decodes(t, text+other)
		}
	}
	if err := quick.Check(func(text string, raw []byte) bool {
		decodes(t, text)
		decodes(t, string(raw))
		return !t.Failed()
	}, nil); err != nil {
		t.Error(err)
	}
}

// FuzzEscape: what is written is read back as it was.
func FuzzEscape(f *testing.F) {
	for _, text := range nasty {
		f.Add(text)
	}
	f.Fuzz(decodes)
}
