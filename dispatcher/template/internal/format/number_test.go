package format

import (
	"errors"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/decimal"
)

// culture returns a culture that must exist.
func culture(t testing.TB, name string) *Culture {
	t.Helper()
	c, ok := Lookup(name)
	if !ok {
		t.Fatalf("there is no culture %q", name)
	}
	return c
}

type numberCase struct{ number, format, culture, want string }

func testNumbers(t *testing.T, cases []numberCase) {
	t.Helper()
	for _, c := range cases {
		got, err := Number([]byte("9."), decimal.Parse(c.number), c.format, culture(t, c.culture))
		if err != nil || string(got) != "9."+c.want {
			t.Errorf("%s in %q %s is %q, %v, want %q", c.number, c.format, c.culture, got[2:], err, c.want)
		}
	}
}

// TestStandardNumbers has the examples of Microsoft's page "Standard numeric
// format strings", with the defaults of .NET 5 and later (ICU: three places, the
// sign before the currency), and what follows from the rules there.
func TestStandardNumbers(t *testing.T) {
	testNumbers(t, []numberCase{
		{"123.456", "C", "en-US", "$123.46"},
		{"123.456", "C", "fr-FR", "123,46 €"},
		{"-123.456", "C3", "en-US", "-$123.456"},
		{"-123.456", "C3", "fr-FR", "-123,456 €"},
		{"1052.0329112756", "E", "en-US", "1.052033E+003"},
		{"1052.0329112756", "e", "fr-FR", "1,052033e+003"},
		{"-1052.0329112756", "e2", "en-US", "-1.05e+003"},
		{"-1052.0329112756", "E2", "fr-FR", "-1,05E+003"},
		{"12345.6789", "E10", "en-US", "1.2345678900E+004"},
		{"12345.6789", "e4", "en-US", "1.2346e+004"},
		{"1234.567", "F", "en-US", "1234.567"},
		{"1234.567", "F", "", "1234.57"},
		{"1234", "F1", "de-DE", "1234,0"},
		{"-1234.56", "F4", "de-DE", "-1234,5600"},
		{"12345.6789", "F0", "en-US", "12346"},
		{"-123.456", "G", "en-US", "-123.456"},
		{"-123.456", "G", "de-DE", "-123,456"},
		{"123.4546", "G4", "en-US", "123.5"},
		{"12345.6789", "G7", "en-US", "12345.68"},
		{"1234", "G2", "en-US", "1.2E+03"},
		{"1234.567", "N", "", "1,234.57"},
		{"1234.567", "N", "ru-RU", "1\u00a0234,567"},
		{"1234", "N1", "en-US", "1,234.0"},
		{"1234", "N1", "ru-RU", "1\u00a0234,0"},
		{"-1234.56", "N3", "en-US", "-1,234.560"},
		{"-1234.56", "N3", "ru-RU", "-1\u00a0234,560"},
		{"1", "P", "", "100.00 %"},
		{"1", "P", "en-US", "100.000%"},
		{"1", "P", "fr-FR", "100,000 %"},
		{"-0.39678", "P1", "en-US", "-39.7%"},
		{"-0.39678", "P1", "fr-FR", "-39,7 %"},
		{"-0.39678", "P1", "tr-TR", "-%39,7"},
	})
}

// TestLanguageExamples has the examples of the language itself.
func TestLanguageExamples(t *testing.T) {
	testNumbers(t, []numberCase{
		{"2.53511", "N2", "", "2.54"},
		{"45345.5", ".00", "", "45345.50"},
		{"2.53511", "", "", "2.53511"},
		{"4444.45", "0", "", "4444"},
		{"0.5", ".00", "", ".50"},
		{"0", "#", "", ""},
		{"2.50", "0.##", "", "2.5"},
		{"5", "0 руб.", "", "5 руб"}, // the unquoted point is the decimal point
		{"5", "abc", "", "abc"},
	})
}

