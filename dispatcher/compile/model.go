package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// The schema's bounds of status.model.
const (
	maxModel     = 256
	maxModelPath = 512
)

// hostRoots are the roots of the host variables, which no caller has to send.
var hostRoots = []string{"WebhookRequest", "Event", "WebhookVariables"}

// ModelPath is a value that templates need of a call's data.
type ModelPath struct {
	// Path is the names that lead to it, as at their first mention, at most 512
	// bytes: Order.Items[].Sku.
	Path string
	// Type is what it must be, as [template.Type] names it.
	Type string
}

// want is a value that is needed, before it is shown.
type want struct {
	path string
	typ  template.Type
}

// parents are the types that are special cases of another one.
var parents = map[template.Type]template.Type{
	template.TypePrimitive: template.TypeUnknown, template.TypeComposite: template.TypeUnknown,
	template.TypeBoolean: template.TypePrimitive, template.TypeString: template.TypePrimitive,
	template.TypeDecimal: template.TypePrimitive, template.TypeInteger: template.TypeDecimal,
	template.TypeDateTime: template.TypePrimitive, template.TypeTimeSpan: template.TypePrimitive,
	template.TypeArray: template.TypeComposite,
}

// covers reports whether what is of type narrow is also of type wide.
func covers(wide, narrow template.Type) bool {
	for narrow != wide {
		parent, ok := parents[narrow]
		if !ok {
			return false
		}
		narrow = parent
	}
	return true
}

// model is what all templates together need. Paths that differ only in case are
// one; of two types of a path the narrower stays, and both if neither is: no
// data suits such templates. It is sorted, and cut to its bounds with a note.
func model(templates *parts.Templates, n *notes) []ModelPath {
	index := map[string][]want{}
	for _, m := range templates.Models() {
		for _, p := range m.Paths() {
			if !ofHost(p.Path) {
				key := strings.ToLower(p.Path)
				index[key] = add(index[key], want{p.Path, p.Type})
			}
		}
	}
	var shown []ModelPath
	for _, key := range slices.Sorted(maps.Keys(index)) {
		if wants := index[key]; len(wants) > 1 {
			n.add(fmt.Sprintf("no data suits all templates, since %s must be %s in one and %s in another", clip(wants[0].path, maxModelPath), wants[0].typ, wants[1].typ))
		}
		for _, w := range index[key] {
			shown = append(shown, ModelPath{Path: clip(w.path, maxModelPath), Type: w.typ.String()})
		}
	}
	if len(shown) > maxModel {
		n.add(fmt.Sprintf("status.model shows %d of the %d values that the templates need", maxModel, len(shown)))
		shown = shown[:maxModel]
	}
	return shown
}

// ofHost reports whether a path leads to a host variable.
func ofHost(path string) bool {
	root := path
	if end := strings.IndexAny(path, ".[("); end >= 0 {
		root = path[:end]
	}
	return slices.ContainsFunc(hostRoots, func(host string) bool { return strings.EqualFold(root, host) })
}

// add adds one more want of a path to those there are, which are of types that
// exclude each other.
func add(wants []want, more want) []want {
	for i, w := range wants {
		switch {
		case covers(more.typ, w.typ):
			return wants
		case covers(w.typ, more.typ):
			wants[i].typ = more.typ
			return wants
		}
	}
	return append(wants, more)
}
