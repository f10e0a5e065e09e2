package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// function is a function of the language. Functions of one name differ in the
// number of their parameters.
type function struct {
	name   string
	params []param
	// variadic is true if the last parameter may be given more than once.
	variadic bool
	result   Type
	// like is true for a function that gives one of its arguments: what is asked
	// of its result is asked of each of them.
	like bool
	// cost is how many steps a call is, besides the texts that go in and out.
	cost int
	// slow is how many steps 32 bytes of argument are, where it is not one.
	slow int
	// call computes the result. The failure, if it is not empty, is what is
	// wrong, in words that hold no value.
	call func(c call) (result value, failure string)
}

// param is a parameter of a function.
type param struct {
	typ Type
	// null is true if null may be passed.
	null bool
	// elements, if it is set, is what the elements of an array must be.
	elements Type
	// check judges an argument that is a plain literal before there is any data;
	// it returns what is wrong.
	check func(literal value) string
}

// call is one call of a function: what it is called with.
type call struct {
	run  *run
	expr *callExpr
	args []value
}

// text returns an argument that is a string.
func (c call) text(i int) string { return c.args[i].text }

// int returns an argument that is a whole number.
func (c call) int(i int) int64 { return c.args[i].bits }

// functions are all functions by folded name.
var functions = byName(textFunctions, encodingFunctions, choiceFunctions, numberFunctions, timeFunctions, arrayFunctions)

// byName indexes functions.
func byName(lists ...[]function) map[string][]*function {
	index := make(map[string][]*function)
	for _, list := range lists {
		for i := range list {
			key := fold(list[i].name)
			index[key] = append(index[key], &list[i])
		}
	}
	return index
}

// functionNames lists the names of all functions, sorted.
func functionNames() []string {
	var names []string
	for _, overloads := range functions {
		names = append(names, overloads[0].name)
	}
	slices.Sort(names)
	return names
}

// param returns the parameter that an argument is for.
func (f *function) param(i int) param { return f.params[min(i, len(f.params)-1)] }

// takes reports whether the function can be called with n arguments.
func (f *function) takes(n int) bool {
	return n == len(f.params) || f.variadic && n > len(f.params)
}

// findFunction returns the function of that name, in any case, that takes n
// arguments, or what is wrong.
func findFunction(name string, n int) (*function, string) {
	overloads := functions[fold(name)]
	if len(overloads) == 0 {
		return nil, "there is no function " + quoted(name)
	}
	var counts []string
	for _, f := range overloads {
		if f.takes(n) {
			return f, ""
		}
		count := strconv.Itoa(len(f.params))
		if f.variadic {
			count += " or more"
		}
		counts = append(counts, count)
	}
	arguments := "arguments"
	if counts[len(counts)-1] == "1" {
		arguments = "argument"
	}
	return nil, fmt.Sprintf("%s takes %s %s, but has %d", quoted(overloads[0].name), strings.Join(counts, " or "), arguments, n)
}

// argument evaluates an argument and makes it what the parameter is.
func (r *run) argument(p param, e expr) (value, bool) {
	if !r.step(1, e.at()) {
		return value{}, false
	}
	if p.null {
		return r.nullable(e)
	}
	v, ok := r.present(e)
	if !ok {
		return v, false
	}
	if v, ok = v.normalized(); !ok {
		return v, r.tooLarge(e)
	}
	if p.typ == TypeInteger && v.isNumber() {
		d, _ := v.decimal()
		n, ok := d.Int64()
		if !ok {
			return v, r.tooLarge(e)
		}
		return intOf(n), r.step(len(v.text)/slowBytesPerStep, e.at())
	}
	if !v.fits(p.typ) {
		return v, r.cannot(e, v, p.typ.words())
	}
	return v.as(p.typ), true
}

// nullable evaluates an argument that may be null. A condition or arithmetic
// with an operand that is null counts as null.
func (r *run) nullable(e expr) (value, bool) {
	switch e.(type) {
	case *refExpr, *callExpr:
		return e.eval(r)
	}
	null, ok := e.hasNull(r)
	if !ok || null {
		return absent, ok
	}
	v, ok := e.eval(r)
	if !ok {
		return v, false
	}
	if v, ok = v.normalized(); !ok {
		return v, r.tooLarge(e)
	}
	return v, true
}

// call calls a function with its arguments.
func (r *run) call(e *callExpr, args []value) (value, bool) {
	f := e.function
	bytes := 0
	for _, arg := range args {
		bytes += len(arg.text)
	}
	if !r.step(f.cost+bytes*max(f.slow, 1)/bytesPerStep, e.name.start) {
		return value{}, false
	}
	v, failure := f.call(call{run: r, expr: e, args: args})
	if failure != "" {
		return value{}, r.fail(KindRender, e.name.start, quoted(f.name)+": "+failure)
	}
	if v.kind == unsetValue {
		return value{}, false // reported already
	}
	return v, r.work(len(v.text), e.name.start)
}

// hasNull of a reference, function or text is asked only as an operand.
func (e *refExpr) hasNull(r *run) (null, ok bool)  { return evalsToNull(e, r) }
func (e *callExpr) hasNull(r *run) (null, ok bool) { return evalsToNull(e, r) }

func evalsToNull(e expr, r *run) (null, ok bool) {
	if !r.step(1, e.at()) {
		return false, false
	}
	v, ok := e.eval(r)
	return v.kind == nullValue, ok
}

func (e *textExpr) hasNull(*run) (null, ok bool)       { return false, true }
func (e *numberExpr) hasNull(*run) (null, ok bool)     { return false, true }
func (e *concatExpr) hasNull(*run) (null, ok bool)     { return false, true }
func (e *isNullExpr) hasNull(*run) (null, ok bool)     { return false, true }
func (e *notExpr) hasNull(r *run) (null, ok bool)      { return e.cond.hasNull(r) }
func (e *groupExpr) hasNull(r *run) (null, ok bool)    { return e.inner.hasNull(r) }
func (e *negateExpr) hasNull(r *run) (null, ok bool)   { return e.operand.hasNull(r) }
func (e *logicExpr) hasNull(r *run) (null, ok bool)    { return anyNull(r, e.parts...) }
func (e *compareExpr) hasNull(r *run) (null, ok bool)  { return anyNull(r, e.left, e.right) }
func (e *sameTextExpr) hasNull(r *run) (null, ok bool) { return anyNull(r, e.left) }

func (e *arithExpr) hasNull(r *run) (null, ok bool) {
	if null, ok = e.first.hasNull(r); !ok || null {
		return null, ok
	}
	for _, op := range e.rest {
		if null, ok = op.operand.hasNull(r); !ok || null {
			return null, ok
		}
		if !r.step(1, e.at()) {
			return false, false
		}
	}
	return false, true
}

// anyNull reports whether one of the operands is null.
func anyNull(r *run, operands ...expr) (null, ok bool) {
	for _, e := range operands {
		if null, ok = e.hasNull(r); !ok || null {
			return null, ok
		}
		if !r.step(1, e.at()) {
			return false, false
		}
	}
	return false, true
}
