package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	esbuild "github.com/evanw/esbuild/pkg/api"
)

// The folders of the page.
const (
	root      = "dispatcher/internal/ui"
	sourceDir = root + "/src"
	vendorDir = root + "/vendor"
	distDir   = root + "/dist"
)

// build gives the files of dist by their paths in it. The same sources give the same
// bytes, wherever the repository lies.
func build() (map[string][]byte, error) {
	files := map[string][]byte{}
	page, err := os.ReadFile(sourceDir + "/index.html")
	if err != nil {
		return nil, err
	}
	for placeholder, entry := range map[string]string{"app.js": "main.jsx", "theme.js": "theme.js", "app.css": "style/all.css"} {
		content, err := bundle(entry)
		if err != nil {
			return nil, err
		}
		page = place(files, page, placeholder, content)
	}
	icon, err := os.ReadFile(sourceDir + "/icon.svg")
	if err != nil {
		return nil, err
	}
	page = place(files, page, "icon.svg", icon)
	if left := bytes.Index(page, []byte("{{")); left >= 0 {
		return nil, fmt.Errorf("%s/index.html has a placeholder that nothing fills: %.40s", sourceDir, page[left:])
	}
	files["index.html"] = page
	if files["licenses.txt"], err = licenses(); err != nil {
		return nil, err
	}
	return files, nil
}

// place adds a file under a name that changes with its content, so that browsers may
// keep it for as long as they like, and puts its name into the page.
func place(files map[string][]byte, page []byte, name string, content []byte) []byte {
	sum := sha256.Sum256(content)
	base, extension, _ := strings.Cut(name, ".")
	hash := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
	hashed := "assets/" + base + "-" + hash + "." + extension
	files[hashed] = content
	return bytes.ReplaceAll(page, []byte("{{"+name+"}}"), []byte("/ui/"+hashed))
}

// bundle is one entry point with all that it imports.
func bundle(entry string) ([]byte, error) {
	working, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	result := esbuild.Build(esbuild.BuildOptions{
		AbsWorkingDir: working, EntryPoints: []string{"src/" + entry}, NodePaths: []string{filepath.Join(working, "vendor")},
		Bundle: true, Outdir: "out", Write: false,
		Format: esbuild.FormatIIFE, Platform: esbuild.PlatformBrowser, Target: esbuild.ES2022,
		MinifySyntax: true, MinifyWhitespace: true, MinifyIdentifiers: true,
		JSX: esbuild.JSXAutomatic, JSXImportSource: "preact", LegalComments: esbuild.LegalCommentsNone,
		TsconfigRaw: "{}", LogLevel: esbuild.LogLevelSilent,
	})
	if len(result.Errors) > 0 || len(result.Warnings) > 0 {
		all := esbuild.FormatMessages(slices.Concat(result.Errors, result.Warnings), esbuild.FormatMessagesOptions{})
		return nil, errors.New("bundle " + entry + ":\n" + strings.Join(all, ""))
	}
	if len(result.OutputFiles) != 1 {
		return nil, fmt.Errorf("bundle %s: it gives %d files instead of one; import styles by style/all.css", entry, len(result.OutputFiles))
	}
	return result.OutputFiles[0].Contents, nil
}

// write makes dist hold these files and no others.
func write(files map[string][]byte) error {
	if err := os.RemoveAll(distDir); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(distDir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// check fails if dist does not hold these files, or others.
func check(files map[string][]byte) error {
	var wrong []string
	found := map[string]bool{}
	err := fs.WalkDir(os.DirFS(distDir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		found[name] = true
		content, err := os.ReadFile(filepath.Join(distDir, filepath.FromSlash(name)))
		if want, ok := files[name]; err == nil && (!ok || !bytes.Equal(content, want)) {
			wrong = append(wrong, name)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for name := range files {
		if !found[name] {
			wrong = append(wrong, name)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("%s is not what the sources give, see %s; run make ui and commit what it changes", distDir, strings.Join(wrong, ", "))
}
