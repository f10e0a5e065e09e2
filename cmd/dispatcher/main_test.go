package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestFlags: everything that ends before the dispatcher runs says one clear
// sentence.
func TestFlags(t *testing.T) {
	dir := t.TempDir()
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
		{"everybody", []string{"--store-dir=" + dir, "--control-socket=/tmp/x.sock", "--listen=:0"}, "", "set --insecure-listen"},
		{"unknown flag", []string{"--sotre-dir=x"}, "", "flag provided but not defined: -sotre-dir; see --help"},
		{"bad level", []string{"--log-level=LOUD"}, "", `invalid value "LOUD" for flag -log-level`},
		{"argument", []string{"run"}, "", `unexpected argument "run"; see --help`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := run(t.Context(), test.args, &stdout, &stderr)
			switch {
			case test.err == "" && err != nil:
				t.Errorf("error: %v", err)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "\n")):
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
