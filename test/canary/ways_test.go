//go:build linux

package canary

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
)

// way writes an answer; nothing if the connection is to be closed.
type way func(*exchange) string

// ways are how a receiver tells what it knows.
var ways = map[string]way{
	"plain":      plainly,
	"json":       body("200 OK", jsonOf),
	"json-twice": body("200 OK", func(text string) string { return jsonOf(jsonOf(text)) }),
	"unicode":    body("200 OK", func(text string) string { return each(text, `\u%04x`) }),
	"base64-0":   body("200 OK", func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }),
	"base64-1":   body("200 OK", func(text string) string { return base64.StdEncoding.EncodeToString([]byte("x" + text)) }),
	"base64-2":   body("200 OK", func(text string) string { return base64.StdEncoding.EncodeToString([]byte("xy" + text)) }),
	"base64-url": body("200 OK", func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }),
	"query":      body("200 OK", url.QueryEscape),
	"path":       body("200 OK", url.PathEscape),
	"percent":    body("200 OK", func(text string) string { return bytesAs(text, "%%%02x") }),
	"form":       body("200 OK", func(text string) string { return "echo=" + url.QueryEscape(jsonOf(text)) }),
	"gzip": func(e *exchange) string {
		return answer("200 OK", "Content-Encoding: gzip\r\n", string(gzipped([]byte(e.told()))))
	},
	"deflate":        func(e *exchange) string { return answer("200 OK", "Content-Encoding: deflate\r\n", deflated(e.told())) },
	"unknown-coding": func(e *exchange) string { return answer("200 OK", "Content-Encoding: br\r\n", e.told()) },

	// In the head.
	"header": func(e *exchange) string { return answer("200 OK", headers(e, "X-Echo", asIs), "") },
	"header-encoded": func(e *exchange) string {
		return answer("200 OK", headers(e, "X-Percent", url.QueryEscape)+headers(e, "X-JSON", jsonOf)+headers(e, "X-Base64", func(text string) string {
			return base64.StdEncoding.EncodeToString([]byte("," + text))
		}), "")
	},
	"cookie": func(e *exchange) string { return answer("200 OK", headers(e, "Set-Cookie", asIs), "") },
	"header-name": func(e *exchange) string {
		var lines strings.Builder
		for _, v := range e.values {
			if isToken(v) {
				fmt.Fprintf(&lines, "%s: x\r\nX-Your-%s: x\r\n", v, v)
			}
		}
		return answer("200 OK", lines.String(), "")
	},
	"location": func(e *exchange) string {
		return answer("302 Found", headers(e, "Location", func(v string) string { return "/login?from=" + url.QueryEscape(v) }), e.told())
	},
	"location-as-is": func(e *exchange) string { return answer("307 Temporary Redirect", headers(e, "Location", asIs), "") },
	"reason":         func(e *exchange) string { return answer("200 "+e.line(), "", e.told()) },
	"reason-error":   func(e *exchange) string { return answer("599 "+e.line(), "", e.told()) },
	"early": func(e *exchange) string {
		return "HTTP/1.1 103 " + e.line() + "\r\n" + headers(e, "Link", asIs) + "\r\n" + plainly(e)
	},
	"switching": func(e *exchange) string {
		return "HTTP/1.1 101 " + e.line() + "\r\nConnection: upgrade\r\nUpgrade: " + e.line() + "\r\n\r\n" + e.told()
	},
	"content-type":     func(e *exchange) string { return answer("200 OK", headers(e, "Content-Type", asIs), e.told()) },
	"content-encoding": func(e *exchange) string { return answer("200 OK", headers(e, "Content-Encoding", asIs), e.told()) },
	"retry-after": func(e *exchange) string {
		return answer("429 Too Many Requests", headers(e, "Retry-After", asIs), e.told())
	},
	"trailer": func(e *exchange) string {
		return "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Echo\r\n\r\n1\r\nx\r\n0\r\n" + headers(e, "X-Echo", asIs) + "\r\n"
	},

	// Not HTTP.
	"malformed-status":  func(e *exchange) string { return e.line() + "\r\n\r\n" },
	"malformed-version": func(e *exchange) string { return "HTTP/" + e.line() + " 200 OK\r\n\r\n" },
	"malformed-code":    func(e *exchange) string { return "HTTP/1.1 " + e.line() + "\r\n\r\n" },
	"malformed-header": func(e *exchange) string {
		return "HTTP/1.1 200 OK\r\n" + strings.ReplaceAll(e.line(), ":", "") + "\r\n\r\n"
	},
	"malformed-name":   func(e *exchange) string { return "HTTP/1.1 200 OK\r\n" + e.line() + ": x\r\n\r\n" },
	"malformed-length": func(e *exchange) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + e.line() + "\r\n\r\n" },
	"two-lengths": func(e *exchange) string {
		return "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: " + e.line() + "\r\n\r\n"
	},
	"malformed-encoding": func(e *exchange) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + e.line() + "\r\n\r\n" },
	"malformed-chunk": func(e *exchange) string {
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + e.line() + "\r\n"
	},
	"malformed-trailer": func(e *exchange) string {
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + e.line() + "\r\n\r\n"
	},
	"malformed-gzip": func(e *exchange) string { return answer("200 OK", "Content-Encoding: gzip\r\n", e.told()) },
	"early-end":      func(e *exchange) string { return "HTTP/1.1 200 OK\r\nX-Echo: " + e.line() },
	"unasked": func(e *exchange) string { // after an answer, on a connection that is kept
		return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + e.told()
	},

	// Statuses.
	"bad-request": body("400 Bad Request", asIs),
	"unauthorized": func(e *exchange) string {
		return answer("401 Unauthorized", headers(e, "WWW-Authenticate", asIs), e.told())
	},
	"gone":  body("410 Gone", asIs),
	"busy":  body("429 Too Many Requests", asIs),
	"error": body("500 Internal Server Error", asIs),
	"again": func(e *exchange) string { // an error first
		if e.again {
			return plainly(e)
		}
		return answer("503 Service Unavailable", headers(e, "X-Echo", asIs), e.told())
	},

	// Cut off.
	"cut": func(e *exchange) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n%s", e.told()[:len(e.values[0])-3])
	},
	"large": func(e *exchange) string { // what is kept ends in the middle of a value
		const kept = 64 << 10
		return answer("200 OK", "", strings.Repeat("x", kept-len(e.values[0])*2/3)+e.told()+strings.Repeat(e.told(), 40))
	},
	"large-base64": func(e *exchange) string {
		const kept = 64 << 10
		text := base64.StdEncoding.EncodeToString([]byte(e.told()))
		return answer("200 OK", "", strings.Repeat(" ", kept-len(e.values[0]))+text)
	},
	"reset": func(e *exchange) string {
		if tcp, ok := e.conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // so that closing resets
		}
		return ""
	},
	"silence": func(e *exchange) string {
		_, _ = io.Copy(io.Discard, e.conn) // until the other side has had enough
		return ""
	},
}

