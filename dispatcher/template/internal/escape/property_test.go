package escape

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// nasty are values that would break out if they were not escaped.
var nasty = [...]string{
	``, `"`, `\`, `","x":"`, `"}`, "a\nb\r\t\x00\x1b", `</script>`, "💝\u2028\u2029é", `\u0022`, "\xff\xc0\x80", `]]>`, `]`, `]]`, `>`, `]>`, `&amp;`,
	`<b>`, `" onx="`, `'`, `--`, `?>`, `%41`, `&a=b`, `/../?#`, `${}`, "\ufffe", "\r\n", `1`, `true`,
}

// placeholder stands for the k-th value; it is the same in all modes.
func placeholder(k int) string { return string(rune(0xE000 + k%0x1000)) }

// filled returns a text with the k-th value for the k-th placeholder.
func filled(text string, value func(k int) string) string {
	var b strings.Builder
	for _, r := range text {
		if r >= 0xE000 && r < 0xF000 {
			b.WriteString(value(int(r - 0xE000)))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// checkJSON renders a template with harmless values and with nasty ones. Both
// must be JSON, of the same structure, with each value where it belongs.
func checkJSON(nodes []*toy, seed uint64) error {
	nastyAt := func(k int) string { return nasty[(uint64(k)+seed)%uint64(len(nasty))] }
	numbers := 0
	plain := render(nodes, seed, "", func(m Mode, k int) string {
		if m == JSONValue {
			numbers++
			return strconv.Itoa(770000 + k)
		}
		return placeholder(k)
	})
	harm := render(nodes, seed, "[,", func(m Mode, k int) string {
		if m == JSONValue {
			return strconv.Itoa(770000 + k)
		}
		return nastyAt(k)
	})
	want, err := jsonTokens(plain)
	if err != nil {
		return fmt.Errorf("rendered %s\n%w", plain, err)
	}
	got, err := jsonTokens(harm)
	if err != nil {
		return fmt.Errorf("rendered %s\n%w", harm, err)
	}
	for i, token := range want {
		if token[0] == 's' {
			want[i] = filled(token, func(k int) string { return strings.ToValidUTF8(nastyAt(k), replacement) })
			// ToValidUTF8 makes one of a run of bytes.
			want[i] = strings.ReplaceAll(want[i], replacement, "")
			got[i] = strings.ReplaceAll(got[i], replacement, "")
		}
		if len(token) == len("n770000") && strings.HasPrefix(token, "n77") {
			numbers--
		}
	}
	if a, b := strings.Join(want, "\n"), strings.Join(got, "\n"); a != b {
		return fmt.Errorf("rendered %s\nand      %s\nwhich differ in more than the values", plain, harm)
	}
	if numbers != 0 {
		return fmt.Errorf("rendered %s\nwith %d values less than were written", plain, numbers)
	}
	return nil
}

// jsonTokens returns the tokens of a JSON text, strings and numbers marked.
func jsonTokens(text string) (tokens []string, err error) {
	if !json.Valid([]byte(text)) {
		return nil, errors.New("which is no JSON")
	}
	if !utf8.ValidString(text) {
		return nil, errors.New("which is no UTF-8")
	}
	if strings.Contains(text, "</") {
		return nil, errors.New("which ends a script")
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return tokens, nil
		}
		if err != nil {
			return nil, err
		}
		switch v := token.(type) {
		case nil:
			tokens = append(tokens, "null")
		case string:
			tokens = append(tokens, "s"+v)
		case json.Number:
			tokens = append(tokens, "n"+v.String())
		default:
			tokens = append(tokens, fmt.Sprint(v))
		}
	}
}

// checkXML does for XML what checkJSON does for JSON.
func checkXML(nodes []*toy, seed uint64) error {
	nastyAt := func(k int) string { return nasty[(uint64(k)+seed)%uint64(len(nasty))] }
	plain := render(nodes, seed, "", func(_ Mode, k int) string { return placeholder(k) })
	harm := render(nodes, seed, "]]", func(_ Mode, k int) string { return nastyAt(k) })
	want, err := xmlTokens(plain)
	if err != nil {
		return fmt.Errorf("rendered %s\n%w", plain, err)
	}
	got, err := xmlTokens(harm)
	if err != nil {
		return fmt.Errorf("rendered %s\n%w", harm, err)
	}
	clean := func(k int) string { return strings.Map(xmlOnly, strings.ToValidUTF8(nastyAt(k), "")) }
	a, b := "", ""
	for _, token := range want {
		a += strings.TrimSuffix(filled(token, clean)+"\n", "text \n") // a value may be empty
	}
	for _, token := range got {
		b += strings.TrimSuffix(strings.ReplaceAll(token, replacement, "")+"\n", "text \n")
	}
	if a != b {
		return fmt.Errorf("rendered %s\nand      %s\nwhich differ in more than the values:\n%q\n%q", plain, harm, a, b)
	}
	return nil
}

func xmlOnly(r rune) rune {
	if isXMLCharacter(r) {
		return r
	}
	return -1
}

// xmlTokens returns the tokens of an XML document, all text of an element in one.
func xmlTokens(text string) (tokens []string, err error) {
	d := xml.NewDecoder(strings.NewReader(text))
	roots, depth := 0, 0
	var chars []byte
	for {
		token, err := d.RawToken()
		if c, ok := token.(xml.CharData); ok {
			if len(bytes.TrimSpace(c)) > 0 && depth == 0 {
				return nil, errors.New("which has text outside the root element")
			}
			chars = append(chars, c...)
			continue
		}
		if len(chars) > 0 {
			tokens, chars = append(tokens, "text "+string(chars)), nil
		}
		switch v := token.(type) {
		case nil:
			if !errors.Is(err, io.EOF) {
				return nil, err
			}
			if roots != 1 || depth != 0 {
				return nil, fmt.Errorf("which has %d root elements and ends at depth %d", roots, depth)
			}
			return tokens, wellFormed(text)
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
			names := map[xml.Name]bool{}
			for _, a := range v.Attr {
				if names[a.Name] {
					return nil, fmt.Errorf("which has the attribute %s twice", a.Name.Local)
				}
				names[a.Name] = true
			}
		case xml.EndElement:
			depth--
		}
		tokens = append(tokens, fmt.Sprintf("%T %+v", token, xml.CopyToken(token)))
	}
}

// wellFormed returns the error of encoding/xml, which checks that tags match.
func wellFormed(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// grower makes random templates that are accepted. It tries what comes to its
// mind and keeps what the grammar allows.
type grower struct {
	*rand.Rand
	words []string
}

// block grows up to n nodes from s.
func (g grower) block(s State, n, depth int) ([]*toy, State) {
	var nodes []*toy
	for range n {
		node := g.node(s, depth)
		idle := node.kind >= toyIf && len(node.body)+len(node.orElse) == 0 && g.IntN(10) > 0
		if next, err := node.follow(s); err == nil && !idle {
			nodes, s = append(nodes, node), next
		}
	}
	return nodes, s
}

func (g grower) node(s State, depth int) *toy {
	switch k := g.IntN(12); {
	case k < 7 || k < 10 && depth == 0:
		return &toy{kind: toyText, text: g.words[g.IntN(len(g.words))]}
	case k < 8:
		return &toy{kind: toyOutput}
	case k < 10:
		n := &toy{kind: toyIf}
		n.body, _ = g.block(s, g.IntN(12), depth-1)
		if g.IntN(2) == 0 {
			n.orElse, _ = g.block(s, g.IntN(12), depth-1)
		}
		return n
	case depth == 0:
		return &toy{kind: toyOutput}
	default:
		n := &toy{kind: toyFor}
		n.body, _ = g.block(s.LoopBody(), g.IntN(16), depth-1)
		return n
	}
}

// template grows a whole template; ok is false if it found no end.
func (g grower) template(grammar Grammar) (nodes []*toy, ok bool) {
	begin := &toy{kind: toyText, text: g.words[g.IntN(3)]}
	s, err := begin.follow(Start(grammar))
	if err != nil {
		return nil, false
	}
	nodes, s = g.block(s, 4+g.IntN(40), 3)
	nodes = append([]*toy{begin}, nodes...)
	for range 100 {
		if s.End() == nil {
			return nodes, true
		}
		more, next := g.block(s, 3, 0)
		nodes, s = append(nodes, more...), next
	}
	return nodes, false
}

const growSeeds = 1_000

// TestRandomTemplates grows templates and renders each in several ways.
func TestRandomTemplates(t *testing.T) {
	for _, test := range []struct {
		name    string
		grammar Grammar
		words   []string
		check   func([]*toy, uint64) error
	}{
		{"JSON", JSON, []string{
			"[", "{", "[", "]", "]", "}", "}", ",", ",", ",", ":", `"a"`, `"`, `"`, `1`, `-`, `.5`, `e3`, `0`, " ", "\n", "true", "fal", "se", `\`, `u00`, `e9`, `"b":`,
		}, checkJSON},
		{"XML", XML, []string{
			"<a>", "<a", "<b>", "<b", ">", "/>", "</a>", "</b>", "</a", " ", ` x="`, ` y='`, `"`, `'`, " x", "=", "text", "]", "]", ">", "]]>", "<![CDATA[", "<!--", "-", "-->",
			"<?p", "?>", "?", "&", "amp;", "&#65;", `<?xml version="1.0"?>`, "<!DOCTYPE a>", "\n",
		}, checkXML},
	} {
		t.Run(test.name, func(t *testing.T) {
			grown := 0
			for seed := range uint64(growSeeds) {
				g := grower{rand.New(rand.NewPCG(seed, 2)), test.words}
				nodes, ok := g.template(test.grammar)
				if !ok {
					continue
				}
				grown++
				for way := range uint64(6) {
					if err := test.check(nodes, seed+way); err != nil {
						t.Fatalf("seed %d: %s\n%v", seed, sourceOf(nodes), err)
					}
				}
			}
			if grown < growSeeds/4 {
				t.Errorf("only %d templates found an end", grown)
			}
			t.Logf("%d templates", grown)
		})
	}
}

// olderName is in the error of encoding/xml about names that only the fifth edition
// of XML has.
const olderName = "invalid XML name"

// FuzzTemplate: whatever template is accepted renders what its grammar says.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		`[@{for}${}@{if},@{end}@{end}]`, `{@{if}"a": 1,@{end} "b": [@{for}, "${}"@{end}]}`, `[[@{for}],[@{end}]]`, `@{if}1@{else}null@{end}`,
		`<a@{if} b="${}"@{end}>${}<![CDATA[${}]]>@{for}<b>${}</b>@{end}</a>`, `<a>]${}]>@{if}]@{end}]&gt;</a>`,
	} {
		f.Add(seed, uint64(1))
	}
	f.Fuzz(func(t *testing.T, source string, seed uint64) {
		nodes, ok := parseToy(source)
		if !ok || len(source) > 1<<12 {
			return
		}
		if follow(JSON, nodes, len(source)) == nil && !strings.Contains(source, "77") { // by which checkJSON knows values
			if err := checkJSON(nodes, seed); err != nil {
				t.Fatal(err)
			}
		}
		if follow(XML, nodes, len(source)) == nil && !strings.ContainsAny(source, "\r") {
			if err := checkXML(nodes, seed); err != nil && !strings.Contains(err.Error(), olderName) {
				t.Fatal(err)
			}
		}
	})
}
