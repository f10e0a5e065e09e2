package plan

import (
	"errors"
	"fmt"
)

// TLS is how the receiver proves who it is, and how the dispatcher does. The zero
// value trusts the system's authorities and shows no certificate. The least
// version is 1.2 in any case.
type TLS struct {
	// CABundle are the certificates of the authorities that are trusted in place
	// of the system's, in PEM; empty for the system's.
	CABundle string
	// ServerName is the name that the receiver's certificate must have, and that
	// is asked for (SNI), in place of the URL's host.
	ServerName string
	// InsecureSkipVerify takes any certificate.
	InsecureSkipVerify bool
	// Certificate is shown to receivers that ask for one, with its chain, in PEM;
	// empty for none. Key is its private key.
	Certificate string
	Key         Secret
}

// OAuth2 says where an access token comes from: the client credentials grant of
// RFC 6749, 4.4.
type OAuth2 struct {
	// TokenURL is the token endpoint, http or https. It is judged like a receiver,
	// and trusted by the integration's CABundle.
	TokenURL     string
	ClientID     string
	ClientSecret Secret
	Scopes       []string
	// Parameters are sent with the token request beside those of the grant, such
	// as audience.
	Parameters []Parameter
	AuthStyle  AuthStyle
}

// Parameter is a name and a value of a token request.
type Parameter struct {
	Name  string
	Value string
}

// CheckParameterName judges the name of a [Parameter]: it is not empty and none
// of those that the grant has itself (RFC 6749, 2.3.1 and 4.4.2).
func CheckParameterName(name string) error {
	switch name {
	case "":
		return errors.New("a parameter of the token request has no name")
	case "grant_type", "scope", "client_id", "client_secret":
		return fmt.Errorf("parameter %s of the token request belongs to the grant and cannot be set", name)
	}
	return nil
}

// AuthStyle says how the client's id and secret go to the token endpoint (RFC
// 6749, 2.3.1).
type AuthStyle string

// The styles; empty is AuthStyleHeader.
const (
	AuthStyleHeader AuthStyle = "Header" // HTTP Basic
	AuthStyleBody   AuthStyle = "Body"   // client_id and client_secret in the form
)

// Egress narrows where an integration's requests may go, within what the
// operator allows, and says by which way. The zero value narrows nothing.
type Egress struct {
	// Hosts are the host names that may be called, see [MatchHost]; empty for all.
	Hosts []string
	// CIDRs are the ranges in which an address must be that is dialled, as
	// [ParseCIDR] takes them; empty for all. They say nothing about a proxy.
	CIDRs []string
	// Proxy, if not nil, is the HTTP proxy that requests go through, by CONNECT.
	Proxy *Proxy
}

// Proxy is an HTTP proxy (RFC 9110, 9.3.6).
type Proxy struct {
	// URL is scheme, http or https, and host with perhaps a port.
	URL string
	// Username and Password are sent to it as HTTP Basic, unless both are empty.
	Username string
	Password Secret
}
