package text

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
)

// The functions a second time, on UTF-16 itself and without a care for speed.

func units(s string) []uint16 { return utf16.Encode([]rune(s)) }

func naiveSubstring(s string, start, length int64) (string, bool) {
	u := units(s)
	if start < 1 || start-1 > int64(len(u)) || length < 0 || length > int64(len(u))-(start-1) {
		return "", false
	}
	return string(utf16.Decode(u[start-1 : start-1+length])), true
}

func naiveTruncate(s string, n int64) (string, bool) {
	u := units(s)
	if int64(len(u)) <= n {
		return s, true
	}
	if n < 3 {
		return "", false
	}
	u = u[:n-3]
	last := 0
	for start := 0; start < len(u); {
		end := start
		for end < len(u) && u[end] != ' ' {
			end++
		}
		if end > start {
			last = end - start
		}
		start = end + 1
	}
	if last == 1 {
		u = u[:len(u)-1]
	}
	for len(u) > 0 && !unicode.In(rune(u[len(u)-1]), unicode.L, unicode.Nd) {
		u = u[:len(u)-1]
	}
	if len(u) == 0 {
		return "", false
	}
	return string(utf16.Decode(u)) + "...", true
}

func naiveCapitalize(s string) string {
	pieces := slices.DeleteFunc(strings.Split(s, " "), func(p string) bool { return p == "" })
	if len(pieces) == 0 {
		return ""
	}
	u := units(pieces[0])
	if u[0] != 'ı' {
		u[0] = uint16(unicode.ToUpper(rune(u[0])))
	}
	pieces[0] = string(utf16.Decode(u))
	return strings.Join(pieces, " ")
}

func naiveEqual(a, b string) bool {
	upper := func(s string) []rune {
		runes := []rune(s)
		for i, r := range runes {
			if r != 'ı' && r != 'ſ' {
				runes[i] = unicode.ToUpper(r)
			}
		}
		return runes
	}
	return slices.Equal(upper(a), upper(b))
}

// checkAgainstNaive compares all functions that know UTF-16 or case.
func checkAgainstNaive(t *testing.T, s, other string, start, length int64) {
	t.Helper()
	n := int64(len(units(s)))
	if got := Length(s); got != n {
		t.Errorf("Length(%q) is %d, want %d", s, got, n)
	}
	want, ok := naiveSubstring(s, start, max(0, n-max(0, start-1)))
	if got := try(Substring(s, start)); got != (result{want, ok}) {
		t.Errorf("Substring(%q, %d) is %v, want %q, %v", s, start, got, want, ok)
	}
	want, ok = naiveSubstring(s, start, length)
	if got := try(SubstringLen(s, start, length)); got != (result{want, ok}) {
		t.Errorf("SubstringLen(%q, %d, %d) is %v, want %q, %v", s, start, length, got, want, ok)
	}
	want, ok = naiveTruncate(s, length)
	if got := try(Truncate(s, length)); got != (result{want, ok}) {
		t.Errorf("Truncate(%q, %d) is %v, want %q, %v", s, length, got, want, ok)
	}
	if got, want := Capitalize(s), naiveCapitalize(s); got != want {
		t.Errorf("Capitalize(%q) is %q, want %q", s, got, want)
	}
	same := EqualFold(s, other)
	if same != naiveEqual(s, other) {
		t.Errorf("EqualFold(%q, %q) is %v", s, other, same)
	}
	if same && (!Contains(s, other) || !Contains(other, s)) {
		t.Errorf("%q and %q are equal, and one does not contain the other", s, other)
	}
	checkTitle(t, s)
}

// checkTitle checks what is true of every title case.
func checkTitle(t *testing.T, s string) {
	t.Helper()
	same := func(r rune) rune { return r }
	identity := strings.Map(func(r rune) rune {
		if 'Ǆ' <= r && r <= 'ǌ' || 'Ǳ' <= r && r <= 'ǳ' {
			return unicode.ToTitle(r)
		}
		return r
	}, s)
	got := CapitalizeAllWords(identity, Casing{Upper: same, Lower: same})
	if identity == s && got != s {
		t.Errorf("with no case at all %q becomes %q", s, got)
	}
	once := CapitalizeAllWords(s, invariant)
	if len([]rune(once)) != len([]rune(s)) {
		t.Errorf("CapitalizeAllWords(%q) is %q: characters came or went", s, once)
	}
	if !naiveEqual(once, s) && !strings.ContainsAny(s, "İıſẞ\u03F4\u2126\u212A\u212B") {
		t.Errorf("CapitalizeAllWords(%q) is %q: more than case differs", s, once)
	}
}

func TestAgainstNaive(t *testing.T) {
	alphabet := []rune("aaBé я.,'  \t😀𐐨𐐀\u0301ǆIıſ\u212A1²\uFFFD")
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		runes := make([]rune, random.IntN(20))
		for i := range runes {
			runes[i] = alphabet[random.IntN(len(alphabet))]
		}
		return string(runes)
	}
	for range 50000 {
		s, other := text(), text()
		if random.IntN(2) == 0 {
			other = strings.ToUpper(s)
		}
		checkAgainstNaive(t, s, other, int64(random.IntN(30)-2), int64(random.IntN(30)-2))
	}
}

func FuzzAgainstNaive(f *testing.F) {
	f.Add("item description", "ITEM Description", int64(2), int64(10))
	f.Add("O'NEIL 😀 ǆ 1st \t", "", int64(3), int64(7))
	f.Add("\xff\u0301 ", "ſı", int64(-1), int64(1<<62))
	f.Fuzz(func(t *testing.T, s, other string, start, length int64) {
		// What is not UTF-8 is only not to panic: it is kept, where UTF-16 would
		// have U+FFFD.
		Substring(s, start)
		SubstringLen(s, start, length)
		kept.text, kept.truth = Truncate(s, length)
		Capitalize(s)
		CapitalizeAllWords(s, invariant)
		EqualFold(s, other)
		Contains(s, other)
		if got, ok := Replace(s, other, s, 1000); ok && len(got) > 1000 {
			t.Errorf("Replace passes its bound: %d bytes", len(got))
		}
		s, other = strings.ToValidUTF8(s, "\uFFFD"), strings.ToValidUTF8(other, "\uFFFD")
		checkAgainstNaive(t, s, other, start, length)
	})
}
