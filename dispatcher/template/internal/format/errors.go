package format

import "errors"

// What can be wrong with a format, or with a value under one. A caller adds
// which format of which template.
var (
	errNumberLetter = errors.New("the format is a letter that decimal numbers do not have; use C, E, F, G, N or P")
	errPrecision    = errors.New("the format asks for more than 1000 digits")
	errExponent     = errors.New("the number has an exponent that would add more than 400 zeros")
	errDateLetter   = errors.New("the format is one character that is no standard date format; write a % before it")
	errTimeLetter   = errors.New("the format is one character that is no standard time format; write a % before it")
	errTimeText     = errors.New("the format has a character that is no part of a time; quote it")
	errTimeRepeats  = errors.New("the format repeats a letter more often than a time has digits for")
	errFraction     = errors.New("the format has more than 7 digits for fractions of a second")
	errQuote        = errors.New("the format has an unclosed quote")
	errBackslash    = errors.New("the format ends with a backslash")
	errPercent      = errors.New("the format has a % without a letter after it")
)
