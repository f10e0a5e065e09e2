package format

import (
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookup(t *testing.T) {
	names := Names()
	if !sort.StringsAreSorted(names) {
		t.Errorf("the names are not sorted: %v", names)
	}
	want := strings.Fields("de-DE en-GB en-US es-ES fr-FR it-IT kk-KZ nl-NL pl-PL pt-BR ru-RU tr-TR uk-UA")
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	for _, name := range append(names, "") {
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if c, ok := Lookup(spelling); !ok || c.Name() != name {
				t.Errorf("%q gives %v", spelling, c)
			}
		}
	}
	for _, name := range []string{"en", "xx-XX", "en_US", " "} {
		if _, ok := Lookup(name); ok {
			t.Errorf("there is a culture %q", name)
		}
	}
	if c, _ := Lookup(""); c != Invariant() || c.DecimalSeparator() != "." {
		t.Error("the empty name is not the invariant culture")
	}
}

// TestTables holds what the code takes for granted of every culture.
func TestTables(t *testing.T) {
	for name, c := range cultures {
		if len(c.months) != 12 || len(c.genitive) != 12 || len(c.shortMonths) != 12 || len(c.shortGenitive) != 12 {
			t.Errorf("%s does not have 12 months", name)
		}
		if len(c.days) != 7 || len(c.shortDays) != 7 {
			t.Errorf("%s does not have 7 days", name)
		}
		for _, pattern := range []string{c.currencyPositive, c.currencyNegative, c.percentPositive, c.percentNegative} {
			if strings.Count(pattern, "n") != 1 || strings.Trim(pattern, "n$%-() ") != "" {
				t.Errorf("%s has the pattern %q", name, pattern)
			}
		}
		for _, letter := range "dDfFgGmMoOrRstTuUyY" {
			if _, err := Date(nil, DateTime{}, string(letter), c); err != nil {
				t.Errorf("%s has no format %c: %v", name, letter, err)
			}
		}
		if c.decimal == "" || c.group == "" || c.currency == "" || c.am == "" || c.pm == "" || c.era == "" || c.separator == "" {
			t.Errorf("%s has a gap", name)
		}
	}
}

// TestCase has what .NET's TextInfo does: one character for one, with the two
// exceptions of the invariant culture and the letters of Turkish.
func TestCase(t *testing.T) {
	for _, c := range []struct{ culture, text, upper, lower string }{
		{"", "lowered Text", "LOWERED TEXT", "lowered text"},
		{"", "straße ŉ ﬁ", "STRAßE ŉ ﬁ", "straße ŉ ﬁ"},
		{"", "Iıiİ", "IıIİ", "iıiİ"},
		{"en-US", "Iıiİ", "IIIİ", "iıii"},
		{"tr-TR", "Iıiİ", "IIİİ", "ııii"},
		{"ru-RU", "Ёж є", "ЁЖ Є", "ёж є"},
		{"de-DE", "Ärger ẞ", "ÄRGER ẞ", "ärger ß"},
		{"", "ΣΑΣ σας ǆ ǅ", "ΣΑΣ ΣΑΣ Ǆ Ǆ", "σασ σας ǆ ǆ"},
		{"", "𐐨𐐀", "𐐀𐐀", "𐐨𐐨"}, // outside of 16 bits
		{"tr-TR", "", "", ""},
	} {
		got := culture(t, c.culture)
		if upper, lower := got.ToUpper(c.text), got.ToLower(c.text); upper != c.upper || lower != c.lower {
			t.Errorf("%q in %q is %q and %q, want %q and %q", c.text, c.culture, upper, lower, c.upper, c.lower)
		}
	}
}