// wayNames are the names of all ways, in order.
func wayNames() []string {
	var names []string
	for name := range ways {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// plainly answers with all that is known, as it is.
func plainly(e *exchange) string { return answer("200 OK", headers(e, "X-Echo", asIs), e.told()) }

// body is a way with all that is known in the body, in some form.
func body(status string, form func(string) string) way {
	return func(e *exchange) string { return answer(status, "", form(e.told())) }
}

// answer is an answer after which the connection is closed.
func answer(status, headers, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s", status, len(body), headers, body)
}

// line is all values that fit into one line.
func (e *exchange) line() string { return strings.Join(lines(e.values), " ") }

// lines are the values without line breaks.
func lines(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		return strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f })
	})
}

// headers is a header of the name for each value that fits into a line, in some form.
func headers(e *exchange, name string, form func(string) string) string {
	var b strings.Builder
	for _, v := range lines(e.values) {
		fmt.Fprintf(&b, "%s: %s\r\n", name, form(v))
	}
	return b.String()
}

func asIs(text string) string { return text }

func jsonOf(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func isToken(v string) bool { return !strings.ContainsAny(v, specialASCII+" \r\n") }

// deflated compresses without a header.
func deflated(text string) string {
	var out bytes.Buffer
	if w, err := flate.NewWriter(&out, flate.BestSpeed); err == nil {
		_, _ = io.WriteString(w, text) // a Buffer takes all
		_ = w.Close()
	}
	return out.String()
}
