package escape

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestXMLAccepts has templates that must be accepted, and renders each in many
// ways.
func TestXMLAccepts(t *testing.T) {
	for _, source := range []string{
		// Text alone.
		`<a/>`, `<a></a>`, "<?xml version=\"1.0\" encoding='utf-8' standalone=\"yes\" ?>\n<a>x</a>\n", `<!DOCTYPE a><a/>`,
		`<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "x.dtd"><html/>`, `<!DOCTYPE a SYSTEM 'a"b' ><a/>`, `<!-- a - b --><a/><?pi ? x?><!----><?q?>`,
		`<soap:Envelope xmlns:soap="urn:x" a='"'><soap:Body b="'"  /></soap:Envelope >`, `<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x10FFFF;</a>`,
		`<a>]] ></a>`, `<a>]>]]</a>`, `<a b="]]>"/>`, `<a><![CDATA[<&]]]]></a>`, `<a><![CDATA[]]]]]>x</a>`, `<é-1.ж>ы</é-1.ж>`,
		strings.Repeat("<a>", MaxNesting) + strings.Repeat("</a>", MaxNesting),
		// Outputs.
		`<a>${}</a>`, `<a b="${}" c='x${}'>${}${}</a>`, `<a><![CDATA[${}]]></a>`, `<a>]]${}></a>`, `<a>]${}]></a>`, `<a>${}]]&gt;</a>`,
		`<a><![CDATA[]]${}]]></a>`, `<a><![CDATA[]${}>${}${}]>]]></a>`, `<a><![CDATA[${}]]]></a>`, `<a>${}<![CDATA[${}]]>${}</a>`,
		// Branches and loops.
		`<a>@{for}<b c="${}"/>@{end}</a>`, `<a>@{if}<b>${}</b>@{else}${}@{end}</a>`, `@{if}<a/>@{else}<b></b>@{end}`, `<a@{if} b="${}"@{end}/>`,
		`<a @{if}b="1" @{end}c="2"/>`, `<a@{if} b="1"@{else} b="2"@{end}>x</a>`, `@{if}<a x="1">@{else}<a>@{end}${}</a>`, `<a b="@{for}${},@{end}"/>`,
		`<a b="@{if}1@{else}2@{end}"/>`, `<a>@{if}]@{end}]@{for}]@{end}></a>`, `<a><![CDATA[@{for}]@{end}>@{if}]@{else}x@{end}]>]]></a>`,
		`@{for}<!-- x -->@{end}<a/>@{for} @{end}`, `<a @{for} @{end} b=""/>`, `@{if}<!DOCTYPE a>@{end}<a/>`, `<a@{for} @{end}/>`, `<a @{if}b="" @{end}@{for} @{end}/>`,
		`<a><b>@{for}</b><b>@{end}</b></a>`, `<a><b x=""@{for}/><b@{end} y=""/></a>`, `<a b=""><c b=""/></a>`, `<a:@{if}b@{else}b@{end}/>`,
	} {
		nodes, ok := parseToy(source)
		if !ok {
			t.Fatalf("%s: no template", source)
		}
		if err := follow(XML, nodes, len(source)); err != nil {
			t.Errorf("%s\nwas rejected: %v", source, err)
			continue
		}
		for seed := range uint64(200) {
			if err := checkXML(nodes, seed); err != nil {
				t.Fatalf("%s\n%v", source, err)
			}
		}
	}
}

