package format

// dates is how a culture writes dates and times. The data is that of ICU 72
// (CLDR 42) as .NET shows it: short dates have years of four digits, and spaces
// that do not break or are narrow are kept. The time separator is a colon in all
// of these cultures.
type dates struct {
	separator           string // for / in formats
	short, long         string // d and D
	shortTime, longTime string // t and T
	monthDay, yearMonth string // m and y
	am, pm, era         string
}

const timeSeparator = ":"

var (
	datesInvariant = dates{"/", "MM/dd/yyyy", "dddd, dd MMMM yyyy", "HH:mm", "HH:mm:ss", "MMMM dd", "yyyy MMMM", "AM", "PM", "A.D."}

	datesDE = dates{".", "dd.MM.yyyy", "dddd, d. MMMM yyyy", "HH:mm", "HH:mm:ss", "d. MMMM", "MMMM yyyy", "AM", "PM", "n. Chr."}
	datesGB = dates{"/", "dd/MM/yyyy", "dddd, d MMMM yyyy", "HH:mm", "HH:mm:ss", "d MMMM", "MMMM yyyy", "am", "pm", "AD"}
	datesUS = dates{"/", "M/d/yyyy", "dddd, MMMM d, yyyy", "h:mm\u202ftt", "h:mm:ss\u202ftt", "MMMM d", "MMMM yyyy", "AM", "PM", "AD"}
	datesES = dates{"/", "d/M/yyyy", "dddd, d 'de' MMMM 'de' yyyy", "H:mm", "H:mm:ss", "d 'de' MMMM", "MMMM 'de' yyyy", "a.\u00a0m.", "p.\u00a0m.", "d. C."}
	datesFR = dates{"/", "dd/MM/yyyy", "dddd d MMMM yyyy", "HH:mm", "HH:mm:ss", "d MMMM", "MMMM yyyy", "AM", "PM", "ap. J.-C."}
	datesIT = dates{"/", "dd/MM/yyyy", "dddd d MMMM yyyy", "HH:mm", "HH:mm:ss", "d MMMM", "MMMM yyyy", "AM", "PM", "d.C."}
	datesKZ = dates{".", "dd.MM.yyyy", "yyyy\u202f'ж'. d MMMM, dddd", "HH:mm", "HH:mm:ss", "d MMMM", "yyyy\u202f'ж'. MMMM", "AM", "PM", "б.з."}
	datesNL = dates{"-", "dd-MM-yyyy", "dddd d MMMM yyyy", "HH:mm", "HH:mm:ss", "d MMMM", "MMMM yyyy", "a.m.", "p.m.", "n.Chr."}
	datesPL = dates{".", "d.MM.yyyy", "dddd, d MMMM yyyy", "HH:mm", "HH:mm:ss", "d MMMM", "MMMM yyyy", "AM", "PM", "n.e."}
	datesBR = dates{"/", "dd/MM/yyyy", "dddd, d 'de' MMMM 'de' yyyy", "HH:mm", "HH:mm:ss", "d 'de' MMMM", "MMMM 'de' yyyy", "AM", "PM", "d.C."}
	datesRU = dates{".", "dd.MM.yyyy", "dddd, d MMMM yyyy\u202f'г'.", "HH:mm", "HH:mm:ss", "d MMMM", "MMMM yyyy\u202f'г'.", "AM", "PM", "н. э."}
	datesTR = dates{".", "d.MM.yyyy", "d MMMM yyyy dddd", "HH:mm", "HH:mm:ss", "d MMMM", "MMMM yyyy", "ÖÖ", "ÖS", "MS"}
	datesUA = dates{".", "dd.MM.yyyy", "dddd, d MMMM yyyy\u202f'р'.", "HH:mm", "HH:mm:ss", "d MMMM", "MMMM yyyy\u202f'р'.", "дп", "пп", "н. е."}
)
