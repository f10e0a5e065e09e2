package format

import "strings"

// names are the names of months and days, from January and from Sunday on. The
// data is that of ICU 72 (CLDR 42).
type names struct {
	months, shortMonths []string
	// The genitive is used with a day of the month: 29 March is 29 марта, where
	// March is март.
	genitive, shortGenitive []string
	days, shortDays         []string
}

// list splits names at spaces.
func list(s string) []string { return strings.Split(s, " ") }

// likeNominative makes names with a genitive that does not differ.
func likeNominative(months, shortMonths, days, shortDays string) names {
	m, s := list(months), list(shortMonths)
	return names{m, s, m, s, list(days), list(shortDays)}
}

var (
	namesInvariant = namesUS

	namesDE = names{
		months:        list("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
		genitive:      list("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
		shortMonths:   list("Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez"),
		shortGenitive: list("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
		days:          list("Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag"),
		shortDays:     list("So Mo Di Mi Do Fr Sa"),
	}

	namesGB = likeNominative(
		"January February March April May June July August September October November December",
		"Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec",
		"Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
		"Sun Mon Tue Wed Thu Fri Sat",
	)

	namesUS = likeNominative(
		"January February March April May June July August September October November December",
		"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
		"Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
		"Sun Mon Tue Wed Thu Fri Sat",
	)

	namesES = likeNominative(
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
		"ene feb mar abr may jun jul ago sept oct nov dic",
		"domingo lunes martes miércoles jueves viernes sábado",
		"dom lun mar mié jue vie sáb",
	)

	namesFR = likeNominative(
		"janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
		"janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
		"dimanche lundi mardi mercredi jeudi vendredi samedi",
		"dim. lun. mar. mer. jeu. ven. sam.",
	)

	namesIT = likeNominative(
		"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
		"gen feb mar apr mag giu lug ago set ott nov dic",
		"domenica lunedì martedì mercoledì giovedì venerdì sabato",
		"dom lun mar mer gio ven sab",
	)

	namesKZ = names{
		months:        list("Қаңтар Ақпан Наурыз Сәуір Мамыр Маусым Шілде Тамыз Қыркүйек Қазан Қараша Желтоқсан"),
		genitive:      list("қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан"),
		shortMonths:   list("қаң. ақп. нау. сәу. мам. мау. шіл. там. қыр. қаз. қар. жел."),
		shortGenitive: list("қаң. ақп. нау. сәу. мам. мау. шіл. там. қыр. қаз. қар. жел."),
		days:          list("жексенбі дүйсенбі сейсенбі сәрсенбі бейсенбі жұма сенбі"),
		shortDays:     list("жс дс сс ср бс жм сб"),
	}

	namesNL = likeNominative(
		"januari februari maart april mei juni juli augustus september oktober november december",
		"jan feb mrt apr mei jun jul aug sep okt nov dec",
		"zondag maandag dinsdag woensdag donderdag vrijdag zaterdag",
		"zo ma di wo do vr za",
	)

	namesPL = names{
		months:        list("styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień"),
		genitive:      list("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"),
		shortMonths:   list("sty lut mar kwi maj cze lip sie wrz paź lis gru"),
		shortGenitive: list("sty lut mar kwi maj cze lip sie wrz paź lis gru"),
		days:          list("niedziela poniedziałek wtorek środa czwartek piątek sobota"),
		shortDays:     list("niedz. pon. wt. śr. czw. pt. sob."),
	}

	namesBR = likeNominative(
		"janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
		"jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.",
		"domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado",
		"dom. seg. ter. qua. qui. sex. sáb.",
	)

	namesRU = names{
		months:        list("январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь"),
		genitive:      list("января февраля марта апреля мая июня июля августа сентября октября ноября декабря"),
		shortMonths:   list("янв. февр. март апр. май июнь июль авг. сент. окт. нояб. дек."),
		shortGenitive: list("янв. февр. мар. апр. мая июн. июл. авг. сент. окт. нояб. дек."),
		days:          list("воскресенье понедельник вторник среда четверг пятница суббота"),
		shortDays:     list("вс пн вт ср чт пт сб"),
	}

	namesTR = likeNominative(
		"Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
		"Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara",
		"Pazar Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi",
		"Paz Pzt Sal Çar Per Cum Cmt",
	)

	namesUA = names{
		months:        list("січень лютий березень квітень травень червень липень серпень вересень жовтень листопад грудень"),
		genitive:      list("січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня"),
		shortMonths:   list("січ лют бер кві тра чер лип сер вер жов лис гру"),
		shortGenitive: list("січ. лют. бер. квіт. трав. черв. лип. серп. вер. жовт. лист. груд."),
		days:          list("неділя понеділок вівторок середа четвер пʼятниця субота"),
		shortDays:     list("нд пн вт ср чт пт сб"),
	}
)
