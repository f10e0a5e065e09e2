package plan

import (
	"errors"
	"strings"
	"testing"
)

func TestJoinURL(t *testing.T) {
	tests := []struct {
		root, suffix string
		want         string // "" for an error
		leaves       bool   // the error is ErrLeavesRoot
	}{
		{root: "https://a.example", suffix: "", want: "https://a.example"},
		{root: "https://a.example", suffix: "/x?y=1", want: "https://a.example/x?y=1"},
		{root: "https://a.example", suffix: "?y=1", want: "https://a.example?y=1"},
		{root: "https://a.example/api", suffix: "/x", want: "https://a.example/api/x"},
		{root: "https://a.example/api/", suffix: "/x", want: "https://a.example/api//x"},
		{root: "https://a.example/api/v", suffix: "1/x", want: "https://a.example/api/v1/x"},
		{root: "https://a.example/api?k=v", suffix: "&x=y", want: "https://a.example/api?k=v&x=y"},
		{root: "https://a.example/api", suffix: "/a/../b", want: "https://a.example/api/a/../b"},
		{root: "https://a.example:8443/api", suffix: "/x", want: "https://a.example:8443/api/x"},

		{root: "https://a.example", suffix: ".evil.example/x", leaves: true},
		{root: "https://a.example", suffix: "@evil.example/", leaves: true},
		{root: "https://a.example", suffix: ":81/x", leaves: true},
		{root: "https://a.example", suffix: "#@evil.example", leaves: true},
		{root: "https://a.example/api", suffix: "/../admin", leaves: true},
		{root: "https://a.example/api", suffix: "/%2e%2E/admin", leaves: true},
		{root: "https://a.example/api", suffix: "/..%2fadmin", leaves: true},
		{root: "https://a.example/api", suffix: "/x/../../admin", leaves: true},
		{root: "https://a.example/api", suffix: `/..\admin`, leaves: true},
		{root: "https://a.example/api/v", suffix: "1/../../x", leaves: true},
		{root: "https://a.example", suffix: "/../x", leaves: true},

		{root: "https://a.example/api", suffix: "/a b"},
		{root: "https://a.example/api", suffix: "/a\r\nX: y"},
		{root: "https://a.example/api", suffix: "/%zz"},
		{root: "https://a.example/api", suffix: "/x#part"},
		{root: "https://a.example/api", suffix: "?q=1#part"},
	}
	for _, test := range tests {
		got, err := JoinURL(test.root, test.suffix)
		switch {
		case test.want != "" && (err != nil || got.String() != test.want):
			t.Errorf("JoinURL(%q, %q) = %v, %v; want %s", test.root, test.suffix, got, err, test.want)
		case test.want == "" && err == nil:
			t.Errorf("JoinURL(%q, %q) = %v; want an error", test.root, test.suffix, got)
		case test.want == "" && errors.Is(err, ErrLeavesRoot) != test.leaves:
			t.Errorf("JoinURL(%q, %q): %v; leaves the root: want %v", test.root, test.suffix, err, test.leaves)
		}
	}
}

// FuzzJoinURL holds the authority rule against any suffix.
func FuzzJoinURL(f *testing.F) {
	for _, root := range []string{"https://a.example", "https://a.example:8443/api", "http://a.example/api/?k=v"} {
		for _, suffix := range []string{"", "/x", ".evil", "@evil/", "/../..", "/%2e%2e/", "?x=1", `\\evil`, "//evil", ":1/"} {
			f.Add(root, suffix)
		}
	}
	f.Fuzz(func(t *testing.T, root, suffix string) {
		if CheckRoot(root) != nil {
			return
		}
		u, err := JoinURL(root, suffix)
		if err != nil {
			return
		}
		base, err := JoinURL(root, "")
		if err != nil {
			t.Fatalf("JoinURL(%q, %q) works, but not without the suffix: %v", root, suffix, err)
		}
		if u.Scheme != base.Scheme || u.Host != base.Host || u.User != nil {
			t.Errorf("JoinURL(%q, %q) = %s goes elsewhere", root, suffix, u)
		}
	})
}

