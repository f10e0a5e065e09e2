package format

// numbers is how a culture writes numbers. The data is that of ICU 72 (CLDR 42)
// as .NET shows it: no-break spaces in patterns are plain ones, those that
// separate groups are kept, and CLDR's minimum number of digits for grouping has
// no effect. Groups have three digits and the negative sign is a hyphen in all
// of these cultures.
type numbers struct {
	decimal, group string
	currency       string
	// places are written by F, N and P if the format does not say how many. C
	// writes two in all of these cultures.
	places int
	// In patterns n is the number, $ the currency and - the sign.
	currencyPositive, currencyNegative string
	percentPositive, percentNegative   string
}

const (
	negativeSign  = "-"
	percentSymbol = "%"
	perMille      = "‰"

	currencyPlaces = 2
	groupSize      = 3

	noBreakSpace       = "\u00a0"
	narrowNoBreakSpace = "\u202f"
)

var (
	numbersInvariant = numbers{".", ",", "¤", 2, "$n", "($n)", "n %", "-n %"}

	numbersDE = numbers{",", ".", "€", 3, "n $", "-n $", "n %", "-n %"}
	numbersGB = numbers{".", ",", "£", 3, "$n", "-$n", "n%", "-n%"}
	numbersUS = numbers{".", ",", "$", 3, "$n", "-$n", "n%", "-n%"}
	numbersES = numbers{",", ".", "€", 3, "n $", "-n $", "n %", "-n %"}
	numbersFR = numbers{",", narrowNoBreakSpace, "€", 3, "n $", "-n $", "n %", "-n %"}
	numbersIT = numbers{",", ".", "€", 3, "n $", "-n $", "n%", "-n%"}
	numbersKZ = numbers{",", noBreakSpace, "₸", 3, "n $", "-n $", "n%", "-n%"}
	numbersNL = numbers{",", ".", "€", 3, "$ n", "$ -n", "n%", "-n%"}
	numbersPL = numbers{",", noBreakSpace, "zł", 3, "n $", "-n $", "n%", "-n%"}
	numbersBR = numbers{",", ".", "R$", 3, "$ n", "-$ n", "n%", "-n%"}
	numbersRU = numbers{",", noBreakSpace, "₽", 3, "n $", "-n $", "n %", "-n %"}
	numbersTR = numbers{",", ".", "₺", 3, "$n", "-$n", "%n", "-%n"}
	numbersUA = numbers{",", noBreakSpace, "₴", 3, "n $", "-n $", "n%", "-n%"}
)
