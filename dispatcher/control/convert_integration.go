package control

import (
	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func integrationToPB(i *plan.Integration) *pb.Integration {
	m := &pb.Integration{
		Namespace:         i.Key.Namespace,
		Name:              i.Key.Name,
		Generation:        i.Generation,
		NotReady:          i.NotReady,
		Url:               i.URL,
		RequestsPerSecond: int64(i.RequestsPerSecond),
		MaxConcurrency:    int64(i.MaxConcurrency),
		MaxWaiting:        int64(i.MaxWaiting),
		MaxWaitingBytes:   i.MaxWaitingBytes,
		Timeout:           durationpb.New(i.Timeout),
		Retry:             retryToPB(&i.Retry),
		Suspend:           i.Suspend,
		Oauth2:            oauth2ToPB(i.OAuth2),
		SigningKeys:       secretsToPB(i.SigningKeys),
		Tls:               tlsToPB(i.TLS),
		Egress:            &pb.Egress{Hosts: i.Egress.Hosts, Cidrs: i.Egress.CIDRs},
		Private:           secretsToPB(i.Private),
		DisplayName:       i.DisplayName,
		Description:       i.Description,
		LogRetention:      &pb.LogRetention{MaxAge: durationpb.New(i.LogRetention.MaxAge), MaxBytes: i.LogRetention.MaxBytes},
	}
	if p := i.Egress.Proxy; p != nil {
		m.Egress.Proxy = &pb.Proxy{Url: p.URL, Username: p.Username, Password: []byte(p.Password.Reveal())}
	}
	for _, h := range i.Headers {
		m.Headers = append(m.Headers, &pb.Header{Name: h.Name, Value: []byte(h.Value.Reveal()), Private: h.Private})
	}
	return m
}

func integrationFromPB(m *pb.Integration) *plan.Integration {
	i := &plan.Integration{
		Key:               plan.Key{Namespace: m.GetNamespace(), Name: m.GetName()},
		Generation:        m.GetGeneration(),
		NotReady:          m.GetNotReady(),
		URL:               m.GetUrl(),
		RequestsPerSecond: int(m.GetRequestsPerSecond()),
		MaxConcurrency:    int(m.GetMaxConcurrency()),
		MaxWaiting:        int(m.GetMaxWaiting()),
		MaxWaitingBytes:   m.GetMaxWaitingBytes(),
		Timeout:           m.GetTimeout().AsDuration(),
		Retry:             *retryFromPB(m.GetRetry()),
		Suspend:           m.GetSuspend(),
		OAuth2:            oauth2FromPB(m.GetOauth2()),
		SigningKeys:       secretsFromPB(m.GetSigningKeys()),
		TLS:               tlsFromPB(m.GetTls()),
		Egress:            plan.Egress{Hosts: m.GetEgress().GetHosts(), CIDRs: m.GetEgress().GetCidrs()},
		Private:           secretsFromPB(m.GetPrivate()),
		DisplayName:       m.GetDisplayName(),
		Description:       m.GetDescription(),
		LogRetention:      plan.LogRetention{MaxAge: m.GetLogRetention().GetMaxAge().AsDuration(), MaxBytes: m.GetLogRetention().GetMaxBytes()},
	}
	if p := m.GetEgress().GetProxy(); p != nil {
		i.Egress.Proxy = &plan.Proxy{URL: p.GetUrl(), Username: p.GetUsername(), Password: secret(p.GetPassword())}
	}
	for _, h := range m.GetHeaders() {
		i.Headers = append(i.Headers, plan.Header{Name: h.GetName(), Value: secret(h.GetValue()), Private: h.GetPrivate()})
	}
	return i
}

func oauth2ToPB(o *plan.OAuth2) *pb.OAuth2 {
	if o == nil {
		return nil
	}
	m := &pb.OAuth2{
		TokenUrl: o.TokenURL, ClientId: o.ClientID, ClientSecret: []byte(o.ClientSecret.Reveal()),
		Scopes: o.Scopes, AuthStyle: string(o.AuthStyle),
	}
	for _, p := range o.Parameters {
		m.Parameters = append(m.Parameters, &pb.Parameter{Name: p.Name, Value: p.Value})
	}
	return m
}

func oauth2FromPB(m *pb.OAuth2) *plan.OAuth2 {
	if m == nil {
		return nil
	}
	o := &plan.OAuth2{
		TokenURL: m.GetTokenUrl(), ClientID: m.GetClientId(), ClientSecret: secret(m.GetClientSecret()),
		Scopes: m.GetScopes(), AuthStyle: plan.AuthStyle(m.GetAuthStyle()),
	}
	for _, p := range m.GetParameters() {
		o.Parameters = append(o.Parameters, plan.Parameter{Name: p.GetName(), Value: p.GetValue()})
	}
	return o
}

func tlsToPB(t *plan.TLS) *pb.TLS {
	if t == nil {
		return nil
	}
	return &pb.TLS{
		CaBundle: t.CABundle, ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify,
		Certificate: t.Certificate, Key: []byte(t.Key.Reveal()),
	}
}

func tlsFromPB(m *pb.TLS) *plan.TLS {
	if m == nil {
		return nil
	}
	return &plan.TLS{
		CABundle: m.GetCaBundle(), ServerName: m.GetServerName(), InsecureSkipVerify: m.GetInsecureSkipVerify(),
		Certificate: m.GetCertificate(), Key: secret(m.GetKey()),
	}
}

func secretsToPB(secrets []plan.Secret) [][]byte {
	var all [][]byte
	for _, s := range secrets {
		all = append(all, []byte(s.Reveal()))
	}
	return all
}

func secretsFromPB(all [][]byte) []plan.Secret {
	var secrets []plan.Secret
	for _, b := range all {
		secrets = append(secrets, secret(b))
	}
	return secrets
}

func secret(b []byte) plan.Secret { return plan.NewSecret(string(b)) }
