package template

// bind checks the data against the model and fills the slots of the values that
// the template refers to. All that does not fit is reported, but nothing below
// a value that is missing or wrong.
func (r *run) bind(data Data) bool {
	for _, s := range r.template.model.root.fields {
		v, ok := data.get(s, r.hint(s))
		r.require(s, v, ok)
	}
	for _, v := range r.template.model.assigned {
		if found, ok := data.get(v.shape, new(int32)); ok {
			r.slots[v.slot] = *found
		}
	}
	return len(r.problems) == 0
}

// hint returns where the member of a shape was found last.
func (r *run) hint(s *shape) *int32 { return &r.hints[s.id] }

// absent is what stands for a value that the data lacks, and for all below it.
var absent = value{kind: nullValue}

// require checks one value, found or not, and what is needed below it.
func (r *run) require(s *shape, v *value, found bool) {
	if r.steps > MaxSteps || len(r.problems) >= maxProblems {
		return
	}
	if !found || v.kind == nullValue && s.typ.isObject() {
		if r.template.missing == MissingNull {
			r.requireNothing(s)
			return
		}
		if !found {
			r.unfit(s, "the data has no "+quoted(s.path(r.indexes...)))
			return
		}
	}
	if (s.typ == TypeDateTime || s.typ == TypeTimeSpan) && !r.step(1, s.start) {
		return
	}
	if !v.fits(s.typ) {
		has := v.kind.words()
		switch {
		case v.kind == textValue && (s.typ == TypeDateTime || s.typ == TypeTimeSpan):
			has += " that is none"
		case v.isNumber() && s.typ == TypeInteger:
			has += " with a decimal point, or one of more than 64 bits"
		}
		r.unfit(s, quoted(s.path(r.indexes...))+" must be "+s.typ.words()+", but the data has "+has)
		return
	}
	if s.slotted {
		r.slots[s.slot] = v.as(s.typ)
	}
	for _, f := range s.fields {
		member, ok := r.member(v, f)
		r.require(f, member, ok)
	}
	if s.element != nil && v.kind == arrayValue && (s.element.typ != TypeUnknown || s.element.element != nil || len(s.element.fields) > 0) {
		r.requireAll(s.element, v.object.values)
	}
}

// requireAll checks the elements of an array. The first mistake is enough.
func (r *run) requireAll(s *shape, elements []value) {
	if !r.step(len(elements)/4, s.start) {
		return
	}
	before := len(r.problems)
	r.indexes = append(r.indexes, 0)
	for i := range elements {
		r.indexes[len(r.indexes)-1] = i
		r.require(s, &elements[i], true)
		if len(r.problems) > before {
			break
		}
	}
	r.indexes = r.indexes[:len(r.indexes)-1]
}

// requireNothing makes null of s and all below it.
func (r *run) requireNothing(s *shape) {
	if r.steps > MaxSteps || !r.step(1, s.start) {
		return
	}
	if s.slotted {
		r.slots[s.slot] = absent
	}
	for _, f := range s.fields {
		r.requireNothing(f)
	}
}

// unfit reports data that does not fit the model.
func (r *run) unfit(s *shape, message string) { r.fail(KindData, s.start, message) }

// member looks a field or method up. A method of an object is the field of its
// name, and in it one level for each argument.
func (r *run) member(owner *value, s *shape) (*value, bool) {
	if owner.kind == arrayValue {
		if s.taken < 0 {
			return nil, false
		}
		if !r.step(3, s.start) { // it makes an array
			return nil, false
		}
		first := owner.object.values
		first = first[:min(int64(len(first)), s.taken)]
		return &value{kind: arrayValue, object: &object{values: first}}, true
	}
	if owner.kind != objectValue {
		return nil, false
	}
	hint := *r.hint(s)
	v, ok := owner.object.get(s, r.hint(s))
	cost := 1 + len(s.name)/bytesPerStep
	if !ok || *r.hint(s) != hint {
		cost += owner.object.scanned() / bytesPerStep
	}
	for _, key := range s.keys {
		if !ok || v.kind != objectValue {
			return nil, false
		}
		cost += 1 + (len(key)+v.object.scanned())/bytesPerStep
		v, ok = v.object.find(key)
	}
	return v, r.step(cost, s.start) && ok
}