// TestXMLMistakes has templates that must be rejected, with offset and message.
func TestXMLMistakes(t *testing.T) {
	const (
		elsewhere = "; put it into the text of an element or into the quoted value of an attribute"
		repeat    = ", so it cannot be written any number of times; end it where it begins"
		doctype   = "a DOCTYPE must be, in one piece, <!DOCTYPE name>, with SYSTEM or PUBLIC or neither, but no [ ]"
		declared  = `the XML declaration must be, in one piece, <?xml version="1.0" encoding="UTF-8"?>; encoding may be left out`
		reference = "this is none of &amp; &lt; &gt; &quot; &apos; and the number of a character; a plain & is &amp;"
	)
	for _, test := range []struct{ source, want string }{
		// Text.
		{``, `0: the document has no root element`},
		{` <!-- x -->`, `11: the document has no root element`},
		{`<a>`, `3: the document ends inside the element a; </a> is missing`},
		{`<a`, `2: the document ends inside the name of a start tag`},
		{`<a b="`, `6: the document ends inside the value of an attribute`},
		{`x`, `0: text cannot stand before the root element; only an element has text`},
		{`<a/>x`, `4: text cannot stand after the root element; only an element has text`},
		{`<a/><b/>`, `5: a document has only one root element, and that has ended; put several elements into one`},
		{`<a></b>`, `5: the end tag of b cannot end the element a`},
		{`</a>`, `1: an end tag cannot stand outside the root element`},
		{`<a><b></a></b>`, `8: the end tag of a cannot end the element b`},
		{`<a>1 < 2</a>`, `6: < begins a tag and cannot stand for itself; write &lt;`},
		{`<a>a & b</a>`, `6: & begins a reference and cannot stand for itself; write &amp;`},
		{`<a>&abcdefghijklmnop;</a>`, `15: & begins a reference and cannot stand for itself; write &amp;`},
		{`<a>&nbsp;</a>`, `8: ` + reference},
		{`<a>&#0;</a>`, `6: ` + reference},
		{`<a>&#xD800;</a>`, `10: ` + reference},
		{`<a>&#+65;</a>`, `5: & begins a reference and cannot stand for itself; write &amp;`},
		{`<a>]]></a>`, `5: ]]> cannot stand in the text of an element; write ]]&gt;`},
		{"<a>\x01</a>", `3: this character is none of XML; a text has no control characters but tabs and line ends`},
		{"<a>\xff</a>", `3: this character is none of XML; a text has no control characters but tabs and line ends`},
		{"<a>\uffff</a>", `3: this character is none of XML; a text has no control characters but tabs and line ends`},
		{`<a b=1/>`, `5: a quote is missing before the value of the attribute`},
		{`<a b/>`, `4: a = is missing behind the name of the attribute; each has a value in quotes`},
		{`<a b="1"c="2"/>`, `8: white space is missing before the attribute`},
		{`<a b="1" b='2'/>`, `9: the attribute b may stand in this tag already; an element has each only once`},
		{`<a b="<"/>`, `6: < cannot stand inside the value of an attribute; write &lt;, and look for a missing quote before it`},
		{`<a b="&b=1"/>`, `8: & begins a reference and cannot stand for itself; write &amp;`},
		{`<a / >`, `4: a > is missing behind the / of the tag`},
		{`<a></a b>`, `7: a > is missing behind the name of the end tag`},
		{`<a></>`, `5: a name is missing here`},
		{`<a <b/>`, `3: this cannot stand inside the start tag of a; a > may be missing before it`},
		{`<1/>`, `1: < begins a tag and cannot stand for itself; write &lt;`},
		{`<!-- -- --><a/>`, `7: -- cannot stand inside a comment, nor - at its end`},
		{`<!-- ---><a/>`, `7: -- cannot stand inside a comment, nor - at its end`},
		{`<!ELEMENT a>`, `2: behind <! only -- of a comment, [CDATA[ and, before the root element, DOCTYPE can stand`},
		{`<a><!DOCTYPE a></a>`, `5: behind <! only -- of a comment, [CDATA[ and, before the root element, DOCTYPE can stand`},
		{`<![CDATA[x]]>`, `8: a CDATA section cannot stand outside the root element`},
		{` <?xml version="1.0"?><a/>`, `3: the XML declaration can stand only where the document begins, in one piece`},
		{`<a><?XML x?></a>`, `5: the XML declaration can stand only where the document begins, in one piece`},
		{`<?xml encoding="UTF-8"?><a/>`, `0: ` + declared},
		{`<?xml version="1.0" encoding="windows-1251"?><a/>`, `0: ` + declared},
		{`<?xml version="1.1"?><a/>`, `0: ` + declared},
		{`<? x?><a/>`, `2: a name is missing here`},
		{`<?x&?><a/>`, `3: white space or ?> is missing behind the name of the processing instruction`},
		{`<!DOCTYPE a [<!ENTITY b "c">]><a/>`, `0: ` + doctype},
		{`<!DOCTYPE><a/>`, `0: ` + doctype},
		{`<!DOCTYPE 1><a/>`, `0: ` + doctype},
		{`<!DOCTYPE a><!DOCTYPE a><a/>`, `12: a DOCTYPE cannot stand here; a document has at most one, before the root element`},
		{`<a/><!DOCTYPE a>`, `4: a DOCTYPE cannot stand here; a document has at most one, before the root element`},
		{strings.Repeat("<a>", 65), `193: elements are nested deeper than 64 levels`},
		{`<` + strings.Repeat("a", 257), `1: a name of XML is longer than 256 bytes`},
		{`<::/>`, `1: a name of XML has at most one colon, with a prefix before it and a name behind it`},
		{`<a:/>`, `1: a name of XML has at most one colon, with a prefix before it and a name behind it`},
		{`<a:b:c/>`, `1: a name of XML has at most one colon, with a prefix before it and a name behind it`},
		{`<a :b=""/>`, `3: a name of XML has at most one colon, with a prefix before it and a name behind it`},
		{`<a b:1=""/>`, `3: a name of XML has at most one colon, with a prefix before it and a name behind it`},
		{`<!DOCTYPE a:><a/>`, `0: ` + doctype},
		{`<a:@{if}@{end}/>`, `14: a name of XML has at most one colon, with a prefix before it and a name behind it`},
		// Outputs.
		{`${}`, `0: an output cannot stand before the root element` + elsewhere},
		{`<a/>${}`, `4: an output cannot stand after the root element` + elsewhere},
		{`<${}/>`, `1: an output cannot stand inside a tag` + elsewhere},
		{`<a${}/>`, `2: an output cannot stand inside the name of a start tag` + elsewhere},
		{`<a ${}/>`, `3: an output cannot stand inside the start tag of a` + elsewhere},
		{`<a b=${}/>`, `5: an output cannot stand where the value of an attribute is expected; put quotes around it`},
		{`<a b${}="1"/>`, `4: an output cannot stand inside the name of an attribute` + elsewhere},
		{`<a b ${}="1"/>`, `5: an output cannot stand after the name of an attribute` + elsewhere},
		{`<a></${}>`, `5: an output cannot stand inside an end tag` + elsewhere},
		{`<!--${}--><a/>`, `4: an output cannot stand inside a comment` + elsewhere},
		{`<?p ${}?><a/>`, `4: an output cannot stand inside a processing instruction` + elsewhere},
		{`<a>&${};</a>`, `4: an output cannot stand inside a reference that begins with &; characters are escaped as they are written, and a plain & is &amp;`},
		// Branches and loops.
		{`<a>@{if}<b>@{end}</a>`, `3: the branches end in the text of the element b, at nesting level 2 and in the text of the element a, at nesting level 1`},
		{`@{if}<a/>@{end}`, `0: the branches end after the root element and before the root element`},
		{`<a@{if}>@{end}</a>`, `2: the branches end in the text of the element a, at nesting level 1 and inside the start tag of a, at nesting level 1`},
		{`<@{if}a@{else}b@{end}/>`, `1: the branches end inside the start tag of a, at nesting level 1 and inside the start tag of b, at nesting level 1`},
		{`<a @{if}b="1"@{end}c="2"/>`, `19: white space is missing before the attribute`},
		{`<a@{if} b="1"@{end} b="2"/>`, `20: the attribute b may stand in this tag already; an element has each only once`},
		{`<a@{if}@{else} b="1"@{end} b="2"/>`, `27: the attribute b may stand in this tag already; an element has each only once`},
		{`@{if}<!DOCTYPE a>@{end}<!DOCTYPE a><a/>`, `23: a DOCTYPE cannot stand here; a document has at most one, before the root element`},
		{`<a><b @{for}c=""/><b@{end}/></a>`, `12: white space is missing before the attribute`},
		{`<!--@{if}-@{end}--><a/>`, `4: the branches end inside a comment and inside a comment`},
		{`<a>@{for}<b>@{end}</a>`, `3: the body of the loop begins in the text of the element a, at nesting level 1 and ends in the text of the element b, at nesting level 2` + repeat},
		{`@{for}<a/>@{end}`, `0: the body of the loop begins before the root element and ends after the root element` + repeat},
		{`@{for}<!DOCTYPE a>@{end}<a/>`, `6: a DOCTYPE cannot stand here; a document has at most one, before the root element`},
		{`@{for}<?xml version="1.0"?>@{end}<a/>`, `8: the XML declaration can stand only where the document begins, in one piece`},
		{`<a@{for} b="${}"@{end}/>`, `2: the body of the loop repeats the attribute b, which an element has only once`},
		{`<a>@{if}]]@{else}]]@{end}></a>`, `25: ]]> cannot stand in the text of an element; write ]]&gt;`},
	} {
		nodes, ok := parseToy(test.source)
		if !ok {
			t.Fatalf("%s: no template", test.source)
		}
		got := ""
		if err := follow(XML, nodes, len(test.source)); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s\ngot  %v\nwant %s", test.source, got, test.want)
		}
	}
}

