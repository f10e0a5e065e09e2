package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// manifestPath lists what is in the vendor folder.
const manifestPath = vendorDir + "/vendor.json"

// maxPackage bounds a package, unpacked, in bytes.
const maxPackage = 64 << 20

// manifest is the content of vendor.json.
type manifest struct {
	Packages []npmPackage `json:"packages"`
}

// npmPackage is one package from the registry of npm.
type npmPackage struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	License string `json:"license"`
	// Integrity is that of the package's archive, as npm gives it.
	Integrity string `json:"integrity"`
	// Files are those that are kept of it, with the SHA-256 of each; -vendor fills the
	// sums in.
	Files map[string]string `json:"files"`
}

// readManifest reads vendor.json.
func readManifest() (*manifest, error) {
	content, err := os.ReadFile(manifestPath)
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(content, &m); err != nil {
		return nil, fmt.Errorf("read %s: %w", manifestPath, err)
	}
	return &m, nil
}

// vendor gets the packages of vendor.json and keeps the files that it names.
func vendor(ctx context.Context) error {
	m, err := readManifest()
	if err != nil {
		return err
	}
	for _, p := range m.Packages {
		files, err := download(ctx, p.Name+"@"+p.Version, p.Integrity)
		if err != nil {
			return err
		}
		dir := filepath.Join(vendorDir, filepath.FromSlash(p.Name))
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		for name := range p.Files {
			content, ok := files[name]
			if !ok {
				return fmt.Errorf("package %s@%s has no file %s", p.Name, p.Version, name)
			}
			if err := put(filepath.Join(dir, filepath.FromSlash(name)), content); err != nil {
				return err
			}
			p.Files[name] = sum(content)
		}
	}
	content, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(manifestPath, append(content, '\n'), 0o644)
}

// vendorIsWhole fails if a file of the vendor folder is not the one that vendor.json
// has the sum of.
func vendorIsWhole() error {
	m, err := readManifest()
	if err != nil {
		return err
	}
	for _, p := range m.Packages {
		for _, name := range slices.Sorted(maps.Keys(p.Files)) {
			path := filepath.Join(vendorDir, filepath.FromSlash(p.Name), filepath.FromSlash(name))
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if sum(content) != p.Files[name] {
				return fmt.Errorf("%s is not what package %s@%s has; run go run ./hack/ui -vendor", path, p.Name, p.Version)
			}
		}
	}
	return nil
}

// licenses are the texts that go with the packages, which the page shows.
func licenses() ([]byte, error) {
	m, err := readManifest()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("This page is part of webhook-operator and contains the following packages.\n")
	for _, p := range m.Packages {
		text, err := os.ReadFile(filepath.Join(vendorDir, filepath.FromSlash(p.Name), "LICENSE"))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "\n%s\n%s %s (%s)\n\n%s\n", strings.Repeat("-", 72), p.Name, p.Version, p.License, bytes.TrimSpace(text))
	}
	return b.Bytes(), nil
}

// fetchFile puts one file of a package at a path, unless it is there already.
func fetchFile(ctx context.Context, path, spec, integrity, name string) error {
	stamp := path + ".integrity"
	if had, err := os.ReadFile(stamp); err == nil && string(had) == integrity+" "+name {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
	}
	files, err := download(ctx, spec, integrity)
	if err != nil {
		return err
	}
	content, ok := files[name]
	if !ok {
		return fmt.Errorf("package %s has no file %s", spec, name)
	}
	if err := put(path, content); err != nil {
		return err
	}
	return put(stamp, []byte(integrity+" "+name))
}

// download gets a package with npm and unpacks it in memory. Nothing of it is run.
func download(ctx context.Context, spec, integrity string) (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "hack-ui-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	pack := exec.CommandContext(ctx, "npm", "pack", spec, "--silent", "--ignore-scripts", "--pack-destination", dir)
	out, err := pack.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("npm is needed to get " + spec + ", and not found; install Node.js")
	}
	if err != nil {
		return nil, fmt.Errorf("npm pack %s: %w: %s", spec, err, bytes.TrimSpace(out))
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return nil, fmt.Errorf("npm pack %s left %d archives instead of one", spec, len(archives))
	}
	archive, err := os.ReadFile(archives[0])
	if err != nil {
		return nil, err
	}
	digest := sha512.Sum512(archive)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(digest[:]); got != integrity {
		return nil, fmt.Errorf("package %s has the integrity %s, not %s: it is not what was looked at", spec, got, integrity)
	}
	return unpack(archive)
}

// unpack reads the files of a package's archive, by their paths in the package.
func unpack(archive []byte) (map[string][]byte, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for entries := tar.NewReader(io.LimitReader(unzipped, maxPackage)); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		_, name, _ := strings.Cut(header.Name, "/") // below "package/"
		if files[name], err = io.ReadAll(entries); err != nil {
			return nil, err
		}
	}
}

// put writes a file and makes its folder.
func put(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

// sum is the SHA-256 of content.
func sum(content []byte) string {
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}
