package text

import (
	"bytes"
	"crypto/fips140"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode"
)

// result is what a function with a flag returns.
type result struct {
	text string
	ok   bool
}

// try collects the two results of a function.
func try(text string, ok bool) result { return result{text, ok} }

var (
	fails = result{}
	empty = result{"", true}
)

func is(text string) result { return result{text, true} }

// long has 40,000 bytes, of characters of every size.
var long = strings.Repeat("a é€😀", 4000)

func TestLength(t *testing.T) {
	for _, c := range []struct {
		s    string
		want int64
	}{
		{"", 0}, {"abcd ", 5}, {"имя", 3}, {"e\u0301", 2}, {"😀", 2}, {"a😀b", 4}, {"👩‍👧", 5}, {"\xff\xfe", 2}, {"\uFFFF", 1}, {"\U00010000", 2}, {long, 24000},
	} {
		if got := Length(c.s); got != c.want {
			t.Errorf("Length(%.80q) is %d, want %d", c.s, got, c.want)
		}
	}
}

func TestSubstring(t *testing.T) {
	for _, c := range []struct {
		s     string
		start int64
		want  result
	}{
		{"testValue", 2, is("estValue")},
		{"testValue", 1, is("testValue")},
		{"testValue", 9, is("e")},
		{"testValue", 10, empty},
		{"testValue", 11, fails},
		{"testValue", 0, fails},
		{"testValue", -1, fails},
		{"testValue", math.MinInt64, fails},
		{"testValue", math.MaxInt64, fails},
		{"", 1, empty},
		{"", 2, fails},
		{"имя", 2, is("мя")},
		{"a😀b", 2, is("😀b")},
		{"a😀b", 3, is("\uFFFDb")},
		{"a😀b", 4, is("b")},
		{"a😀b", 5, empty},
		{"a😀b", 6, fails},
		{"😀", 2, is("\uFFFD")},
		{"a\xffb", 2, is("\xffb")},
	} {
		if got := try(Substring(c.s, c.start)); got != c.want {
			t.Errorf("Substring(%q, %d) is %v, want %v", c.s, c.start, got, c.want)
		}
	}
}

