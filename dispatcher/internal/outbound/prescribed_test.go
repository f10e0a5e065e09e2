package outbound

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestOperatorsProxyIsTheOnlyOne: with a proxy that the operator prescribes, every
// route goes through it, and an integration that wants another way, or ranges that
// cannot be held behind it, gets none.
func TestOperatorsProxyIsTheOnlyOne(t *testing.T) {
	var tunnels atomic.Int64
	proxy := serveRaw(t, tunnelProxy(t, func(*http.Request) string { tunnels.Add(1); return "" }))
	s := newSenderOf(t, Options{Policy: egress.Policy{AllowLoopback: true}, Proxy: &plan.Proxy{URL: proxy}})
	receiver := serve(t, func(http.ResponseWriter, *http.Request) {})
	for want, e := range map[string]plan.Egress{
		"":                 {Hosts: []string{"127.0.0.1"}},
		"take proxy out":   {Proxy: &plan.Proxy{URL: "http://another.example:3128"}},
		"use egress.hosts": {CIDRs: []string{"127.0.0.0/8"}},
	} {
		route, err := s.Route(&plan.Integration{URL: receiver, Egress: e})
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the route of %+v: %v, want an error with %q", e, err, want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := route.Build(Parts{Method: http.MethodGet})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Send(t.Context(), r); got.Reason != plan.ReasonSuccess || tunnels.Load() != 1 {
			t.Errorf("%s: %s, by %d tunnels", got.Reason, got.Message, tunnels.Load())
		}
		s.Leave(route)
	}
}
