package text

// Form is which form of a noun goes with a number.
type Form uint8

// The forms. English has no few.
const (
	FormOne  Form = iota // 1 order, 21 заказ
	FormFew              // 2 заказа, 24 заказа
	FormMany             // 2 orders, 5 заказов, 11 заказов, 0 заказов
)

// PluralRussian returns the form for n of three: for 11 to 19, 111 to 119 and so
// on many, else by the last digit: 1 one, 2 to 4 few, the others many. The sign
// does not matter.
func PluralRussian(n int64) Form {
	tens, last := n/10%10, n%10
	// Not n itself: the lowest integer has no opposite.
	tens, last = max(tens, -tens), max(last, -last)
	switch {
	case tens == 1:
		return FormMany
	case last == 1:
		return FormOne
	case 2 <= last && last <= 4:
		return FormFew
	}
	return FormMany
}

// PluralEnglish returns the form for n of two: one for 1 and -1, else many.
func PluralEnglish(n int64) Form {
	if n == 1 || n == -1 {
		return FormOne
	}
	return FormMany
}