func TestSubstringLen(t *testing.T) {
	for _, c := range []struct {
		s             string
		start, length int64
		want          result
	}{
		{"testValue", 2, 3, is("est")},
		{"testValue", 1, 9, is("testValue")},
		{"testValue", 1, 10, fails},
		{"testValue", 2, 9, fails},
		{"testValue", 9, 1, is("e")},
		{"testValue", 9, 2, fails},
		{"testValue", 10, 0, empty},
		{"testValue", 10, 1, fails},
		{"testValue", 11, 0, fails},
		{"testValue", 5, 0, empty},
		{"testValue", 5, -1, fails},
		{"testValue", 0, 1, fails},
		{"testValue", 2, math.MaxInt64, fails},
		{"testValue", math.MaxInt64, math.MaxInt64, fails},
		{"testValue", 2, math.MinInt64, fails},
		{"", 1, 0, empty},
		{"", 1, 1, fails},
		{"a😀b", 1, 2, is("a\uFFFD")},
		{"a😀b", 1, 3, is("a😀")},
		{"a😀b", 2, 1, is("\uFFFD")},
		{"a😀b", 3, 0, empty},
		{"a😀b", 3, 1, is("\uFFFD")},
		{"a😀b", 3, 2, is("\uFFFDb")},
		{"a😀b", 3, 3, fails},
		{"😀😎", 2, 2, is("\uFFFD\uFFFD")},
		{"😀😎", 2, 4, fails},
		{"e\u0301t", 1, 1, is("e")},
	} {
		if got := try(SubstringLen(c.s, c.start, c.length)); got != c.want {
			t.Errorf("SubstringLen(%q, %d, %d) is %v, want %v", c.s, c.start, c.length, got, c.want)
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, c := range []struct {
		s    string
		n    int64
		want result
	}{
		{"item description", 10, is("item de...")},
		{"Hello a world", 10, is("Hello...")},
		{"Hello, world", 9, is("Hello...")},
		{"Hello a wonderful", 11, is("Hello a...")}, // a space follows the a
		{"Hello a  wonderful", 12, is("Hello a...")},
		{"Hello", 5, is("Hello")},
		{"Hello", 6, is("Hello")},
		{"Hello!", 5, is("He...")},
		{"Hello!", 4, fails}, // H is a last word of one unit
		{"Hello!", 3, fails},
		{"Hello!", 2, fails},
		{"Hello!", math.MinInt64, fails},
		{"ab", 2, is("ab")},
		{"", 0, empty},
		{"", -1, fails},
		{"          ", 5, fails},
		{" a         ", 6, is(" a...")}, // as many spaces follow
		{"a         ", 4, fails},
		{"!!!!!!!!!!", 8, fails},
		{"ab\tcd efgh", 8, is("ab\tcd...")},
		{"a\tb cdefgh", 6, is("a\tb...")}, // a tab does not separate words here
		{"12, 34, 56", 9, is("12, 34...")},
		{"ab 😀 cdefgh", 8, is("ab...")},
		{"ab 😀 cdefgh", 7, is("ab...")}, // half an emoji is a word of one unit
		{"abc😀defgh", 7, is("abc...")},
		{"ab 𐐀𐐀 cdefgh", 10, is("ab...")}, // letters, but not to UTF-16
		{"имя и отчество", 8, is("имя...")},
		{"abe\u0301fghij", 6, is("abe...")},
		{"x e\u0301fghij", 7, is("x e...")}, // e, then a mark: two units
		{"ab\xff\xff\xffefgh", 7, is("ab...")},
		{"ab Ⅷ½² efgh", 9, is("ab...")}, // numbers, but no digits
		{long, 14, is("a é€😀a é...")},
	} {
		if got := try(Truncate(c.s, c.n)); got != c.want {
			t.Errorf("Truncate(%.80q, %d) is %.80v, want %.80v", c.s, c.n, got, c.want)
		}
	}
}

func TestCapitalize(t *testing.T) {
	for s, want := range map[string]string{
		"  hello   WORLD ": "Hello WORLD",
		"":                 "",
		"   ":              "",
		"a":                "A",
		"Ok as it is":      "Ok as it is",
		"ok ":              "Ok",
		"\thello  there":   "\thello there",
		"имя и  отчество":  "Имя и отчество",
		"ǆ":                "Ǆ",
		"ıi":               "ıi",
		"ßa":               "ßa",
		"ÿ":                "Ÿ",
		"1st":              "1st",
		"𐐨𐐨":               "𐐨𐐨",
		"\xff  a":          "\xff a",
		"\u00a0a  b":       "\u00a0a b",
	} {
		if got := Capitalize(s); got != want {
			t.Errorf("Capitalize(%q) is %q, want %q", s, got, want)
		}
	}
}

// invariant is the casing of no culture.
var invariant = Casing{Upper: unicode.ToUpper, Lower: unicode.ToLower}

func TestCapitalizeAllWords(t *testing.T) {
	for s, want := range map[string]string{
		"":                          "",
		" \t\n":                     " \t\n",
		"carl's hELLO":              "Carl's Hello",
		"O'NEIL":                    "O'neil",
		"o'neil":                    "O'neil",
		"MCDONALD'S HOUSE":          "MCDONALD's HOUSE",
		"McDONALD'S":                "Mcdonald's",
		"''a'B''C'":                 "''A'b''c'",
		"don’T STOP":                "Don’T STOP", // the typographic one ends a word
		"1st 2ND a1B":               "1St 2ND A1b",
		"NASA and nASA":             "NASA And Nasa",
		"war AND peace":             "War AND Peace",
		"tab\tnew\nline\u00a0nb":    "Tab\tNew\nLine\u00a0Nb",
		"a-b_c.d/e+f$g^h":           "A-B_C.D/E+F$G^H",
		"zero\u200bwidth":           "Zero\u200bWidth",
		"re\u0301sUMe\u0301 e":      "Re\u0301sume\u0301 E",
		"\u0301abc":                 "\u0301Abc",
		"ǆUNGLA ǇUBAV ǌ ǳ ǅ Ǳ":      "ǅungla ǈUBAV ǋ ǲ ǅ ǲ",
		"имя И ОТЧЕСТВО":            "Имя И ОТЧЕСТВО",
		"ИмЯ":                       "Имя",
		"ªb ßa ijsland":             "ªb ßa Ijsland",
		"𐐨𐐀 a😀b":                    "𐐀𐐨 A😀B",
		"Ⅷab aⅧB":                   "ⅧAb Aⅷb",
		"漢字ABC 漢字aBC":               "漢字ABC 漢字abc",
		"a\xffb":                    "A\xffB",
		"a\uE000B \uE000b a\u0378B": "A\uE000b \uE000B A\u0378b",
	} {
		if got := CapitalizeAllWords(s, invariant); got != want {
			t.Errorf("CapitalizeAllWords(%q) is %q, want %q", s, got, want)
		}
	}
	turkish := Casing{
		Upper: func(r rune) rune { return unicode.TurkishCase.ToUpper(r) },
		Lower: func(r rune) rune { return unicode.TurkishCase.ToLower(r) },
	}
	if got := CapitalizeAllWords("istanbul'IN iIıİ", turkish); got != "İstanbul'ın İııi" {
		t.Errorf("in Turkish: %q", got)
	}
	dutch := invariant
	dutch.JoinIJ = true
	if got := CapitalizeAllWords("ijsland IJSLAND iJSLAND IjSLAND ij i bijou i\u0301j", dutch); got !=
		"IJsland IJSLAND IJsland IJSLAND IJ I Bijou I\u0301j" {
		t.Errorf("in Dutch: %q", got)
	}
}

func TestIsBlankAndTrim(t *testing.T) {
	const space = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"
	for s, want := range map[string]string{
		"": "", " ": "", space: "", space + "a" + space + "b" + space: "a" + space + "b",
		"\u200b": "\u200b", "\ufeff": "\ufeff", "\u180e": "\u180e", "\x00": "\x00", " \xff ": "\xff",
	} {
		if got := Trim(s); got != want {
			t.Errorf("Trim(%q) is %q, want %q", s, got, want)
		}
		if got := IsBlank(s); got != (want == "") {
			t.Errorf("IsBlank(%q) is %v", s, got)
		}
	}
}

func TestEqualFoldAndContains(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"", "a", false},
		{"VIP", "vip", true},
		{"vip", "vip ", false},
		{"k", "\u212A", false}, // the Kelvin sign
		{"s", "ſ", false},
		{"I", "ı", false},
		{"i", "İ", false},
		{"ı", "ı", true},
		{"ß", "ss", false},
		{"ß", "ẞ", false},
		{"é", "e\u0301", false},
		{"ИМЯ", "имя", true},
		{"σς", "ΣΣ", true},
		{"ǆǅ", "ǅǄ", true},
		{"µ", "μ", true},
		{"å", "\u212B", false}, // the Ångström sign
		{"ⱥ", "Ⱥ", true},
		{"𐐨", "𐐀", true},
		{"ა", "Ა", true},
		{"a\xff", "A\xff", true},
		{"@[`{", "`{@[", false},
	} {
		if got := EqualFold(c.a, c.b); got != c.want || got != EqualFold(c.b, c.a) {
			t.Errorf("EqualFold(%q, %q) is %v", c.a, c.b, got)
		}
		if c.want && (!Contains(c.a, c.b) || !Contains("x"+c.b+"y", c.a)) {
			t.Errorf("%q does not contain %q", c.a, c.b)
		}
	}
	for _, c := range []struct {
		s, sub string
		want   bool
	}{
		{"Ada@Example.com", "@example.COM", true},
		{"Ada@Example.com", "example.org", false},
		{"a", "", true},
		{"", "a", false},
		{"İ", "i", false},
		{"straße", "STRASSE", false},
	} {
		if got := Contains(c.s, c.sub); got != c.want {
			t.Errorf("Contains(%q, %q) is %v", c.s, c.sub, got)
		}
	}
}

