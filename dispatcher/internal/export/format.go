package export

import (
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// Format is a way to write rows. It is immutable.
type Format struct {
	// Name is what it is asked for by, and the extension of a file of it.
	Name string
	// MediaType is its Content-Type.
	MediaType string
	// Lead is how many bytes before the first row of a document are left out: what
	// separates rows stands before each of them.
	Lead int

	head, foot string
	columns    []cell
	begin, end string // of a row
	text       appender
	// whole, if not nil, is given each text value, which begins at start, when it is
	// complete.
	whole func(dst []byte, start int) []byte
}

// cell is a column with what stands around its values.
type cell struct {
	*column
	before, after string
	optional      bool // left out if it is empty
}

// Formats are the names of all, the default first.
var Formats = []string{"ndjson", "csv", "json", "xml"}

// Of returns a format by its name, with the details beside the columns of an export or
// without; nil if there is none of the name.
func Of(name string, details bool) *Format {
	n := 0
	if details {
		n = 1
	}
	return formats[name][n]
}

// formats are all, without and with details.
var formats = map[string][2]*Format{
	"ndjson": {ndjson(false), ndjson(true)},
	"json":   {jsonArray(false), jsonArray(true)},
	"csv":    {csv(false), csv(true)},
	"xml":    {xml(false), xml(true)},
}

// AppendHead appends what stands before the rows. A part that goes on where another has
// been broken off has no names of columns above it in CSV.
func (f *Format) AppendHead(dst []byte, goesOn bool) []byte {
	if goesOn && f.Name == "csv" {
		return dst
	}
	return append(dst, f.head...)
}

// AppendFoot appends what stands behind the rows.
func (f *Format) AppendFoot(dst []byte) []byte { return append(dst, f.foot...) }

// AppendRow appends a row. It may be called by many goroutines at a time.
func (f *Format) AppendRow(dst []byte, row *store.LogRow) []byte {
	r := readingOf(row)
	dst = append(dst, f.begin...)
	for i := range f.columns {
		c := &f.columns[i]
		was := len(dst)
		dst = append(dst, c.before...)
		start := len(dst)
		dst = c.value(dst, r, f.text)
		if c.optional && len(dst) == start {
			dst = dst[:was]
			continue
		}
		if f.whole != nil && c.kind == isText {
			dst = f.whole(dst, start)
		}
		dst = append(dst, c.after...)
	}
	return append(dst, f.end...)
}

// cells puts text around the values of the columns.
func cells(details bool, around func(i int, c *column) cell) []cell {
	n := exported
	if details {
		n = len(columns)
	}
	all := make([]cell, n)
	for i := range all {
		all[i] = around(i, &columns[i])
		all[i].column = &columns[i]
	}
	return all
}

// jsonCells are the members of an object.
func jsonCells(details bool) []cell {
	return cells(details, func(i int, c *column) cell {
		before, after := `,"`+c.name+`":`, ""
		if i == 0 {
			before = before[1:]
		}
		if c.kind == isText {
			before, after = before+`"`, `"`
		}
		return cell{before: before, after: after, optional: c.detail}
	})
}

// ndjson is one object a line.
func ndjson(details bool) *Format {
	return &Format{Name: "ndjson", MediaType: "application/x-ndjson", begin: "{", end: "}\n", columns: jsonCells(details), text: appendJSON}
}

// jsonArray is one array, with an object a line.
func jsonArray(details bool) *Format {
	return &Format{
		Name: "json", MediaType: "application/json", Lead: 1, head: "[", foot: "\n]\n",
		begin: ",\n{", end: "}", columns: jsonCells(details), text: appendJSON,
	}
}

// csv is RFC 4180, with a row of names.
func csv(details bool) *Format {
	var names []string
	all := cells(details, func(i int, c *column) cell {
		names = append(names, c.name)
		before, after := ",", ""
		if i == 0 {
			before = ""
		}
		if c.kind == isText {
			before, after = before+`"`, `"`
		}
		return cell{before: before, after: after}
	})
	return &Format{
		Name: "csv", MediaType: "text/csv; charset=utf-8; header=present", head: strings.Join(names, ",") + "\r\n",
		end: "\r\n", columns: all, text: appendCSV, whole: neutralise,
	}
}

// xml is one element a row, with one for each column in it.
func xml(details bool) *Format {
	all := cells(details, func(_ int, c *column) cell {
		return cell{before: "<" + c.name + ">", after: "</" + c.name + ">", optional: c.detail}
	})
	return &Format{
		Name: "xml", MediaType: "application/xml; charset=utf-8", head: `<?xml version="1.0" encoding="UTF-8"?>` + "\n<deliveries>\n", foot: "</deliveries>\n",
		begin: "<delivery>", end: "</delivery>\n", columns: all, text: appendXML,
	}
}