// TestStandardRules has what .NET does with decimals, from the documented rules:
// half away from zero, no negative zero, G with all zeros, leading zeros in a
// precision, and no end to the digits here.
func TestStandardRules(t *testing.T) {
	testNumbers(t, []numberCase{
		{"10.00", "G", "", "10.00"},
		{"0.000", "G", "", "0.000"},
		{"-0.00", "G", "", "0.00"},
		{"0.00000001", "G", "", "0.00000001"}, // decimals have no exponent in G alone
		{"10.00", "G0", "", "10"},
		{"0.00", "G0", "", "0"},
		{"0.00001", "G0", "", "1E-05"},
		{"0.0001", "g1", "", "0.0001"},
		{"0.00001234", "g2", "", "1.2e-05"},
		{"1200", "G5", "", "1200"},
		{"1e5", "G0", "", "100000"},
		{"1e5", "G5", "", "1E+05"},
		{"123456789", "G3", "", "1.23E+08"},
		{"999.9", "G3", "", "1E+03"},
		{"-0.004", "N2", "", "0.00"},
		{"-0.004", "C2", "", "¤0.00"},
		{"-0.00004", "P2", "", "0.00 %"},
		{"-0.00005", "P2", "", "-0.01 %"},
		{"0.5", "F0", "", "1"},
		{"1.5", "F0", "", "2"},
		{"2.5", "F0", "", "3"},
		{"-2.5", "N0", "", "-3"},
		{"0.05", "N1", "", "0.1"},
		{"0.04", "N1", "", "0.0"},
		{"0.04", "N0", "", "0"},
		{"0.06", "N0", "", "0"},
		{"-0.009", "F0", "", "0"},
		{"999.995", "N2", "", "1,000.00"},
		{"999999.5", "N0", "", "1,000,000"},
		{"99.95", "E2", "", "1.00E+002"},
		{"0", "E2", "", "0.00E+000"},
		{"0.00012345", "E3", "", "1.235E-004"},
		{"1e-999", "E0", "", "1E-999"},
		{"-12e12345", "e1", "", "-1.2e+12346"},
		{"1234.5", "C", "", "¤1,234.50"},
		{"-1234.5", "C", "", "(¤1,234.50)"},
		{"12", "F00002", "", "12.00"},
		{"12", "n2", "", "12.00"},
		{"123", "N0", "de-DE", "123"},
		{"1234567890123456789012345678901234567.5", "N0", "", "1,234,567,890,123,456,789,012,345,678,901,234,568"},
		{"1e-999", "F2", "", "0.00"},
		{"12", "N2\x00N5", "", "12.00"}, // .NET stops at a zero character
	})
}

// TestCurrencies has the patterns of all cultures.
func TestCurrencies(t *testing.T) {
	for name, want := range map[string][2]string{
		"":      {"¤1,234.50", "(¤1,234.50)"},
		"de-DE": {"1.234,50 €", "-1.234,50 €"},
		"en-GB": {"£1,234.50", "-£1,234.50"},
		"en-US": {"$1,234.50", "-$1,234.50"},
		"es-ES": {"1.234,50 €", "-1.234,50 €"},
		"fr-FR": {"1\u202f234,50 €", "-1\u202f234,50 €"},
		"it-IT": {"1.234,50 €", "-1.234,50 €"},
		"kk-KZ": {"1\u00a0234,50 ₸", "-1\u00a0234,50 ₸"},
		"nl-NL": {"€ 1.234,50", "€ -1.234,50"},
		"pl-PL": {"1\u00a0234,50 zł", "-1\u00a0234,50 zł"},
		"pt-BR": {"R$ 1.234,50", "-R$ 1.234,50"},
		"ru-RU": {"1\u00a0234,50 ₽", "-1\u00a0234,50 ₽"},
		"tr-TR": {"₺1.234,50", "-₺1.234,50"},
		"uk-UA": {"1\u00a0234,50 ₴", "-1\u00a0234,50 ₴"},
	} {
		testNumbers(t, []numberCase{{"1234.5", "C", name, want[0]}, {"-1234.5", "c2", name, want[1]}})
	}
}

