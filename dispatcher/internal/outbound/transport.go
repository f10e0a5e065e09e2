package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// newTransport returns the connections with the given settings. Used without an
// http.Client they follow no redirects and keep no cookies; without Proxy they do
// not look into the environment.
func (s *Sender) newTransport(to settings) (*http.Transport, error) {
	dial, err := s.dialer(to.egress)
	if err != nil {
		return nil, err
	}
	config, err := tlsConfig(to.tls)
	if err != nil {
		return nil, err
	}
	var special *unused
	if to.digest() != (settings{}).digest() {
		special = &s.special
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Transport{
		DialContext:            dialWire(dial, special),
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    tlsTimeout,
		DisableCompression:     true,
		MaxIdleConns:           s.idle,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTimeout,
		ExpectContinueTimeout:  continueTimeout,
		MaxResponseHeaderBytes: maxResponseHeader,
		Protocols:              protocols,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream: http2StreamBuffer,
			SendPingTimeout:           http2PingAfter,
			PingTimeout:               http2PingTimeout,
		},
	}, nil
}

// dialer returns the dial that holds the operator's policy and the integration's
// allowance, by the proxy that either prescribes.
func (s *Sender) dialer(e plan.Egress) (dialFunc, error) {
	allowance := egress.Allowance{Hosts: e.Hosts}
	for _, text := range e.CIDRs {
		prefix, err := plan.ParseCIDR(text)
		if err != nil {
			return nil, fmt.Errorf("egress.cidrs has a range that is not valid: %w", err)
		}
		allowance.CIDRs = append(allowance.CIDRs, prefix)
	}
	connect := s.direct(s.policy, allowance)
	proxy, policy := e.Proxy, s.policy
	if s.proxy != nil {
		// The operator chose it, so it may be where receivers may not.
		proxy, policy = s.proxy, egress.Policy{AllowLoopback: true, AllowLinkLocal: true, AllowPrivate: true}
	}
	if proxy != nil {
		through, err := newProxyDialer(*proxy, nil, judged(policy, egress.Allowance{}, false, s.direct(policy, egress.Allowance{})))
		if err != nil {
			return nil, err
		}
		connect = through.DialContext
	}
	return judged(s.policy, allowance, proxy != nil, connect), nil
}

// direct dials addresses that policy and allowance permit.
func (s *Sender) direct(policy egress.Policy, allowance egress.Allowance) dialFunc {
	dialer := &net.Dialer{Timeout: dialTimeout, Resolver: s.resolver, ControlContext: control(policy, allowance)}
	return dialer.DialContext
}

// judged dials hosts that policy and allowance permit by name.
func judged(policy egress.Policy, allowance egress.Allowance, elsewhere bool, connect dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("judge the host to dial: %w", err)
		}
		if err := policy.Host(host, allowance, elsewhere); err != nil {
			return nil, err // net/http looks into it
		}
		return connect(ctx, network, address)
	}
}

// tlsConfig returns what connections do with TLS.
func tlsConfig(t plan.TLS) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: t.ServerName,
		InsecureSkipVerify: t.InsecureSkipVerify, // an author asked for it, and a condition and an event say so
	}
	if t.CABundle != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(t.CABundle)) {
			return nil, errors.New("the CA bundle of tls holds no certificate in PEM")
		}
	}
	if t.Certificate != "" {
		pair, err := tls.X509KeyPair([]byte(t.Certificate), []byte(t.Key.Reveal()))
		if err != nil { // its text may quote the input
			return nil, errors.New("the client certificate of tls and its key are not a pair in PEM")
		}
		// In config.Certificates it would be shown only to receivers that name its
		// issuer, and the others would say that there is none.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return config, nil
}