func TestReplace(t *testing.T) {
	for _, c := range []struct {
		s, old, replacement string
		max                 int
		want                result
	}{
		{"aXbXc", "X", "--", 100, is("a--b--c")},
		{"aXbxc", "x", "", 100, is("aXbc")},
		{"aaa", "aa", "b", 100, is("ba")},
		{"abc", "x", "y", 3, is("abc")},
		{"abc", "x", "y", 2, fails},
		{"abc", "", "y", 100, fails},
		{"", "x", "y", 0, empty},
		{"aaaa", "a", "bb", 8, is("bbbbbbbb")},
		{"aaaa", "a", "bb", 7, fails},
		{"aaaa", "aa", "", 0, empty},
		{strings.Repeat("a", 1<<20), "a", strings.Repeat("b", 1<<20), 10 << 20, fails},
	} {
		if got := try(Replace(c.s, c.old, c.replacement, c.max)); got != c.want {
			t.Errorf("Replace(%.20q, %q, %.20q, %d) is %.20q, %v", c.s, c.old, c.replacement, c.max, got.text, got.ok)
		}
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct {
		parts []string
		sep   string
		max   int
		want  result
	}{
		{nil, ", ", 0, empty},
		{[]string{"a"}, ", ", 1, is("a")},
		{[]string{"a", "", "b"}, ", ", 6, is("a, , b")},
		{[]string{"a", "", "b"}, ", ", 5, fails},
		{[]string{"", "", ""}, "ab", 3, fails},
		{[]string{"a", "b"}, "", 2, is("ab")},
	} {
		if got := try(Join(c.parts, c.sep, c.max)); got != c.want {
			t.Errorf("Join(%q, %q, %d) is %v, want %v", c.parts, c.sep, c.max, got, c.want)
		}
	}
}

func TestEncodings(t *testing.T) {
	for _, c := range []struct{ s, base64, hex string }{
		{"", "", ""},
		{"a", "YQ==", "61"},
		{"just-test-string", "anVzdC10ZXN0LXN0cmluZw==", "6A7573742D746573742D737472696E67"},
		{"я?>", "0Y8/Pg==", "D18F3F3E"},
		{"😀", "8J+YgA==", "F09F9880"},
	} {
		if got := try(Base64(c.s, 100)); got != is(c.base64) {
			t.Errorf("Base64(%q) is %v", c.s, got)
		}
		if got := try(Hex(c.s, 100)); got != is(c.hex) {
			t.Errorf("Hex(%q) is %v", c.s, got)
		}
		if c.s != "" && (try(Base64(c.s, len(c.base64)-1)) != fails || try(Hex(c.s, len(c.hex)-1)) != fails) {
			t.Errorf("%q passes the bound", c.s)
		}
	}
	for _, n := range []int{767, 768, 769, 2000} {
		want := strings.Repeat("YWJj", n/3) + []string{"", "YQ==", "YWI="}[n%3]
		if got, _ := Base64(strings.Repeat("abc", n)[:n], 1<<20); got != want {
			t.Errorf("Base64 of %d bytes is wrong", n)
		}
	}
}

func TestDigests(t *testing.T) {
	if fips140.Enforced() {
		if try(MD5("a")) != fails || try(SHA1("a")) != fails || len(SHA256("a")) != 64 || len(SHA512("a")) != 128 {
			t.Error("the digests that are not allowed do not fail")
		}
		return
	}
	digests := map[string]string{}
	digests["md5"], _ = MD5("strange@email.com")
	digests["md5 of nothing"], _ = MD5("")
	digests["sha1"], _ = SHA1("abc")
	digests["sha256"] = SHA256("abc")
	digests["sha512"] = SHA512("abc")
	digests["sha1 of a million a"], _ = SHA1(strings.Repeat("a", 1000000))
	for name, want := range map[string]string{ // from RFC 1321, FIPS 180-4 and RFC 6234
		"md5":            "152F2DD5F1F056FC761717EA5965828C",
		"md5 of nothing": "D41D8CD98F00B204E9800998ECF8427E",
		"sha1":           "A9993E364706816ABA3E25717850C26C9CD0D89D",
		"sha256":         "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
		"sha512": "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A" +
			"2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F",
		"sha1 of a million a": "34AA973CD4C4DAA4F61EEB2BDBAD27316534016F",
	} {
		if digests[name] != want {
			t.Errorf("%s is %s, want %s", name, digests[name], want)
		}
	}
}

// TestDigestsUnderFIPS runs TestDigests where MD5 would panic.
func TestDigestsUnderFIPS(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestDigests$")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("PASS")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestPlurals(t *testing.T) {
	for _, c := range []struct {
		form    Form
		numbers []int64
	}{
		{FormOne, []int64{1, 21, 101, 1001, -1, -21}},
		{FormFew, []int64{2, 3, 4, 22, 24, 104, -2, -34}},
		{FormMany, []int64{0, 5, 9, 10, 11, 12, 14, 19, 20, 25, 100, 111, 112, 1011, -5, -11, math.MinInt64, math.MaxInt64}},
	} {
		for _, n := range c.numbers {
			if got := PluralRussian(n); got != c.form {
				t.Errorf("PluralRussian(%d) is %d, want %d", n, got, c.form)
			}
		}
	}
	for n, want := range map[int64]Form{1: FormOne, -1: FormOne, 0: FormMany, 2: FormMany, 11: FormMany, 21: FormMany, math.MinInt64: FormMany} {
		if got := PluralEnglish(n); got != want {
			t.Errorf("PluralEnglish(%d) is %d, want %d", n, got, want)
		}
	}
}

// kept holds results, so that no call is left out as useless.
var kept struct {
	text  string
	truth bool
}

func TestCuttingDoesNotCopy(t *testing.T) {
	for name, f := range map[string]func(){
		"Substring":    func() { kept.text, kept.truth = Substring(long, 100) },
		"SubstringLen": func() { kept.text, kept.truth = SubstringLen(long, 100, 1000) },
		"Truncate":     func() { kept.text, kept.truth = Truncate(long, 1<<20) },
		"Trim":         func() { kept.text = Trim(long) },
		"IsBlank":      func() { kept.truth = IsBlank(long) },
		"Capitalize":   func() { kept.text = Capitalize("As it is") },
		"EqualFold":    func() { kept.truth = EqualFold(long, long) },
		"Contains":     func() { kept.truth = Contains(long, "€😀a") },
		"Replace":      func() { kept.text, kept.truth = Replace(long, "xyz", "", 1<<20) },
	} {
		if n := testing.AllocsPerRun(10, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
