package template

import "github.com/maestra-io/webhook-operator/dispatcher/template/internal/escape"

// Render returns the template's text for the data. The error is [Errors]: of
// kind [KindData] if the data is not what the model needs, [KindRender] if a
// value cannot be written or computed with, [KindLimit] past a limit.
func (t *Template) Render(data Data) (string, error) {
	out, err := t.Append(nil, data)
	return string(out), err
}

// Append appends what [Template.Render] returns to dst and returns the extended
// buffer. On an error it returns dst as it was.
func (t *Template) Append(dst []byte, data Data) ([]byte, error) {
	r := begin(t, dst)
	defer r.end()
	if !r.bind(data) || !r.block(t.body) {
		return dst, located(t.name, t.source, r.problems)
	}
	return r.out, nil
}

// block writes the nodes of a block in order.
func (r *run) block(nodes []node) bool {
	for _, n := range nodes {
		if !n.run(r) {
			return false
		}
	}
	return true
}

func (n *commentNode) run(r *run) bool { return r.step(1, n.start) }

func (n *textNode) run(r *run) bool {
	if n.pieces == nil {
		return r.append(n.text, n.start)
	}
	for _, piece := range n.pieces {
		r.edit(piece.Edit)
		if !r.append(piece.Text, n.start) {
			return false
		}
	}
	return true
}

// edit mends what has been written, such as a comma that turned out to be the
// last.
func (r *run) edit(e escape.Edit) {
	if e != escape.NoEdit {
		r.out = r.tail.Apply(e, r.out)
	}
}

func (n *ifNode) run(r *run) bool {
	for _, b := range n.branches {
		holds, ok := r.condition(b.cond)
		if !ok {
			return false
		}
		if holds {
			return r.block(b.body)
		}
	}
	return r.block(n.elseBody)
}

// run carries out the passes. What is first assigned in one of them ends with it.
func (n *forNode) run(r *run) bool {
	if !r.step(1+len(n.assigned)/8, n.start) {
		return false
	}
	if len(n.body) == 0 {
		return true // the array is not even looked at
	}
	items, ok := n.items.eval(r)
	if !ok {
		return false
	}
	if items.kind != arrayValue {
		return r.cannot(n.items, items, "an array")
	}
	start := len(r.local)
	for _, slot := range n.assigned {
		if r.slots[slot].kind == unsetValue {
			r.local = append(r.local, slot)
		}
	}
	cost := 1 + len(r.local[start:])/8
	for i := range items.object.values {
		if !r.step(cost, n.start) {
			return false
		}
		r.slots[n.slot] = items.object.values[i]
		if !r.block(n.body) {
			return false
		}
		for _, slot := range r.local[start:] {
			r.slots[slot] = value{}
		}
	}
	r.local = r.local[:start]
	return true
}

func (n *setNode) run(r *run) bool {
	v, ok := r.present(n.value)
	if !ok {
		return false
	}
	if v, ok = v.normalized(); !ok {
		return r.tooLarge(n.value)
	}
	r.slots[n.slot] = v
	return r.step(1, n.start)
}

func (n *outputNode) run(r *run) bool {
	v, ok := r.present(n.value)
	if !ok || !r.step(1, n.start) {
		return false
	}
	r.edit(n.edit)
	if !r.write(n, v) {
		return false
	}
	if len(r.out)-r.start > MaxOutputBytes {
		return r.full(n.value.at())
	}
	return true
}
