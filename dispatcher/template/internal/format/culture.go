package format

import "strings"

// Culture is what a language in a country does to numbers, dates and letters.
// It is immutable.
type Culture struct {
	name string
	numbers
	dates
	names
}

// Lookup returns the culture of a name such as "en-US", in any case. The empty
// name is the invariant culture. It reports false for a culture that is not
// known; see [Names].
func Lookup(name string) (*Culture, bool) {
	c, ok := cultures[strings.ToLower(name)]
	return c, ok
}

// Invariant returns the culture that belongs to no country.
func Invariant() *Culture { return invariant }

// Names returns the names of all cultures but the invariant one, sorted.
func Names() []string {
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = k.name
	}
	return names
}

// Name returns the name as usually written, such as "en-US".
func (c *Culture) Name() string { return c.name }

// DecimalSeparator returns what is written for the point of a number.
func (c *Culture) DecimalSeparator() string { return c.decimal }

// known are the cultures by name.
var known = [...]struct {
	name    string
	numbers numbers
	dates   dates
	names   names
}{
	{"de-DE", numbersDE, datesDE, namesDE},
	{"en-GB", numbersGB, datesGB, namesGB},
	{"en-US", numbersUS, datesUS, namesUS},
	{"es-ES", numbersES, datesES, namesES},
	{"fr-FR", numbersFR, datesFR, namesFR},
	{"it-IT", numbersIT, datesIT, namesIT},
	{"kk-KZ", numbersKZ, datesKZ, namesKZ},
	{"nl-NL", numbersNL, datesNL, namesNL},
	{"pl-PL", numbersPL, datesPL, namesPL},
	{"pt-BR", numbersBR, datesBR, namesBR},
	{"ru-RU", numbersRU, datesRU, namesRU},
	{"tr-TR", numbersTR, datesTR, namesTR},
	{"uk-UA", numbersUA, datesUA, namesUA},
}

var invariant = &Culture{"", numbersInvariant, datesInvariant, namesInvariant}

// cultures has them by lower-case name.
var cultures = func() map[string]*Culture {
	m := map[string]*Culture{"": invariant}
	for _, k := range known {
		m[strings.ToLower(k.name)] = &Culture{k.name, k.numbers, k.dates, k.names}
	}
	return m
}()
