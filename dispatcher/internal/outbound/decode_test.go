package outbound

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// compressed is a text in a coding; "raw" is that of deflate without zlib.
func compressed(t testing.TB, coding, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw":
		w, _ = flate.NewWriter(&b, flate.DefaultCompression)
	}
	_, _ = io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// noise is a text that cannot be compressed.
func noise(size int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func TestSendDecodes(t *testing.T) {
	members := func(size int) string {
		empty := compressed(t, "gzip", "")
		return strings.Repeat(empty, size/len(empty)+1)
	}
	const text = `{"answer":"thanks, thanks, thanks"}`
	zipped := compressed(t, "gzip", text)
	tests := []struct {
		name      string
		encodings []string
		body      string
		kept      string
		cut       bool
		undecoded bool
		reused    bool
	}{
		{"gzip", []string{"gzip"}, zipped, text, false, false, true},
		{"its old name, in upper case", []string{" X-GZIP "}, zipped, text, false, false, true},
		{"two members", []string{"gzip"}, zipped + zipped, text + text, false, false, true},
		{"deflate", []string{"deflate"}, compressed(t, "deflate", text), text, false, false, true},
		{"deflate without zlib", []string{"deflate"}, compressed(t, "raw", text), text, false, false, true},
		{"identity", []string{"identity"}, text, text, false, false, true},
		{"none named", []string{" , "}, text, text, false, false, true},
		{"twice", []string{"gzip, identity, gzip"}, compressed(t, "gzip", zipped), text, false, false, true},
		{"in two headers", []string{"deflate", "gzip"}, compressed(t, "gzip", compressed(t, "deflate", text)), text, false, false, true},
		{"three times", []string{"gzip, gzip, gzip"}, zipped, "", true, true, true},
		{"unknown", []string{"br"}, text, "", true, true, true},
		{"unknown beside a known one", []string{"zstd, gzip"}, zipped, "", true, true, true},
		{"unknown and endless", []string{"br"}, noise(maxBody + 1), "", true, true, false},
		{"unknown and empty", []string{"br"}, "", "", false, false, true},
		{"announced and empty", []string{"gzip"}, "", "", false, false, true},
		{"compressed and empty", []string{"gzip"}, compressed(t, "gzip", ""), "", false, false, true},
		{"not compressed", []string{"gzip"}, text, "", true, false, true},
		{"not deflated", []string{"deflate"}, "\xff" + text, "", true, false, true},
		{"one byte", []string{"deflate"}, "x", "", true, false, true},
		{"half a header", []string{"gzip"}, zipped[:5], "", true, false, true},
		{"breaks off", []string{"gzip"}, zipped[:len(zipped)-8], text, true, false, true},
		{"wrong sum", []string{"gzip"}, zipped[:len(zipped)-8] + "\x00\x00\x00\x00\x00\x00\x00\x00", text, true, false, true},
		{"something after it", []string{"deflate"}, compressed(t, "deflate", text) + noise(10_000), text, false, false, true},
		{"all that is kept", []string{"gzip"}, compressed(t, "gzip", noise(KeptBody)), noise(KeptBody), false, false, true},
		{"more than is kept", []string{"gzip"}, compressed(t, "gzip", strings.Repeat("a", KeptBody+1)), strings.Repeat("a", KeptBody), true, false, true},
		{"more than is read", []string{"gzip"}, compressed(t, "gzip", strings.Repeat("a", maxBody+1)), strings.Repeat("a", KeptBody), true, false, true},
		{"more than is read, within another", []string{"gzip, gzip"}, compressed(t, "gzip", compressed(t, "gzip", strings.Repeat("a", 50<<20))), strings.Repeat("a", KeptBody), true, false, true},
		{"more than is read, hardly compressed", []string{"gzip"}, compressed(t, "gzip", noise(maxBody+100)), noise(KeptBody), true, false, false},
		{"half a megabyte of empty members, compressed", []string{"gzip, gzip"}, compressed(t, "gzip", members(maxBody/2)+zipped), text, false, false, true},
		{"a megabyte of those", []string{"gzip, gzip"}, compressed(t, "gzip", members(maxBody)+zipped), "", true, false, true},
		{"empty members without end", []string{"gzip"}, members(maxBody), "", true, false, false},
	}
	for _, tt := range tests {
		for _, announced := range []bool{true, false} {
			t.Run(tt.name+", announced "+strconv.FormatBool(announced), func(t *testing.T) {
				var peers []string
				address := serve(t, func(w http.ResponseWriter, r *http.Request) {
					peers = append(peers, r.RemoteAddr)
					w.Header()["Content-Encoding"] = tt.encodings
					if announced {
						w.Header().Set("Content-Length", strconv.Itoa(len(tt.body)))
					}
					w.WriteHeader(http.StatusCreated)
					_ = http.NewResponseController(w).Flush()
					_, _ = io.WriteString(w, tt.body)
				})
				s := newSender(t)
				for range 2 { // the second with decompressors used before
					got := s.Send(t.Context(), request(t, "GET", address))
					if got.Reason != plan.ReasonSuccess || string(got.Body) != tt.kept || got.BodyCut != tt.cut || got.BodyUndecoded != tt.undecoded {
						t.Fatalf("%s: %.50q, %d bytes kept, cut %v, undecoded %v", got.Reason, got.Body, len(got.Body), got.BodyCut, got.BodyUndecoded)
					}
					if strings.Join(got.Header["Content-Encoding"], ";") != strings.TrimSpace(strings.Join(tt.encodings, ";")) {
						t.Errorf("Content-Encoding %q, want it as it came", got.Header["Content-Encoding"])
					}
				}
				if reused := peers[0] == peers[1]; reused != tt.reused {
					t.Errorf("connection used again: %v, want %v", reused, tt.reused)
				}
			})
		}
	}
}

// TestSendDecodesNothingWithoutRoom: the answer decides as ever.
func TestSendDecodesNothingWithoutRoom(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip, deflate")
		_, _ = io.WriteString(w, compressed(t, "deflate", compressed(t, "gzip", "thanks")))
	})
	r := request(t, http.MethodGet, address)
	asked := 0
	r.Room = func(size int) bool { asked += size; return false }
	got := newSender(t).Send(t.Context(), r)
	if got.StatusCode != 200 || len(got.Body) > 0 || !got.BodyUndecoded || asked != 2*KeptBody+2*decoderSize {
		t.Errorf("status %d, body %q, undecoded %v, asked for %d", got.StatusCode, got.Body, got.BodyUndecoded, asked)
	}
}
