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