// TestXMLOutput shows what the edits and escapes make of values.
func TestXMLOutput(t *testing.T) {
	for _, test := range []struct{ source, value, want string }{
		{`<a>${}</a>`, "O'Hara & <\"b\">\t\r\n\x00", "<a>O'Hara &amp; &lt;\"b\"&gt;\t&#13;\n\uFFFD</a>"},
		{`<a b="${}"/>`, "O'Hara & <\"b\">\t\r\n\x00", "<a b=\"O&#39;Hara &amp; &lt;&quot;b&quot;&gt;&#9;&#13;&#10;\uFFFD\"/>"},
		{`<a><![CDATA[${}]]></a>`, "<b>]]>&\r", "<a><![CDATA[<b>]]]]><![CDATA[>&]]>&#13;<![CDATA[]]></a>"},
		{`<a><![CDATA[]]${}]]></a>`, ">", "<a><![CDATA[]]]]><![CDATA[>]]></a>"},
		{`<a><![CDATA[${}>]]></a>`, "]]", "<a><![CDATA[]]]]><![CDATA[>]]></a>"},
		{`<a><![CDATA[${}>]]></a>`, "x", "<a><![CDATA[x>]]></a>"},
		{`<a>${}]></a>`, "]", "<a>]]&gt;</a>"},
	} {
		nodes, _ := parseToy(test.source)
		if err := follow(XML, nodes, len(test.source)); err != nil {
			t.Errorf("%s: %v", test.source, err)
			continue
		}
		if got := render(nodes, 0, "]]", func(Mode, int) string { return test.value }); got != test.want {
			t.Errorf("%s\ngot  %q\nwant %q", test.source, got, test.want)
		}
	}
}