func TestCheckRoot(t *testing.T) {
	for _, root := range []string{"http://a", "https://a.example:1/x?y=z", "http://[::1]:8080/", "http://10.0.0.1", "http://my_host.svc.:8080/a/b.c/..d"} {
		if err := CheckRoot(root); err != nil {
			t.Errorf("CheckRoot(%q): %v", root, err)
		}
	}
	for _, root := range []string{"", "a.example", "ftp://a", "https://", "https://u:p@a", "https://a/#f", "https://a/${x}", "https://a:b", "https:///x", "https://:80", "https://exa<mple.com", "https://exa%3cmple.com/",
		"http://h:99999", "http://h:0", "http://h:", "http://a..b", "http://-h-/", "http://" + strings.Repeat("a.", 150) + "b", "http://a/b/../c", "http://a/%2e%2e/c", "http://a/./c"} {
		if CheckRoot(root) == nil {
			t.Errorf("CheckRoot(%q) accepts it", root)
		}
	}
}

// A host that one resolver takes for an address and another for a name goes nowhere.
func TestCheckRootNamesTheHost(t *testing.T) {
	const digits, zone = "url has a host of digits that is no IP address", "url must not have a zone"
	tests := map[string]string{
		"http://127.1/": digits, "http://2130706433": digits, "http://0x7f000001/x": digits, "http://0177.0.0.1": digits,
		"http://127.0.0.1./": digits, "https://api.example.1": digits, "https://api.example.0x": digits, "http://1.2.3.4.5": digits,
		"http://256.0.0.1:80": digits, "http://010.0.0.1": digits, "http://a.0XFF.": digits,
		"http://[fe80::1%25eth0]/": zone, "http://[fe80::1%25]/": "url is not a valid URL", "http://[::1%251]:80": zone,
		"http://[127.0.0.1]/": "url is not a valid URL", "http://[::ffff:127.0.0.1]/": "", "http://0x7g.example": "", "http://1e100.net": "", "http://a.0xg": "",
		"http://xn--bcher-kva.example": "", "http://127.0.0.1.nip.example": "", "http://1.example": "",
		"http://１２７.0.0.1/": digits, "http://bücher.example": "url must name a host", "http://127。0。0。1": "url must name a host",
	}
	for root, want := range tests {
		err := CheckRoot(root)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("CheckRoot(%q): %v, want %q", root, err, want)
		}
	}
}

func TestCheckSuffix(t *testing.T) {
	tests := []struct {
		root, beginning string
		empty, ok       bool
	}{
		{"https://a", "", true, true},
		{"https://a", "/x", false, true},
		{"https://a", "?x", false, true},
		{"https://a", "", false, false}, // begins with a placeholder
		{"https://a", "x", false, false},
		{"https://a/", "x", false, true},
		{"https://a?k=v", "&x", false, true},
		{"https://a/api", "", false, true},
	}
	for _, test := range tests {
		if err := CheckSuffix(test.root, test.beginning, test.empty); (err == nil) != test.ok {
			t.Errorf("CheckSuffix(%q, %q, %v): %v", test.root, test.beginning, test.empty, err)
		}
	}
}

func TestJoinNotes(t *testing.T) {
	tests := []struct {
		root, beginning string
		note            bool
	}{
		{"https://a/api", "/x", false},
		{"https://a/api/", "x", false},
		{"https://a/api/", "/x", true},
		{"https://a/api", "x", true},
		{"https://a/api", "?x", false},
		{"https://a/api?k=v", "&x", false},
		{"https://a/api", "", false},
	}
	for _, test := range tests {
		if note := JoinNotes(test.root, test.beginning); (note != "") != test.note {
			t.Errorf("JoinNotes(%q, %q) = %q", test.root, test.beginning, note)
		}
	}
}

func TestCheckTokenURL(t *testing.T) {
	for _, endpoint := range []string{"https://login.example.com/oauth2/token", "http://10.0.0.1:8080", "https://[2001:db8::1]/t?tenant=a"} {
		if err := CheckTokenURL(endpoint); err != nil {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
	for endpoint, want := range map[string]string{
		"":                                  "tokenURL must start with http",
		"login.example.com/token":           "tokenURL must start with http",
		"ftp://login.example.com":           "tokenURL must start with http",
		"https://canary:pw@login.example":   "tokenURL must not contain user information",
		"https://":                          "tokenURL must name a host",
		"https://127.1/":                    "tokenURL has a host of digits",
		"https://[fe80::1%25eth0]/":         "tokenURL must not have a zone",
		"https://login.example.com:0/":      "tokenURL has a port",
		"https://login.example.com/#canary": "tokenURL must not contain a fragment",
		"https://login.example.com/a b":     "tokenURL must have only printable ASCII",
		"https://login.example.com/é":       "tokenURL must have only printable ASCII",
		"https://login.example.com/a/../b":  "tokenURL must not have . or ..",
	} {
		err := CheckTokenURL(endpoint)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v, want an error with %q", endpoint, err, want)
		}
	}
}
