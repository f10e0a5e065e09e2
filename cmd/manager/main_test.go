package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/klog/v2"
)

// TestFlags: everything that ends before the manager runs says one clear
// sentence.
func TestFlags(t *testing.T) {
	t.Setenv("KUBECONFIG", "/nowhere/kubeconfig")
	for _, tt := range []struct {
		name   string
		args   []string
		stdout string
		err    string
	}{
		{"version", []string{"--version"}, "dev\n", ""},
		{"help", []string{"--help"}, "-control-socket", ""},
		{"no socket", nil, "", "--control-socket is missing"},
		{"unknown flag", []string{"--sokcet=x"}, "", "flag provided but not defined: -sokcet; see --help"},
		{"bad level", []string{"--log-level=LOUD"}, "", `invalid value "LOUD" for flag -log-level`},
		{"argument", []string{"run"}, "", `unexpected argument "run"; see --help`},
		{"no namespace", []string{"--control-socket=/tmp/x.sock"}, "", "set --namespace, or run inside a cluster"},
		{"bad namespace", []string{"--control-socket=/tmp/x.sock", "--namespace=a/b"}, "", `--namespace "a/b" is no name of a namespace: `},
		{"bad service", []string{"--control-socket=/tmp/x.sock", "--namespace=a", "--service-name=a.b"}, "", `--service-name "a.b" is no name of a Service: `},
		{"no service", []string{"--control-socket=/tmp/x.sock", "--namespace=a", "--service-name="}, "", `--service-name "" is no name of a Service: `},
		{"bad secret", []string{"--control-socket=/tmp/x.sock", "--namespace=a", "--serving-secret=A"}, "", `--serving-secret "A" is no name of a Secret: `},
		{"bad metrics address", []string{"--control-socket=/tmp/x.sock", "--namespace=a", "--metrics-address=8444"}, "", `--metrics-address "8444" is not of the form host:port`},
		{"no API server", []string{"--control-socket=/tmp/x.sock", "--namespace=a"}, "", "find the API server"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := run(t.Context(), tt.args, &stdout, &stderr)
			switch {
			case tt.err == "" && err != nil:
				t.Errorf("error: %v", err)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "\n")):
				t.Errorf("error %q, want one line with %q", err, tt.err)
			}
			if !strings.Contains(stdout.String(), tt.stdout) {
				t.Errorf("stdout %q, want %q in it", stdout.String(), tt.stdout)
			}
			if stderr.Len() > 0 {
				t.Errorf("stderr: %s", stderr.String())
			}
		})
	}
}

// TestLogs: what the libraries have to say is JSON, too.
func TestLogs(t *testing.T) {
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	const config = `{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: a, cluster: {server: "http://127.0.0.1:1"}}], contexts: [{name: a, context: {cluster: a}}]}`
	if err := os.WriteFile(kubeconfig, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	var stderr bytes.Buffer
	if err := run(t.Context(), []string{"--control-socket=" + filepath.Join(dir, "c"), "--namespace=a"}, io.Discard, &stderr); err == nil {
		t.Fatal("there is no API server, and the manager ran")
	}
	klog.ErrorS(errors.New("as a reflector has"), "Failed to watch")
	if !strings.Contains(stderr.String(), "as a reflector has") {
		t.Errorf("what client-go says is not in the log: %s", stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is no JSON: %s", line)
		}
	}
}
