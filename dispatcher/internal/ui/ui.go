package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Path is where the page is.
const Path = "/ui/"

// assetsPath is where the files are whose names have a hash.
const assetsPath = Path + "assets/"

// policy is the Content-Security-Policy. Nothing is allowed that the page does not
// need; there are no inline scripts and styles, and no HTML is made of text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"

//go:embed dist
var dist embed.FS

// file is a file as it is served.
type file struct {
	mediaType string
	caching   string
	tag       string // the ETag, of the content before compression
	content   []byte
	zipped    []byte // by gzip; nil if that is not smaller
}

// files are those of dist by their paths, compressed once.
var files = sync.OnceValue(func() map[string]*file {
	all := map[string]*file{}
	err := fs.WalkDir(dist, "dist", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := dist.ReadFile(name)
		if err != nil {
			return err
		}
		where := Path + strings.TrimPrefix(name, "dist/")
		if where == Path+"index.html" {
			where = Path
		}
		all[where] = newFile(where, content)
		return nil
	})
	if err != nil {
		panic(fmt.Sprintf("ui: the files of the page in this program cannot be read: %v", err)) // they are part of it
	}
	return all
})

// newFile is a file with what is known of it before anybody asks.
func newFile(where string, content []byte) *file {
	sum := sha256.Sum256(content)
	f := &file{content: content, caching: "no-cache", tag: `"` + hex.EncodeToString(sum[:16]) + `"`}
	if strings.HasPrefix(where, assetsPath) {
		f.caching = "public, max-age=31536000, immutable"
	}
	switch extension := path.Ext(where); extension {
	case "":
		f.mediaType = "text/html; charset=utf-8"
	case ".txt":
		f.mediaType = "text/plain; charset=utf-8"
	default:
		f.mediaType = mime.TypeByExtension(extension) // .js, .css and .svg are known on every system
	}
	var b bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
	_, _ = zip.Write(content)                               // a buffer takes all
	_ = zip.Close()
	if b.Len() < len(content) {
		f.zipped = b.Bytes()
	}
	return f
}

// Handler serves the page. It is for the path [Path] and those below; it answers GET and
// HEAD, needs no access, and is safe for concurrent use.
func Handler() http.Handler {
	all := files()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the page is only read: GET or HEAD", http.StatusMethodNotAllowed)
			return
		}
		f, ok := all[r.URL.Path]
		if !ok {
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, "the page has no such file; it is at "+Path, http.StatusNotFound)
			return
		}
		f.serve(w, r)
	})
}

// secure sets the headers that all answers have.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// serve answers with the file, or that the browser has it.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", f.caching)
	h.Set("Vary", "Accept-Encoding")
	content, tag := f.content, f.tag
	if f.zipped != nil && takesGzip(r.Header) {
		content, tag = f.zipped, f.tag[:len(f.tag)-1]+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", tag)
	if has(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.mediaType)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(content) // an error is the reader's, who has gone
	}
}

// has reports whether If-None-Match names the tag (RFC 9110, section 13.1.2).
func has(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// takesGzip reports whether the reader takes gzip (RFC 9110, section 12.5.3).
func takesGzip(h http.Header) bool {
	for one := range strings.SplitSeq(strings.Join(h["Accept-Encoding"], ","), ",") {
		coding, parameter, _ := strings.Cut(one, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		name, weight, found := strings.Cut(strings.TrimSpace(parameter), "=")
		if !found || !strings.EqualFold(strings.TrimSpace(name), "q") {
			return true
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
		return err == nil && q > 0
	}
	return false
}
