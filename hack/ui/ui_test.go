package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inACopy runs the test in a copy of what the page is made of.
func inACopy(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, root), os.DirFS(filepath.Join("..", "..", root))); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
}

// TestCheck: what is committed is what the sources give, in any folder, and a change of
// the sources, of the output or of a package is noticed.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		path, old, new string
		want           string
	}{
		"as committed":         {},
		"a source changed":     {sourceDir + "/login.jsx", "Log in", "Sign in", "is not what the sources give"},
		"the output changed":   {distDir + "/index.html", "<title>", "<title>x", "index.html"},
		"a package changed":    {vendorDir + "/preact/dist/preact.mjs", "var ", "var  ", "is not what package preact@"},
		"a source is broken":   {sourceDir + "/login.jsx", "return <div", "return <<div", "bundle main.jsx"},
		"a placeholder is new": {sourceDir + "/index.html", "{{app.js}}", "{{other.js}}", "has a placeholder that nothing fills"},
	} {
		t.Run(name, func(t *testing.T) {
			inACopy(t)
			if c.path != "" {
				text, err := os.ReadFile(c.path)
				if err != nil || !strings.Contains(string(text), c.old) {
					t.Fatalf("%s has no %q to change: %v", c.path, c.old, err)
				}
				if err := os.WriteFile(c.path, []byte(strings.Replace(string(text), c.old, c.new, 1)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			err := run([]string{"-check"})
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("the error is %v, which should say %q", err, c.want)
			}
		})
	}
}

// TestCheckNoticesOtherFiles: a file in dist that no source gives would be served.
func TestCheckNoticesOtherFiles(t *testing.T) {
	inACopy(t)
	if err := os.WriteFile(distDir+"/old.js", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-check"}); err == nil || !strings.Contains(err.Error(), "old.js") {
		t.Errorf("the error is %v", err)
	}
	if err := run(nil); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-check"}); err != nil {
		t.Errorf("after building: %v", err)
	}
}

// TestUnpack reads an archive as npm packs them.
func TestUnpack(t *testing.T) {
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	archive := tar.NewWriter(zip)
	for name, text := range map[string]string{"package/LICENSE": "MIT", "package/dist/a.mjs": "export {}"} {
		if err := archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := unpack(b.Bytes())
	if err != nil || string(files["LICENSE"]) != "MIT" || string(files["dist/a.mjs"]) != "export {}" {
		t.Errorf("got %q, %v", files, err)
	}
	if _, err := unpack([]byte("no archive")); err == nil {
		t.Error("what is no archive is read as one")
	}
}