// TestAttributeLimit holds the number of attributes, also over branches.
func TestAttributeLimit(t *testing.T) {
	var tag strings.Builder
	for i := range maxAttributes {
		tag.WriteString(" x" + strings.Repeat("y", i) + `=""`)
	}
	for _, test := range []struct{ source, want string }{
		{`<a` + tag.String() + `/>`, ``},
		{`<a` + tag.String() + ` z=""/>`, `an element has more than 64 attributes`},
	} {
		s, _, mistake := Start(XML).Text(test.source)
		switch {
		case test.want == "" && (mistake != nil || s.End() != nil):
			t.Errorf("%d attributes: %v", strings.Count(test.source, "="), mistake)
		case test.want != "" && (mistake == nil || mistake.Message != test.want):
			t.Errorf("%d attributes: got %v, want %s", strings.Count(test.source, "="), mistake, test.want)
		}
	}
	a, _, _ := Start(XML).Text(`<a` + tag.String())
	b, _, _ := Start(XML).Text(`<a z=""`)
	if _, ok := Join(a, b); ok {
		t.Errorf("a tag with 65 attributes in two branches was accepted")
	}
}

// FuzzXML: any text is followed without a panic, and what is accepted is what
// encoding/xml accepts.
func FuzzXML(f *testing.F) {
	for _, seed := range []string{
		`<a b="1">&lt;<![CDATA[x]]><!-- y --><?p z?></a>`, `<?xml version="1.0"?><!DOCTYPE a SYSTEM "b"><a/>`, `<a>]]></a>`, `<a></b>`, `<a b='&#65;'/>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, pieces, mistake := Start(XML).Text(text)
		if mistake != nil && (mistake.Offset < 0 || mistake.Offset > len(text)) {
			t.Fatalf("the offset is %d", mistake.Offset)
		}
		if mistake != nil || s.End() != nil {
			return
		}
		if len(pieces) != 1 || pieces[0] != (Piece{Text: text}) {
			t.Fatalf("the pieces are %v", pieces)
		}
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil && !strings.Contains(err.Error(), olderName) {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
		}
	})
}
