package compile

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// authorization is the header that auth sets.
const authorization = "Authorization"

// maxCredential bounds a user name, a password, a token and a client's secret in
// bytes, as a header's value.
const maxCredential = maxHeaderValue

// The bounds of oauth2ClientCredentials, as its field docs say.
const (
	maxClientID       = 1024
	maxScopes         = 64
	maxScope          = 512
	maxParameters     = 16
	maxParameterName  = 128
	maxParameterValue = 2048
)

// auth fills in what authenticates requests, and returns the header for the view,
// nil if there is none.
func (p *problems) auth(in inputs, spec *v1alpha1.WebhookIntegrationSpec, compiled *plan.Integration) *plan.Header {
	auth := spec.Auth
	if auth == nil {
		return nil
	}
	if slices.ContainsFunc(spec.Headers, func(h v1alpha1.IntegrationHeader) bool { return strings.EqualFold(string(h.Name), authorization) }) {
		p.reject(v1alpha1.ReasonInvalidHeader, "auth sets the header Authorization; take it out of headers")
	}
	given := 0
	for _, is := range []bool{auth.Basic != nil, auth.Bearer != nil, auth.OAuth2ClientCredentials != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		p.reject(v1alpha1.ReasonInvalidSpec, "auth needs exactly one of basic, bearer and oauth2ClientCredentials")
		return nil
	}
	header := &plan.Header{Name: authorization, Private: true}
	switch {
	case auth.Basic != nil:
		header.Value = p.basic(in, auth.Basic.SecretRef.Name, compiled)
	case auth.Bearer != nil:
		header.Value = p.bearer(in, auth.Bearer.SecretKeyRef, compiled)
	default:
		compiled.OAuth2 = p.oauth2(in, auth.OAuth2ClientCredentials, compiled)
		return header // its value comes with the token
	}
	compiled.Headers = append(compiled.Headers, *header)
	return header
}

// basic returns the value of an Authorization with a user name and a password
// (RFC 7617).
func (p *problems) basic(in inputs, secret string, compiled *plan.Integration) plan.Secret {
	username, password, ok := p.credentials(in, secret, "auth.basic")
	if !ok {
		return plan.Secret{}
	}
	pair := username + ":" + password
	hide(compiled, credentialForms(username, password)...)
	return plan.NewSecret("Basic " + base64.StdEncoding.EncodeToString([]byte(pair)))
}

// credentials returns the user name and the password of a Secret with the keys
// username and password, which are fit for HTTP Basic (RFC 7617, 2): UTF-8
// without control characters, the name without a colon, not both empty.
func (p *problems) credentials(in inputs, secret, of string) (username, password string, valid bool) {
	data, ok := p.secret(in, secret, use{of: of})
	if !ok {
		return "", "", false
	}
	name, hasName := p.keyOf(data, v1alpha1.SecretKeyRef{Name: secret, Key: "username"}, use{of: of, as: "the user name of " + of, limit: maxCredential})
	word, hasWord := p.keyOf(data, v1alpha1.SecretKeyRef{Name: secret, Key: "password"}, use{of: of, as: "the password of " + of, limit: maxCredential})
	if !hasName || !hasWord {
		return "", "", false
	}
	valid = p.noControls(name) && p.noControls(word)
	switch {
	case strings.Contains(name.value, ":"):
		name.invalid(p, "it contains a colon, at which the receiver would cut it off")
		valid = false
	case name.value == "" && word.value == "":
		name.invalid(p, "both it and the password are empty")
		valid = false
	}
	return name.value, word.value, valid
}

// credentialForms are the forms in which a pair of credentials might be shown. With
// an empty password the user name is what must stay hidden.
func credentialForms(username, password string) []string {
	pair := username + ":" + password
	if password == "" {
		return []string{username, pair}
	}
	return []string{password, pair}
}

// noControls judges a value that may have no control characters.
func (p *problems) noControls(found text) bool {
	if strings.ContainsFunc(found.value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		found.invalid(p, "it contains a line break or another control character")
		return false
	}
	return true
}

