package compile

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
)

// Secrets looks up a Secret of the integration's namespace by name. Data is nil
// if there is no such Secret; an error says that it may not be read, and becomes
// part of a condition.
type Secrets func(name string) (data map[string][]byte, err error)

// ConfigMap is what a body, a header's value or a CA bundle can come from.
type ConfigMap struct {
	Data       map[string]string
	BinaryData map[string][]byte
}

// ConfigMaps looks up a ConfigMap of the object's own namespace by name. It is
// nil if there is none; an error says that it may not be read, and becomes part
// of a condition.
type ConfigMaps func(name string) (*ConfigMap, error)

// Sources is where what an integration refers to comes from. Secrets is called
// for the names of [SecretNames] only, ConfigMaps for those of
// [IntegrationConfigMapNames]; each may be nil if there are none.
type Sources struct {
	Secrets    Secrets
	ConfigMaps ConfigMaps
}

// SecretNames returns the names of the Secrets that the integration refers to,
// sorted, each once. They are of the integration's namespace.
func SecretNames(obj *v1alpha1.WebhookIntegration) []string {
	var names []string
	key := func(ref *v1alpha1.SecretKeyRef) {
		if ref != nil {
			names = append(names, ref.Name)
		}
	}
	spec := &obj.Spec
	for _, h := range spec.Headers {
		if h.ValueFrom != nil {
			key(h.ValueFrom.SecretKeyRef)
		}
	}
	if auth := spec.Auth; auth != nil {
		if auth.Basic != nil {
			names = append(names, auth.Basic.SecretRef.Name)
		}
		if auth.Bearer != nil {
			key(&auth.Bearer.SecretKeyRef)
		}
		if auth.OAuth2ClientCredentials != nil {
			key(&auth.OAuth2ClientCredentials.ClientSecret.SecretKeyRef)
		}
	}
	if spec.Signing != nil {
		for i := range spec.Signing.SecretKeyRefs {
			key(&spec.Signing.SecretKeyRefs[i])
		}
	}
	if tls := spec.TLS; tls != nil {
		if tls.CABundleFrom != nil {
			key(tls.CABundleFrom.SecretKeyRef)
		}
		if tls.ClientCertificate != nil {
			names = append(names, tls.ClientCertificate.SecretRef.Name)
		}
	}
	if spec.Egress != nil && spec.Egress.Proxy != nil && spec.Egress.Proxy.SecretRef != nil {
		names = append(names, spec.Egress.Proxy.SecretRef.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// IntegrationConfigMapNames returns the names of the ConfigMaps that the
// integration refers to, sorted, each once. They are of its namespace.
func IntegrationConfigMapNames(obj *v1alpha1.WebhookIntegration) []string {
	var names []string
	for _, h := range obj.Spec.Headers {
		if h.ValueFrom != nil && h.ValueFrom.ConfigMapKeyRef != nil {
			names = append(names, h.ValueFrom.ConfigMapKeyRef.Name)
		}
	}
	if tls := obj.Spec.TLS; tls != nil && tls.CABundleFrom != nil && tls.CABundleFrom.ConfigMapKeyRef != nil {
		names = append(names, tls.CABundleFrom.ConfigMapKeyRef.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// use is what a value of a Secret or a ConfigMap is for, in words.
type use struct {
	of    string // the field: "header X-A", "bodyFrom"
	as    string // what the value is to be: "the value of header X-A", "the body"
	limit int    // the most bytes it may have
}

// text is a value that was found, and where, for problems about it.
type text struct {
	value  string
	reason string // of a problem about the value
	where  string // `key "token" of Secret "crm"`
	as     string
}

// invalid adds a problem of the value; format must not show it.
func (t text) invalid(p *problems, format string, args ...any) {
	p.unresolved(t.reason, "%s cannot be %s: "+format, append([]any{t.where, t.as}, args...)...)
}

// inputs are the sources of one object's references.
type inputs struct {
	namespace string
	Sources
}

// secret returns the data of a Secret.
func (p *problems) secret(in inputs, name string, u use) (map[string][]byte, bool) {
	data, err := in.Secrets(name)
	switch {
	case err != nil:
		p.unresolved(v1alpha1.ReasonSecretUnreadable, "Secret %q of %s cannot be read: %s", name, u.of, err)
	case data == nil:
		p.unresolved(v1alpha1.ReasonSecretNotFound, "Secret %q of %s does not exist in namespace %q", name, u.of, in.namespace)
	default:
		return data, true
	}
	return nil, false
}

// secretKey returns the value of one key of a Secret, without a trailing line
// break. It is UTF-8 within the limit.
func (p *problems) secretKey(in inputs, ref v1alpha1.SecretKeyRef, u use) (text, bool) {
	data, ok := p.secret(in, ref.Name, u)
	if !ok {
		return text{}, false
	}
	return p.keyOf(data, ref, u)
}

// keyOf is secretKey of a Secret that was looked up.
func (p *problems) keyOf(data map[string][]byte, ref v1alpha1.SecretKeyRef, u use) (text, bool) {
	raw, ok := data[ref.Key]
	if !ok {
		p.unresolved(v1alpha1.ReasonSecretKeyNotFound, "Secret %q of %s has no key %q", ref.Name, u.of, ref.Key)
		return text{}, false
	}
	found := text{
		value:  withoutLineBreak(string(raw)),
		reason: v1alpha1.ReasonSecretValueInvalid,
		where:  "key " + quote(ref.Key) + " of Secret " + quote(ref.Name),
		as:     u.as,
	}
	switch {
	case !utf8.ValidString(found.value):
		found.invalid(p, "it is not UTF-8 text")
	case len(found.value) > u.limit:
		found.invalid(p, "it is longer than %d bytes", u.limit)
	default:
		return found, true
	}
	return text{}, false
}

// configMapKey returns the value of one key of a ConfigMap as it stands.
func (p *problems) configMapKey(in inputs, ref v1alpha1.ConfigMapKeyRef, u use) (text, bool) {
	configMap, err := in.ConfigMaps(ref.Name)
	if err != nil {
		p.unresolved(v1alpha1.ReasonConfigMapUnreadable, "ConfigMap %q of %s cannot be read: %s", ref.Name, u.of, err)
		return text{}, false
	}
	if configMap == nil {
		p.unresolved(v1alpha1.ReasonConfigMapNotFound, "ConfigMap %q of %s does not exist in namespace %q", ref.Name, u.of, in.namespace)
		return text{}, false
	}
	value, ok := configMap.Data[ref.Key]
	_, binary := configMap.BinaryData[ref.Key]
	found := text{
		value:  value,
		reason: v1alpha1.ReasonConfigMapValueInvalid,
		where:  "key " + quote(ref.Key) + " of ConfigMap " + quote(ref.Name),
		as:     u.as,
	}
	switch {
	case binary:
		found.invalid(p, "it is in binaryData; put it as text into data")
	case !ok:
		p.unresolved(v1alpha1.ReasonConfigMapKeyNotFound, "ConfigMap %q of %s has no key %q", ref.Name, u.of, ref.Key)
	case len(value) > u.limit:
		found.invalid(p, "it has %d bytes, and %d is the most", len(value), u.limit)
	default:
		return found, true
	}
	return text{}, false
}

// withoutLineBreak takes one line break off the end, which editors and kubectl
// create --from-file leave behind.
func withoutLineBreak(value string) string {
	return strings.TrimSuffix(strings.TrimSuffix(value, "\n"), "\r")
}
