//go:build linux

package canary

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
)

// forms are the ways to write a value that the searcher must see through.
var forms = map[string]func(string) string{
	"as it is":            func(v string) string { return v },
	"a piece":             func(v string) string { return v[8 : 8+window] },
	"lower case":          strings.ToLower,
	"JSON":                func(v string) string { b, _ := json.Marshal(v); return string(b) },
	"JSON, all escaped":   func(v string) string { return each(v, `\u%04x`) },
	"JSON in JSON":        func(v string) string { b, _ := json.Marshal(v); b, _ = json.Marshal(string(b)); return string(b) },
	"%q":                  func(v string) string { return fmt.Sprintf("%q", v) },
	"%+q":                 func(v string) string { return fmt.Sprintf("%+q", v) },
	"%x":                  func(v string) string { return fmt.Sprintf("%x", v) },
	"%X":                  func(v string) string { return fmt.Sprintf("%X", v) },
	"%v of bytes":         func(v string) string { return fmt.Sprintf("%v", []byte(v)) },
	"%#v of bytes":        func(v string) string { return strings.ReplaceAll(fmt.Sprintf("%v", []byte(v)), " ", ", ") },
	"hex in a dump":       func(v string) string { return "z" + hex.EncodeToString([]byte(v)) },
	"percent":             url.QueryEscape,
	"percent of a path":   url.PathEscape,
	"percent, all bytes":  func(v string) string { return bytesAs(v, "%%%02X") },
	"percent, lower case": func(v string) string { return bytesAs(v, "%%%02x") },
	"percent twice":       func(v string) string { return url.QueryEscape(url.QueryEscape(v)) },
	"base64":              func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) },
	"base64, 1 before":    func(v string) string { return base64.StdEncoding.EncodeToString([]byte("x" + v + "yy")) },
	"base64, 2 before":    func(v string) string { return base64.StdEncoding.EncodeToString([]byte("xy" + v + "y")) },
	"base64 in a word":    func(v string) string { return "abc" + base64.RawStdEncoding.EncodeToString([]byte(v)) },
	"base64 of URLs":      func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) },
	"base64 of JSON":      func(v string) string { b, _ := json.Marshal(v); return base64.StdEncoding.EncodeToString(b) },
	"percent of base64":   func(v string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(v))) },
	"HTML": func(v string) string {
		return strings.NewReplacer(`"`, "&#34;", "&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;").Replace(v)
	},
	"gzip in base64": func(v string) string { return base64.StdEncoding.EncodeToString(gzipped([]byte(v))) },
}

// TestSearcher: each form, within a line of a log, is found.
func TestSearcher(t *testing.T) {
	for name, form := range forms {
		for kind, value := range map[string]string{"text": anyText(), "bytes": string(randomBytes(32)), "name": headerName()} {
			if kind == "bytes" && (strings.Contains(name, "JSON") || name == "lower case") {
				continue // not UTF-8
			}
			s := newSearcher([]canary{{name: "another", value: anyText()}, {name: "it", value: value}})
			var log bytes.Buffer
			logger := slog.New(slog.NewJSONHandler(&log, nil))
			logger.Info("an innocent line", "header", "X-Innocent: "+anyText())
			if kind == "bytes" {
				fmt.Fprintf(&log, "a line with %s in it\n", form(value)) // slog would replace what is not UTF-8
			} else {
				logger.Info("a line", "error", "before "+form(value)+" after")
			}
			s.search("log", log.Bytes())
			if found := s.report(); len(found) == 0 || !strings.Contains(found[0], "log shows it as") {
				t.Errorf("%s as %s was not found: %q", kind, name, found)
			} else if value := strings.ToLower(value); strings.Contains(strings.ToLower(strings.Join(found, "")), value[:window]) {
				t.Errorf("%s as %s: the report shows the value", kind, name)
			}
		}
	}
}

// TestSearcherIsQuiet: what holds no canary gives no finding.
func TestSearcherIsQuiet(t *testing.T) {
	s := newSearcher([]canary{{name: "it", value: anyText()}})
	for name, form := range forms {
		s.search(name, []byte(form(anyText())))
	}
	if found := s.report(); len(found) > 0 {
		t.Error(found)
	}
}

// each writes the UTF-16 units of a text.
func each(text, format string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

// bytesAs writes the bytes of a text.
func bytesAs(text, format string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, format, text[i])
	}
	return b.String()
}

// gzipped compresses.
func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // a Buffer takes all
	_ = w.Close()
	return out.Bytes()
}
