package compile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
)

const maxSystemName = 63

var validSystemName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// SystemName returns the system name in force: spec.systemName, or else the
// object's name in camelCase, in which dots and dashes separate words
// (order-shipped becomes orderShipped). It fails if that is no valid name.
func SystemName(obj *v1alpha1.Webhook) (string, error) {
	if name := obj.Spec.SystemName; name != "" {
		if !validSystemName.MatchString(name) || len(name) > maxSystemName {
			return "", errors.New("systemName must be a letter followed by at most 62 letters, digits and underscores")
		}
		return name, nil
	}
	name := camelCase(obj.Name)
	switch {
	case !validSystemName.MatchString(name):
		return "", fmt.Errorf("the object's name makes no system name, since %q does not start with a letter; set spec.systemName", name)
	case len(name) > maxSystemName:
		return "", fmt.Errorf("the object's name makes a system name of %d characters, and %d is the most; set spec.systemName", len(name), maxSystemName)
	}
	return name, nil
}

// camelCase joins the words of an object's name, which is lower-case ASCII.
func camelCase(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '.' })
	for i, word := range words {
		if i > 0 {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

// Holder returns the name of the Webhook among others that holds obj's system
// name before obj: the same name in any case, an earlier creation, or the same
// second and a name that sorts first. Empty if obj holds it. Others must be of
// obj's namespace and may contain obj.
func Holder(obj *v1alpha1.Webhook, others []v1alpha1.Webhook) string {
	name, err := SystemName(obj)
	if err != nil {
		return ""
	}
	holder := obj
	for i := range others {
		other := &others[i]
		if theirs, err := SystemName(other); err == nil && strings.EqualFold(name, theirs) && older(other, holder) {
			holder = other
		}
	}
	if holder.Name == obj.Name {
		return ""
	}
	return holder.Name
}

// older reports whether a was created before b; their names break ties, since
// creation times have whole seconds.
func older(a, b *v1alpha1.Webhook) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Name < b.Name
}
