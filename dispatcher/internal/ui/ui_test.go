package ui

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// answer is an answer that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask performs a request of the page's handler.
func ask(t *testing.T, method, path string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// assets are the files that the page refers to.
func assets(t *testing.T) []string {
	t.Helper()
	found := regexp.MustCompile(`(?:src|href)="(/ui/[^"]*)"`).FindAllStringSubmatch(ask(t, "GET", Path).body, -1)
	var paths []string
	for _, m := range found {
		paths = append(paths, m[1])
	}
	if len(paths) != 4 {
		t.Fatalf("the page refers to %q, not to a style, an icon and two scripts", paths)
	}
	return paths
}

// TestWhatThePageRefersToIsThere: the page and its files fit together, and each has the
// type by which a browser takes it.
func TestWhatThePageRefersToIsThere(t *testing.T) {
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	for _, path := range assets(t) {
		response := ask(t, "GET", path)
		if want := types[path[strings.LastIndexByte(path, '.'):]]; response.status != http.StatusOK || response.header.Get("Content-Type") != want {
			t.Errorf("%s: status %d, Content-Type %q, want %q", path, response.status, response.header.Get("Content-Type"), want)
		}
		if got := response.header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control is %q though its name changes with its content", path, got)
		}
	}
	page := ask(t, "GET", Path)
	if got := page.header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("the page's Cache-Control is %q: an old page would ask for files that are gone", got)
	}
	if text := ask(t, "GET", "/ui/licenses.txt").body; !strings.Contains(text, "preact") || !strings.Contains(text, "uplot") {
		t.Error("the licences of the packages in the page are not told")
	}
}

// TestSecurityHeaders: every answer, errors too, keeps scripts, styles, frames and other
// sites out, and nothing of the page would need more than that.
func TestSecurityHeaders(t *testing.T) {
	for _, path := range append(assets(t), Path, "/ui/nothing") {
		h := ask(t, "GET", path).header
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
	for _, unsafe := range []string{"unsafe-inline", "unsafe-eval", "*", "http:", "https:"} {
		if strings.Contains(policy, unsafe) {
			t.Errorf("the policy allows %s", unsafe)
		}
	}
	page := ask(t, "GET", Path).body
	if inline := regexp.MustCompile(`<script[^>]*>[^<]|<style|\sstyle=|\son[a-z]+=|https?://`).FindString(page); inline != "" {
		t.Errorf("the page has %q, which its policy forbids", inline)
	}
}

// TestOnlyReading: nothing but GET and HEAD, and nothing but the files.
func TestOnlyReading(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/ui/", 200}, {"HEAD", "/ui/", 200}, {"POST", "/ui/", 405}, {"DELETE", "/ui/licenses.txt", 405}, {"OPTIONS", "/ui/", 405},
		{"GET", "/ui/index.html", 404}, {"GET", "/ui/dist/index.html", 404}, {"GET", "/ui/assets/", 404}, {"GET", "/ui/../ui.go", 404}, {"GET", "/ui/src/main.jsx", 404},
	} {
		response := ask(t, c.method, c.path)
		if response.status != c.status {
			t.Errorf("%s %s: status %d, want %d", c.method, c.path, response.status, c.status)
		}
		if c.status == 405 && response.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow is %q", c.method, c.path, response.header.Get("Allow"))
		}
		if c.method == "HEAD" && response.body != "" {
			t.Errorf("HEAD is answered with a body of %d bytes", len(response.body))
		}
	}
}

// TestCompression: who takes gzip gets it, the same bytes inside, and who does not gets
// them as they are.
func TestCompression(t *testing.T) {
	total := 0
	for _, path := range append(assets(t), Path) {
		plain := ask(t, "GET", path)
		if plain.header.Get("Content-Encoding") != "" || plain.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: without Accept-Encoding the headers are %v", path, plain.header)
		}
		text := plain.body
		zipped := ask(t, "GET", path, "Accept-Encoding", "br, gzip;q=0.8")
		if zipped.header.Get("Content-Encoding") != "gzip" {
			if len(text) > 200 { // less does not get smaller
				t.Errorf("%s: not compressed", path)
			}
			continue
		}
		body := zipped.body
		total += len(body)
		unzip, err := gzip.NewReader(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if unzipped, err := io.ReadAll(unzip); err != nil || string(unzipped) != text {
			t.Errorf("%s: what is compressed is something else", path)
		}
		if zipped.header.Get("ETag") == plain.header.Get("ETag") {
			t.Errorf("%s: both forms have the same ETag", path)
		}
		for _, none := range []string{"gzip;q=0", "identity", "gzipped", "br"} {
			if got := ask(t, "GET", path, "Accept-Encoding", none).header.Get("Content-Encoding"); got != "" {
				t.Errorf("%s: with Accept-Encoding %q the encoding is %q", path, none, got)
			}
		}
	}
	if most := 150 << 10; total > most {
		t.Errorf("the page takes %d bytes over the network, more than %d", total, most)
	}
	t.Logf("the page takes %d bytes over the network", total)
}

// TestNotModified: a browser that has a file is told so, in the form that it has.
func TestNotModified(t *testing.T) {
	for _, encoding := range []string{"gzip", "identity"} {
		tag := ask(t, "GET", Path, "Accept-Encoding", encoding).header.Get("ETag")
		for list, status := range map[string]int{tag: 304, "W/" + tag: 304, `"a", ` + tag: 304, "*": 304, `"a"`: 200} {
			response := ask(t, "GET", Path, "Accept-Encoding", encoding, "If-None-Match", list)
			if response.status != status {
				t.Errorf("%s, If-None-Match %s: status %d, want %d", encoding, list, response.status, status)
			}
			if status == 304 && (response.body != "" || response.header.Get("Content-Encoding") != "") {
				t.Errorf("%s, If-None-Match %s: the answer has content", encoding, list)
			}
		}
	}
}
