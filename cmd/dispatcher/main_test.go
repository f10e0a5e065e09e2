package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher"
)

// TestFlags: everything that ends before the dispatcher runs says one clear
// sentence.
func TestFlags(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	credentials := filepath.Join(dir, "credentials")
	for name, text := range map[string]string{"": "user:SECRET\nmore\n", "-bad": "SECRET", "-empty": "", "-long": "u:" + strings.Repeat("SECRET", 1000), "-control": "u:\tSECRET"} {
		if err := os.WriteFile(credentials+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	serve := func(args ...string) []string {
		return append([]string{"--store-dir=" + dir, "--control-socket=/tmp/x.sock"}, args...)
	}
	for _, test := range []struct {
		name   string
		args   []string
		stdout string
		err    string
	}{
		{"version", []string{"--version"}, "dev\n", ""},
		{"help", []string{"--help"}, "-store-dir", ""},
		{"no store", nil, "", "set --store-dir"},
		{"no socket", []string{"--store-dir=" + dir}, "", "set --control-socket"},
		{"no port", serve("--listen=localhost"), "", `the address to listen on, "localhost", is not of the form host:port`},
		{"flag of old", serve("--listen=:0", "--insecure-listen"), "", "--insecure-listen is gone: callers are authenticated and come over TLS, so that --listen may be any address; to do without, set --insecure-no-auth and --insecure-http"},
		{"flag of old with a value", serve("-insecure-listen=true"), "", "--insecure-listen is gone"},
		{"unknown flag", []string{"--sotre-dir=x"}, "", "flag provided but not defined: -sotre-dir; see --help"},
		{"bad level", []string{"--log-level=LOUD"}, "", `invalid value "LOUD" for flag -log-level`},
		{"range that is an address", serve("--allow-cidrs=10.0.0.0/8, 10.1.2.3"), "", `"10.1.2.3" is not valid: it is an address, not a range; write 10.1.2.3/32; see --help`},
		{"range with more bits", serve("--deny-cidrs=1.1.1.1/24"), "", "write 1.1.1.0/24"},
		{"no range", serve("--deny-cidrs=1.1.1.0/24,"), "", `"" is not valid: it is not a range`},
		{"range of metadata", serve("--allow-cidrs=169.254.169.254/32"), "", "the allowed range 169.254.169.254/32 is not valid: it is a cloud metadata service, which is never allowed; see --allow-cidrs"},
		{"public range", serve("--allow-cidrs=10.0.0.0/8", "--allow-cidrs=8.8.8.0/24"), "", "it is public, so that it is allowed anyway; to refuse a range, deny it"},
		{"no host", serve("--allow-hosts=a.example,*.com"), "", `the allowed host "*.com" is not valid: a host must be`},
		{"proxy of another kind", serve("--egress-proxy=socks5://proxy"), "", "the egress proxy cannot be used: the proxy's URL must start with http:// or https://; see --egress-proxy"},
		{"proxy with credentials in it", serve("--egress-proxy=http://u:SECRET@proxy"), "", "must not contain user information"},
		{"credentials without proxy", serve("--egress-proxy-credentials=" + credentials), "", "set --egress-proxy"},
		{"credentials missing", serve("--egress-proxy=http://proxy", "--egress-proxy-credentials="+dir+"/none"), "", "no such file"},
		{"credentials are a folder", serve("--egress-proxy=http://proxy", "--egress-proxy-credentials="+dir), "", "is a directory"},
		{"credentials without password", serve("--egress-proxy=http://proxy", "--egress-proxy-credentials="+credentials+"-bad"), "", "credentials-bad, the credentials of the egress proxy, must be username:password"},
		{"credentials empty", serve("--egress-proxy=http://proxy", "--egress-proxy-credentials="+credentials+"-empty"), "", "must be username:password"},
		{"credentials too long", serve("--egress-proxy=http://proxy", "--egress-proxy-credentials="+credentials+"-long"), "", "shorter than 4096 bytes"},
		{"credentials with a tab", serve("--egress-proxy=http://proxy", "--egress-proxy-credentials="+credentials+"-control"), "", "control character"},
		{"good egress, bad address", serve("--allow-cidrs=10.0.0.0/8,fd00::/8", "--deny-cidrs=10.1.0.0/16", "--allow-hosts=*.example.com, 10.0.0.1", "--egress-proxy=http://proxy:3128", "--egress-proxy-credentials="+credentials, "--listen=here"), "", "is not of the form host:port"},
		{"collector of another kind", serve("--otlp-endpoint=collector:4317"), "", "must begin with http:// or https://"},
		{"collector with credentials in it", serve("--otlp-endpoint=https://u:SECRET@collector"), "", "put credentials into OTEL_EXPORTER_OTLP_HEADERS"},
		{"more than all traces", serve("--trace-ratio=2"), "", "is from 0 to 1, not 2"},
		{"no part of traces", serve("--trace-ratio=some"), "", `invalid value "some" for flag -trace-ratio`},
		{"calls that cannot be chosen", serve("--log-calls=some"), "", `calls are logged by all, failed or none, not by "some"`},
		{"argument", []string{"run"}, "", `unexpected argument "run"; see --help`},
		{"help names check", []string{"--help"}, "dispatcher check", ""},
		{"help names backup", []string{"--help"}, "dispatcher backup", ""},
		{"check: help", []string{"check", "--help"}, "Exit code: 0 consistent", ""},
		{"check: no store", []string{"check"}, "", "set --store-dir"},
		{"check: folder missing", []string{"check", "--store-dir", dir + "/none"}, "", "there is no folder " + dir + "/none"},
		{"check: file", []string{"check", "--store-dir", file}, "", "is a file; give the folder of a store"},
		{"check: no store in it", []string{"check", "--store-dir", dir}, "", "holds no store"},
		{"check: argument", []string{"check", dir}, "", `unexpected argument "` + dir + `"; see --help`},
		{"check: flag of others", []string{"check", "--to=x"}, "", "flag provided but not defined: -to; see --help"},
		{"backup: help", []string{"backup", "--help"}, "a path as it sees it", ""},
		{"backup: no store", []string{"backup", "--to=x"}, "", "set --store-dir"},
		{"backup: no place", []string{"backup", "--store-dir", dir}, "", "set --to"},
		{"backup: folder missing", []string{"backup", "--store-dir", dir + "/none", "--to=x"}, "", "there is no folder " + dir + "/none"},
		{"backup: file", []string{"backup", "--store-dir", file, "--to=x"}, "", "is a file; give the folder of a store"},
		{"backup: no store in it", []string{"backup", "--store-dir", dir, "--to=x"}, "", "holds no store"},
		{"backup: argument", []string{"backup", "--store-dir", dir, "x"}, "", `unexpected argument "x"; see --help`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := run(test.args, &stdout, &stderr)
			switch {
			case test.err == "" && err != nil:
				t.Errorf("error: %v", err)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "SECRET")):
				t.Errorf("error %q, want one line with %q", err, test.err)
			}
			if !strings.Contains(stdout.String(), test.stdout) {
				t.Errorf("stdout %q, want %q in it", stdout.String(), test.stdout)
			}
			if stderr.Len() > 0 {
				t.Errorf("stderr: %s", stderr.String())
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		args []string
		err  error
		want int
	}{
		{nil, errors.New("x"), 1},
		{[]string{"backup"}, errors.New("x"), 1},
		{[]string{"check"}, dispatcher.ErrInconsistent, 1},
		{[]string{"check"}, errors.New("x"), 2},
	} {
		if got := exitCode(test.args, test.err); got != test.want {
			t.Errorf("exit code of %q with %v is %d, want %d", test.args, test.err, got, test.want)
		}
	}
}