// bearer returns the value of an Authorization with a token (RFC 6750, 2.1).
func (p *problems) bearer(in inputs, ref v1alpha1.SecretKeyRef, compiled *plan.Integration) plan.Secret {
	token, ok := p.secretKey(in, ref, use{of: "auth.bearer", as: "the token of auth.bearer", limit: maxCredential})
	if !ok || !p.noControls(token) {
		return plan.Secret{}
	}
	const scheme = "Bearer "
	switch {
	case token.value == "":
		token.invalid(p, "it is empty")
	case strings.TrimSpace(token.value) != token.value:
		token.invalid(p, "it begins or ends with a space")
	case len(token.value) >= len(scheme) && strings.EqualFold(token.value[:len(scheme)], scheme):
		token.invalid(p, "it begins with the word Bearer, which would be sent twice; take that out")
	default:
		hide(compiled, token.value)
		return plan.NewSecret(scheme + token.value)
	}
	return plan.Secret{}
}

// oauth2 translates oauth2ClientCredentials.
func (p *problems) oauth2(in inputs, spec *v1alpha1.OAuth2ClientCredentials, compiled *plan.Integration) *plan.OAuth2 {
	const field = "auth.oauth2ClientCredentials"
	if err := plan.CheckTokenURL(spec.TokenURL); err != nil {
		p.reject(v1alpha1.ReasonInvalidSpec, "%s.%s", field, err)
	}
	if spec.ClientID == "" || len(spec.ClientID) > maxClientID || !printable(spec.ClientID, "") {
		p.reject(v1alpha1.ReasonInvalidSpec, "%s.clientID must have 1 to %d printable ASCII characters", field, maxClientID)
	}
	oauth2 := &plan.OAuth2{TokenURL: spec.TokenURL, ClientID: spec.ClientID, Scopes: spec.Scopes, AuthStyle: plan.AuthStyleHeader}
	switch spec.AuthStyle {
	case "", v1alpha1.AuthStyleHeader:
	case v1alpha1.AuthStyleBody:
		oauth2.AuthStyle = plan.AuthStyleBody
	default:
		p.reject(v1alpha1.ReasonInvalidSpec, "%s.authStyle must be Header or Body", field)
	}
	if len(spec.Scopes) > maxScopes {
		p.reject(v1alpha1.ReasonInvalidSpec, "%s.scopes must be at most %d", field, maxScopes)
	}
	for i, scope := range spec.Scopes {
		if scope == "" || len(scope) > maxScope || !printable(scope, ` "\`) {
			p.reject(v1alpha1.ReasonInvalidSpec, "%s.scopes[%d] must have 1 to %d printable ASCII characters, without spaces, quotes and backslashes", field, i, maxScope)
		}
	}
	oauth2.Parameters = p.tokenParameters(field+".parameters", spec.Parameters)
	secret, ok := p.secretKey(in, spec.ClientSecret.SecretKeyRef, use{of: field, as: "the client's secret", limit: maxCredential})
	switch {
	case !ok || !p.noControls(secret):
	case secret.value == "":
		secret.invalid(p, "it is empty")
	default:
		oauth2.ClientSecret = plan.NewSecret(secret.value)
		hide(compiled, secret.value)
	}
	return oauth2
}

// tokenParameters translates the parameters of token requests.
func (p *problems) tokenParameters(field string, specs []v1alpha1.TokenParameter) []plan.Parameter {
	if len(specs) > maxParameters {
		p.reject(v1alpha1.ReasonInvalidSpec, "%s must be at most %d", field, maxParameters)
	}
	var parameters []plan.Parameter
	seen := map[string]bool{}
	for i, spec := range specs {
		err := plan.CheckParameterName(spec.Name)
		switch {
		case err != nil:
			p.reject(v1alpha1.ReasonInvalidSpec, "%s: %s", field, err)
		case len(spec.Name) > maxParameterName || !printable(spec.Name, " "):
			p.reject(v1alpha1.ReasonInvalidSpec, "the name of %s[%d] must have 1 to %d printable ASCII characters and no spaces", field, i, maxParameterName)
		case seen[spec.Name]:
			p.reject(v1alpha1.ReasonInvalidSpec, "%s names %s twice", field, spec.Name)
		case len(value(spec.Value)) > maxParameterValue:
			p.reject(v1alpha1.ReasonInvalidSpec, "the value of %s[%d] must have at most %d bytes", field, i, maxParameterValue)
		}
		seen[spec.Name] = true
		parameters = append(parameters, plan.Parameter{Name: spec.Name, Value: value(spec.Value)})
	}
	return parameters
}

// printable reports whether text is printable ASCII without the characters of
// but; a space is printable.
func printable(text, but string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(but, r) })
}
