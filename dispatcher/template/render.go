package template

// Render returns the template's text for the data. The error is [Errors]: of
// kind [KindData] if the data is not what the model needs, [KindRender] if a
// value cannot be written, [KindLimit] past a limit.
func (t *Template) Render(data Data) (string, error) {
	out, err := t.Append(nil, data)
	return string(out), err
}

// Append appends what [Template.Render] returns to dst and returns the extended
// buffer. On an error it returns dst as it was. With room in dst it allocates
// once.
func (t *Template) Append(dst []byte, data Data) ([]byte, error) {
	r := run{template: t, slots: make([]*value, t.slots), out: dst, start: len(dst)}
	if !r.bind(data) || !r.block(t.body) {
		return dst, located(t.name, t.source, r.problems)
	}
	return r.out, nil
}

// block writes the nodes of a block in order.
func (r *run) block(nodes []node) bool {
	for _, n := range nodes {
		ok := true
		switch n := n.(type) {
		case *textNode:
			ok = r.append(n.text, n.at)
		case *outputNode:
			ok = r.write(n.value)
		}
		if !ok {
			return false
		}
	}
	return true
}