// TestCustomNumbers has the examples of Microsoft's page "Custom numeric format
// strings".
func TestCustomNumbers(t *testing.T) {
	testNumbers(t, []numberCase{
		{"1234.5678", "00000", "", "01235"},
		{"0.45678", "0.00", "en-US", "0.46"},
		{"0.45678", "0.00", "fr-FR", "0,46"},
		{"1234.5678", "#####", "", "1235"},
		{"0.45678", "#.##", "en-US", ".46"},
		{"0.45678", "#.##", "fr-FR", ",46"},
		{"2147483647", "##,#", "en-US", "2,147,483,647"},
		{"2147483647", "##,#", "es-ES", "2.147.483.647"},
		{"2147483647", "#,#,,", "en-US", "2,147"},
		{"2147483647", "#,#,,", "es-ES", "2.147"},
		{"0.3697", "%#0.00", "en-US", "%36.97"},
		{"0.3697", "##.0 %", "en-US", "37.0 %"},
		{"0.3697", "##.0 %", "de-DE", "37,0 %"},
		{"0.03697", "#0.00‰", "en-US", "36.97‰"},
		{"0.03697", "#0.00‰", "ru-RU", "36,97‰"},
		{"987654", "#0.0e0", "", "98.8e4"},
		{"1503.92311", "0.0##e+00", "", "1.504e+03"},
		{"1.8901385E-16", "0.0e+00", "", "1.9e-16"},
		{"987654", `\###00\#`, "", "#987654#"},
		{"68", "# 'degrees'", "", "68 degrees"},
		{"68", "#' degrees'", "", "68 degrees"},
		{"12.345", `#0.0#;(#0.0#);-\0-`, "", "12.35"},
		{"0", `#0.0#;(#0.0#);-\0-`, "", "-0-"},
		{"-12.345", `#0.0#;(#0.0#);-\0-`, "", "(12.35)"},
		{"12.345", "#0.0#;(#0.0#)", "", "12.35"},
		{"0", "#0.0#;(#0.0#)", "", "0.0"},
		{"-12.345", "#0.0#;(#0.0#)", "", "(12.35)"},
		{"68", "# °", "", "68 °"},
		{"34.5", "00", "", "35"},
		{"34.5", "##", "", "35"},
		{"1000", "#,#", "", "1,000"},
		{"100000000", "0,,", "", "100"},
		{"1000000000", "#,0,,", "", "1,000"},
		// The code samples of the sections on the specifiers.
		{"123", "00000", "", "00123"},
		{"1.2", "0.00", "", "1.20"},
		{"1.2", "00.00", "", "01.20"},
		{"0.56", "0.0", "", "0.6"},
		{"1234567890", "0,0", "", "1,234,567,890"},
		{"1234567890.123456", "0,0.0", "", "1,234,567,890.1"},
		{"1234.567890", "0,0.00", "", "1,234.57"},
		{"1.2", "#.##", "", "1.2"},
		{"123", "#####", "", "123"},
		{"123456", "[##-##-##]", "", "[12-34-56]"},
		{"1234567890", "#", "", "1234567890"},
		{"1234567890", "(###) ###-####", "", "(123) 456-7890"},
		{"1.2", "00.00", "de-DE", "01,20"},
		{"0.086", "#0.##%", "", "8.6%"},
		{"0.00354", "#0.##‰", "", "3.54‰"},
		{"86000", "0.###E+0", "", "8.6E+4"},
		{"86000", "0.###E+000", "", "8.6E+004"},
		{"86000", "0.###E-000", "", "8.6E004"},
		{"123", `\#\#\# ##0 dollars and \0\0 cents \#\#\#`, "", "### 123 dollars and 00 cents ###"},
		{"123", `\\\\\\ ##0 dollars and \0\0 cents \\\\\\`, "", `\\\ 123 dollars and 00 cents \\\`},
		{"1234", "##;(##)", "", "1234"},
		{"-1234", "##;(##)", "", "(1234)"},
		{"0", "##;(##);**Zero**", "", "**Zero**"},
		{"9.3", `##.0\%`, "", "9.3%"},
		{"9.3", `\'##\'`, "", "'9'"},
		{"1234567890", "#,##0,,", "", "1,235"},
		{"1234567890", "#,,,", "", "1"},
		{"1234567890", "#,##0,,", "fr-FR", "1\u202f235"},
	})
}

// TestCustomCorners has what follows from how .NET goes through a custom format:
// digits without a placeholder come before the first one, a comma at the point
// scales, sections are chosen twice, and the sign comes first.
func TestCustomCorners(t *testing.T) {
	testNumbers(t, []numberCase{
		{"-0.5", "0.0", "", "-0.5"},
		{"-0.5", "#.#", "", "-.5"},
		{"-5", "'x'", "", "-x"},
		{"-5", "''", "", "-"},
		{"-0.4", "'x'", "", "x"}, // rounded to zero
		{"-0.001", "0.00", "", "0.00"},
		{"-0.001", "0.00;(0.00)", "", "0.00"},
		{"-0.001", "+0.00;-0.00", "", "+0.00"},
		{"-0.001", "0.00;(0.00);nil", "", "nil"},
		{"0.001", "0.00;(0.00);nil", "", "nil"},
		{"-5", "0;;z", "", "-5"}, // an empty section is the first one, with the sign
		{"0", "0;(0);", "", "0"},
		{"0", "0;;z", "", "z"},
		{"-5", "0;-0;z;more", "", "-5"},
		{"-7", ";(0)", "", "(7)"},
		{"7", ";(0)", "", ""},
		{"-7", ";", "", "-"},
		{"1234", "a0b0c", "", "a123b4c"},
		{"1234", "0-00", "", "12-34"},
		{"12", "0,000", "", "0,012"},
		{"1234567", "0,0.0,0", "", "1,234,567.00"},
		{"1234567", "0.0,", "", "1234567.0"}, // a comma behind the point has no effect
		{"1234567", "0,.0", "", "1234.6"},
		{"1234567", "0,,.00", "", "1.23"},
		{"1234567", "#,##0,.0", "", "1,234.6"},
		{"1234567", ",0", "", "1234567"}, // before any digit it has none either
		{"5", "0.0.0", "", "5.00"},
		{"1.25", "0.0.0", "", "1.25"},
		{"5", ".", "", "5"},
		{"0", ".", "", ""},
		{"1.5", "#.", "", "2"},
		{"12", "%", "", "%"}, // digits come with placeholders only
		{"0.5", "0%%", "", "5000%%"},
		{"12", "'a\\'0", "", "a\\12"}, // no escapes within quotes
		{"12", "0'open", "", "12open"},
		{"12", `0\`, "", "12"},
		{"12", `0"%"`, "", "12%"},
		{"12345", "E0x", "", "E0x"}, // no digits are kept, so it is zero
		{"62345", "E0x", "", "E6x"},
		{"12345", "0E+x", "", "12345E+x"},
		{"12345", "0.0E-0 E+00", "", "1.2E4 E+00"},
		{"0.00012345", "00.0E0", "", "12.3E-5"},
		{"0", "0.0E+00", "", "0.0E+00"},
		{"12345", "0E0000000000000", "", "1E0000000004"},
		{"-12345", "0.##e+0;(0e0)", "", "(1e4)"},
		{"-12345", "0,0.0e+0", "", "-12.3e+3"},
		{"1e300", "0e0", "", "1e300"},
		{"1e-300", "0e0", "", "1e-300"},
		{"1e9999", "0e0", "", "1e9999"},
		{"5", "日0本", "", "日5本"},
		{"5", `\日0\‰`, "", "日5‰"},
		{"5", "0‰", "", "5000‰"},
		{"123.456", "0.00 'р.'", "ru-RU", "123,46 р."},
		{"12345678.5", "#,##0.00", "ru-RU", "12\u00a0345\u00a0678,50"},
		{"99.99", "0.0", "", "100.0"},
		{"0.05", "#.#", "", ".1"},
		{"0.04", "#.#", "", ""},
		{"0.00", "#.#", "", ""},
		{"0.09", "0", "", "0"},
		{"1e3", "0,0", "", "1,000"},
		{"00.5", "000.000", "", "000.500"},
	})
	// Almost standard.
	testNumbers(t, []numberCase{{"12", "0N2", "", "12N2"}, {"12", "N2N", "", "N2N"}, {"12", "N-2", "", "N-2"}, {"12", " N0", "", " N12"}})
}

func TestNumberErrors(t *testing.T) {
	for format, want := range map[string]error{
		"D": errNumberLetter, "d5": errNumberLetter, "X": errNumberLetter, "x2": errNumberLetter, "R": errNumberLetter,
		"r3": errNumberLetter, "B": errNumberLetter, "A": errNumberLetter, "Z99": errNumberLetter,
		"N1001": errPrecision, "F999999999": errPrecision, "N123456789": errPrecision,
		"N1000": nil, "": nil, "0": nil, "'": nil, `\`: nil, "N12345678x": nil, "Ж": nil,
	} {
		if err := CheckNumber(format); !errors.Is(err, want) {
			t.Errorf("%q gives %v, want %v", format, err, want)
		}
	}
	for _, format := range []string{"", "G0", "N2", "C", "P0", "F", "0", "#,#.#"} {
		got, err := Number([]byte("x"), decimal.Parse("1e401"), format, invariant)
		if !errors.Is(err, errExponent) || string(got) != "x" {
			t.Errorf("1e401 in %q is %.10q, %v", format, got, err)
		}
	}
	if _, err := Number(nil, decimal.Parse("1e-402"), "", invariant); !errors.Is(err, errExponent) {
		t.Errorf("1e-402 gives %v", err)
	}
}

// TestErrorSentences holds what errors must be: sentences without the format.
func TestErrorSentences(t *testing.T) {
	for _, err := range []error{
		errNumberLetter, errPrecision, errExponent, errDateLetter, errTimeLetter, errTimeText, errTimeRepeats,
		errFraction, errQuote, errBackslash, errPercent,
	} {
		if s := err.Error(); !strings.HasPrefix(s, "the ") || strings.ContainsAny(s, "'\"\\.") {
			t.Errorf("%q is no sentence", s)
		}
	}
}

func TestLongNumbers(t *testing.T) {
	const million = 1_000_000
	nines := strings.Repeat("9", million)
	for _, text := range []string{nines, "-" + nines + "." + nines, "0." + nines} {
		for _, format := range []string{"", "N2", "G5", "E", "P", "#,##0.00", "0.0e0"} {
			got, err := Number(nil, decimal.Parse(text), format, invariant)
			if err != nil || len(got) > 2*len(text) {
				t.Errorf("%d digits in %q have %d bytes, %v", len(text), format, len(got), err)
			}
		}
	}
	for _, format := range []string{strings.Repeat("0", million), strings.Repeat("%", million), strings.Repeat(";", million), strings.Repeat("E0", million), strings.Repeat("'", million), "0" + strings.Repeat(",", million)} {
		got, err := Number(nil, decimal.FromInt(7), format, invariant)
		if err != nil || len(got) > 8*len(format) {
			t.Errorf("a format of %d bytes gives %d, %v", len(format), len(got), err)
		}
	}
}

func BenchmarkNumber(b *testing.B) {
	for _, format := range []string{"N2", "", "#,##0.00", "0.##"} {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = Number(dst[:0], decimal.Parse("1234567.891"), format, invariant)
			}
		})
	}
}
