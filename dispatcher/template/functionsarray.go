package template

import "github.com/maestra-io/webhook-operator/dispatcher/template/internal/text"

// arrayFunctions are the functions on arrays.
var arrayFunctions = []function{
	{name: "count", params: []param{arrayParam}, result: TypeInteger, cost: 1, call: func(c call) (value, string) {
		return intOf(int64(len(c.args[0].object.values))), ""
	}},
	{name: tableRows, params: []param{arrayParam, atLeast(1, "the width")}, result: TypeArray, cost: 2, call: func(c call) (value, string) {
		width := c.int(1)
		if width < 1 {
			return value{}, "the width must be at least 1"
		}
		return c.run.rows(c.expr, c.args[0].object.values, width)
	}},
	{name: "join", params: []param{{typ: TypeArray, elements: TypePrimitive}, stringParam}, result: TypeString, cost: 2, call: joinTexts},
}

// joinTexts joins the texts of an array's elements.
func joinTexts(c call) (value, string) {
	r := c.run
	elements := c.args[0].object.values
	if !r.step(len(elements), c.expr.at()) {
		return value{}, ""
	}
	parts := make([]string, len(elements))
	bytes := 0
	typ := TypeUnknown
	if s := arrayShape(c.expr.args[0]); s != nil && s.element != nil {
		typ = s.element.typ
	}
	for i := range elements {
		v := elements[i].as(typ)
		if v.kind == nullValue {
			return value{}, "an element of the array is null"
		}
		out, ok := r.appendText(nil, c.expr.args[0], v)
		if !ok {
			return value{}, ""
		}
		parts[i] = string(out)
		if bytes += len(out); !r.grow(bytes, len(out), c.expr.at()) {
			return value{}, ""
		}
	}
	s, ok := text.Join(parts, c.text(1), MaxTextBytes)
	return textOf(s), unless(ok, tooLong)
}

// tableRows is the name of the function that splits an array into rows.
const tableRows = "tableRows"

// The members of the rows of tableRows, and of their cells.
var (
	rowNames  = []string{"Cells", "ValueCount", "Index", "IsFirst", "IsLast"}
	cellNames = []string{"Value", "Index", "IsFirst", "IsLast"}
)

// cellSteps is how many steps a cell is: it takes about 250 bytes.
const cellSteps = 16

// rows splits elements into rows of a width, the last of which is filled up
// with cells whose value is null.
func (r *run) rows(e *callExpr, elements []value, width int64) (value, string) {
	count := (int64(len(elements)) + width - 1) / width
	if width > MaxSteps || !r.step(int(count*width*cellSteps), e.at()) {
		return value{}, unless(width <= MaxSteps, "the width is too large")
	}
	rows := make([]value, count)
	for i := range rows {
		row := elements[int64(i)*width:]
		row = row[:min(int64(len(row)), width)]
		cells := make([]value, width)
		for j := range cells {
			v := absent
			if j < len(row) {
				v = row[j]
			}
			cells[j] = value{kind: objectValue, object: &object{names: cellNames, values: []value{
				v, intOf(int64(j) + 1), boolOf(j == 0), boolOf(j == len(cells)-1),
			}}}
		}
		rows[i] = value{kind: objectValue, object: &object{names: rowNames, values: []value{
			{kind: arrayValue, object: &object{values: cells}},
			intOf(int64(len(row))), intOf(int64(i) + 1), boolOf(i == 0), boolOf(i == len(rows)-1),
		}}}
	}
	return value{kind: arrayValue, object: &object{values: rows}}, ""
}

// rowsShape is the shape of what tableRows makes of an array.
func rowsShape(items *shape, at int) *shape {
	if items == nil {
		return nil
	}
	rows := fixedShape(nil, tableRows, TypeArray, at)
	row := fixedShape(rows, "[]", TypeComposite, at)
	rows.element = row
	cells := fixedMember(row, "Cells", TypeArray, at)
	cell := fixedShape(cells, "[]", TypeComposite, at)
	cells.element = cell
	for _, name := range []string{"ValueCount", "Index"} {
		fixedMember(row, name, TypeInteger, at)
	}
	fixedMember(cell, "Index", TypeInteger, at)
	for _, owner := range []*shape{row, cell} {
		fixedMember(owner, "IsFirst", TypeBoolean, at)
		fixedMember(owner, "IsLast", TypeBoolean, at)
	}
	fixedMember(cell, "Value", TypeUnknown, at).link = items.elements(at)
	return rows
}

// fixedShape is the shape of a value whose type and members are known.
func fixedShape(parent *shape, name string, typ Type, at int) *shape {
	if parent == nil {
		parent = &shape{} // so that the path begins with the name
	}
	return &shape{parent: parent, name: name, key: fold(name), start: at, typ: typ, fixed: true, taken: -1}
}

// fixedMember adds a member to a fixed value.
func fixedMember(owner *shape, name string, typ Type, at int) *shape {
	return owner.add(fixedShape(owner, name, typ, at), fold(name))
}

// arrayShape returns the shape of an array, nil if e is not one.
func arrayShape(e expr) *shape {
	switch e := e.(type) {
	case *refExpr:
		return e.shape
	case *callExpr:
		return e.rows
	}
	return nil
}
