package plan

import (
	"strings"
	"testing"
)

func TestProxyCheck(t *testing.T) {
	for _, p := range []Proxy{
		{URL: "http://proxy"}, {URL: "https://proxy.example:3128/"}, {URL: "http://10.0.0.1:8080"}, {URL: "http://[::1]:8080"},
		{URL: "http://proxy", Username: "u", Password: NewSecret("p:w ü")}, {URL: "http://proxy", Password: NewSecret("p")},
	} {
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", p.URL, err)
		}
	}
	for _, test := range []struct {
		proxy Proxy
		want  string
	}{
		{Proxy{}, "must start with"},
		{Proxy{URL: "proxy:3128"}, "must start with"},
		{Proxy{URL: "socks5://proxy"}, "must start with"},
		{Proxy{URL: "http://%zz"}, "not a valid URL"},
		{Proxy{URL: "http://secret:secret@proxy"}, "must not contain user information"},
		{Proxy{URL: "socks5://secret@proxy"}, "must not contain user information"},
		{Proxy{URL: "http://"}, "must name a host"},
		{Proxy{URL: "http://127.1:80"}, "must name a host"},
		{Proxy{URL: "http://[fe80::1%25eth0]"}, "must name a host"},
		{Proxy{URL: "http://bücher"}, "must name a host"},
		{Proxy{URL: "http://proxy:0"}, "port"},
		{Proxy{URL: "http://proxy:"}, "port"},
		{Proxy{URL: "http://proxy/secret"}, "no path"},
		{Proxy{URL: "http://proxy?secret"}, "no path"},
		{Proxy{URL: "http://proxy?"}, "no path"},
		{Proxy{URL: "http://proxy/#"}, "no path"},
		{Proxy{URL: "http://proxy", Username: "secret:x"}, "colon"},
		{Proxy{URL: "http://proxy", Username: "secret", Password: NewSecret("secret\n")}, "control character"},
	} {
		if err := test.proxy.Check(); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", test.proxy.URL, err, test.want)
		}
	}
}
