package template

// reserve counts what is in the text and makes room for it. Memory in few pieces
// of the right size is quicker to get and to give back, and half as much as what
// grows.
func (d *decoder) reserve() {
	sizes, members, elements := count(d.text)
	d.sizes = sizes
	d.objects = make([]object, len(sizes))
	d.names = make([]string, members)
	d.values = make([]value, members+elements)
}

// newObject returns an object, or without names an array, with room for what is
// in it. A text that is no JSON may have been counted wrong: then it grows.
func (d *decoder) newObject(names bool) *object {
	if len(d.objects) == 0 {
		return &object{}
	}
	o, n := &d.objects[0], int(d.sizes[0])
	d.objects, d.sizes = d.objects[1:], d.sizes[1:]
	if n <= len(d.values) {
		o.values, d.values = d.values[:0:n], d.values[n:]
	}
	if names && n <= len(d.names) {
		o.names, d.names = d.names[:0:n], d.names[n:]
	}
	return o
}

// count returns how many members or elements the objects and arrays of a text
// have, in the order in which they begin, and the sums for both. Of a text that
// is no JSON the numbers mean nothing, but are not larger than its length.
func count(text string) (sizes []int32, members, elements int) {
	var buffer [MaxNesting]int32
	open := buffer[:0] // the objects and arrays that have not ended; negative for objects
	sizes = make([]int32, 0, 16)
	first := false // whether nothing has been found in the innermost so far
	add := func() {
		innermost := open[len(open)-1]
		if innermost < 0 {
			members++
			innermost = -innermost
		} else {
			elements++
		}
		sizes[innermost-1]++
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c <= ' ' || c == ':' {
			continue
		}
		if first && c != ']' && c != '}' {
			add()
		}
		first = false
		switch c {
		case '"':
			i = stringEnd(text, i)
		case '[', '{':
			sizes = append(sizes, 0)
			opened := int32(len(sizes)) //nolint:gosec // at most as many as bytes of the text
			if c == '{' {
				opened = -opened
			}
			open, first = append(open, opened), true
		case ']', '}':
			if len(open) == 0 {
				return sizes, members, elements
			}
			open = open[:len(open)-1]
		case ',':
			if len(open) > 0 {
				add()
			}
		}
	}
	return sizes, members, elements
}

// stringEnd returns the offset of the quote that ends the string at start, or of
// the end of the text.
func stringEnd(text string, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return len(text)
}
