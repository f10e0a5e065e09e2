package v1alpha1

// Auth says how requests are authenticated. It sets the header Authorization,
// which a Webhook can turn off or replace as any other of the integration's.
// +kubebuilder:validation:XValidation:rule="(has(self.basic) ? 1 : 0) + (has(self.bearer) ? 1 : 0) + (has(self.oauth2ClientCredentials) ? 1 : 0) == 1",message="auth needs exactly one of basic, bearer and oauth2ClientCredentials"
type Auth struct {
	// basic sends a user name and a password (RFC 7617).
	// +optional
	Basic *BasicAuth `json:"basic,omitempty"`

	// bearer sends a token that does not change by itself (RFC 6750).
	// +optional
	Bearer *BearerAuth `json:"bearer,omitempty"`

	// oauth2ClientCredentials sends an access token of an OAuth2 server, got by
	// the client credentials grant (RFC 6749, 4.4).
	// +optional
	OAuth2ClientCredentials *OAuth2ClientCredentials `json:"oauth2ClientCredentials,omitempty"`
}

// BasicAuth is a user name and a password.
type BasicAuth struct {
	// secretRef is a Secret of the integration's namespace with the keys username
	// and password, as those of type kubernetes.io/basic-auth have. Trailing line
	// breaks are not part of the values. It is followed: a changed Secret applies
	// to the next attempt.
	// +required
	SecretRef SecretRef `json:"secretRef,omitempty,omitzero"`
}

// BearerAuth is a token.
type BearerAuth struct {
	// secretKeyRef is a key of a Secret in the integration's namespace that holds
	// the token, without the word Bearer before it. A trailing line break is not
	// part of it. It is followed: a changed Secret applies to the next attempt.
	// +required
	SecretKeyRef SecretKeyRef `json:"secretKeyRef,omitempty,omitzero"`
}

// OAuth2ClientCredentials says where access tokens come from. A token is kept
// until shortly before it expires, and thrown away when the receiver answers 401;
// another attempt follows then only for calls that are retried at all.
type OAuth2ClientCredentials struct {
	// tokenURL is the token endpoint, an http or https URL. It is subject to the
	// same rules about addresses as the receiver, and to the integration's CA
	// bundle and proxy; tls.serverName, tls.clientCertificate and
	// tls.insecureSkipVerify are for the receiver alone.
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="tokenURL must have only printable ASCII characters and no spaces"
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://') && isURL(self)",message="tokenURL must be an http or https URL such as https://login.example.com/oauth2/token"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[a-z]+://[^/?#]*@') && !self.contains('#')",message="tokenURL must contain neither user information nor a fragment (#)"
	// +required
	TokenURL string `json:"tokenURL,omitempty"`

	// clientID names the client; it is no secret (RFC 6749, 2.2). At most 1,024
	// characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^[ -~]+$')",message="clientID must have only printable ASCII characters"
	// +required
	ClientID string `json:"clientID,omitempty"`

	// clientSecret is the client's secret.
	// +required
	ClientSecret ClientSecret `json:"clientSecret,omitempty,omitzero"`

	// authStyle says how id and secret go to the token endpoint: Header (HTTP
	// Basic, which every server must take) or Body (client_id and client_secret
	// as parameters). Header if unset.
	// +default="Header"
	// +optional
	AuthStyle AuthStyle `json:"authStyle,omitempty"`

	// scopes are asked for. At most 64; the server's default if unset.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[!#-\\\\[\\\\]-~]+$')",message="a scope must have only printable ASCII characters, without spaces, quotes and backslashes"
	// +listType=set
	// +optional
	Scopes []string `json:"scopes,omitempty"`

	// parameters are sent with the token request in addition, such as audience or
	// resource. At most 16.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Parameters []TokenParameter `json:"parameters,omitempty"`
}

// AuthStyle is how a client identifies itself to a token endpoint.
// +kubebuilder:validation:Enum=Header;Body
type AuthStyle string

// The styles.
const (
	AuthStyleHeader AuthStyle = "Header"
	AuthStyleBody   AuthStyle = "Body"
)

// ClientSecret is a client's secret.
type ClientSecret struct {
	// secretKeyRef is a key of a Secret in the integration's namespace. A trailing
	// line break is not part of the value. It is followed: a changed Secret
	// applies to the next token.
	// +required
	SecretKeyRef SecretKeyRef `json:"secretKeyRef,omitempty,omitzero"`
}

// TokenParameter is a parameter of a token request.
type TokenParameter struct {
	// name is the parameter's name, at most 128 characters. Those of the grant
	// itself are refused.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="the name of a parameter must have only printable ASCII characters and no spaces"
	// +kubebuilder:validation:XValidation:rule="!(self in ['grant_type', 'scope', 'client_id', 'client_secret'])",message="grant_type, scope, client_id and client_secret have fields of their own"
	// +required
	Name string `json:"name,omitempty"`

	// value is the parameter's value, at most 2,048 characters. Everyone who may
	// read this object can read it.
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=2048
	// +required
	Value *string `json:"value,omitempty"`
}

// Signing signs every request by Standard Webhooks 1.0, with HMAC-SHA256 over the
// transaction id, the time of the attempt and the body, so that the receiver can
// tell that it comes from here and is no replay. It sets the headers webhook-id,
// webhook-timestamp and webhook-signature.
type Signing struct {
	// secretKeyRefs are keys of Secrets in the integration's namespace, each with
	// a signing secret: whsec_ and the base64 of 24 to 64 random bytes. With two,
	// the newer first, requests carry a signature of each, so that the receiver
	// can change over at any time in between. They are followed: a changed Secret
	// applies to the next attempt.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:XValidation:rule="self.size() < 2 || self[0] != self[1]",message="secretKeyRefs must not name the same key twice"
	// +listType=atomic
	// +required
	SecretKeyRefs []SecretKeyRef `json:"secretKeyRefs,omitempty"`
}
