package httpapi

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

// raw sends bytes to the API, ends its half of the connection and returns the answer.
func (w *world) raw(text string) reply {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	w.must(err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte(text))
	w.must(err)
	w.must(conn.(*net.TCPConn).CloseWrite())
	method, _, _ := strings.Cut(text, " ")
	return w.replyOn(conn, method)
}

// TestBadInput: whatever is wrong with a request, it is answered by one problem
// document with a stable type, and never by a redirect or by text.
func TestBadInput(t *testing.T) {
	w := newWorld(t)
	post := func(path, headers, body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s", path, headers, len(body), body)
	}
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }
	const redeliver, chunked = webhookPath + "/redeliver", "POST " + calls + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	id := w.ended("wh", "fail")
	since := func(rest string) string { return post(redeliver, "", `{"since": "2026-01-02T03:04:05Z"`+rest) }
	tests := []struct {
		name, request string
		status        int
		kind          string
		says          string
	}{
		{"no body", post(calls, "", ""), 400, client.ProblemInvalidData, ""},
		{"no object", post(calls, "", "[]"), 400, client.ProblemInvalidData, ""},
		{"invalid UTF-8", post(calls, "", "{\"path\": \"\xff\"}"), 400, client.ProblemInvalidData, ""},
		{"names in two cases", post(calls, "", `{"a": 1, "A": 1}`), 400, client.ProblemInvalidData, ""},
		{"gzip", post(calls, "Content-Encoding: gzip\r\n", "{}"), 415, client.ProblemUnsupportedEncoding, ""},
		{"one of two codings", post(calls, "Content-Encoding: identity, br\r\n", "{}"), 415, client.ProblemUnsupportedEncoding, ""},
		{"charset", post(calls, "Content-Type: application/json; charset=utf-16\r\n", "{}"), 415, client.ProblemUnsupportedType, ""},
		{"two types", post(calls, "Content-Type: application/json\r\nContent-Type: application/json\r\n", "{}"), 415, client.ProblemUnsupportedType, ""},
		{"form", post(calls, "Content-Type: application/x-www-form-urlencoded\r\n", "a=b"), 415, client.ProblemUnsupportedType, ""},
		{"batch to render", post(webhookPath+"/render", "Content-Type: application/x-ndjson\r\n", "{}"), 415, client.ProblemUnsupportedType, ""},
		{"two keys", post(calls, "Idempotency-Key: a\r\nIdempotency-Key: a\r\n", "{}"), 400, client.ProblemInvalidKey, ""},
		{"long key", post(calls, "Idempotency-Key: "+strings.Repeat("a", 256)+"\r\n", "{}"), 400, client.ProblemInvalidKey, ""},
		{"chunks break off", chunked + "5\r\n{\"a\"", 400, client.ProblemInvalidData, ""},
		{"chunks without the last", chunked + "2\r\n{}\r\n", 400, client.ProblemInvalidData, ""},
		{"no chunks", chunked + "{}", 400, client.ProblemInvalidData, ""},
		{"length is too long", "POST " + calls + " HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{}", 400, client.ProblemInvalidData, ""},
		{"query", post(calls+"?wait=1", "", "{}"), 400, client.ProblemInvalidQuery, ""},
		{"malformed query", get(calls + "/" + id + "?%zz"), 400, client.ProblemInvalidQuery, ""},

		{"encoded slash", get("/v1/namespaces/ns/webhooks/w%2Fh/calls/" + id), 404, client.ProblemNotFound, ""},
		{"empty name", post("/v1/namespaces/ns/webhooks//calls", "", "{}"), 404, client.ProblemNotFound, ""},
		{"empty namespace", post("/v1/namespaces//webhooks/wh/calls", "", "{}"), 404, client.ProblemNotFound, ""},
		{"dot segments", get("/v1/namespaces/ns/webhooks/other/../wh/calls/" + id), 404, client.ProblemNotFound, ""},
		{"encoded dot segments", get("/v1/namespaces/ns/webhooks/%2e%2e/calls/" + id), 404, client.ProblemNotFound, ""},
		{"slash at the end", get(calls + "/"), 404, client.ProblemNotFound, ""},
		{"large letters", post("/v1/namespaces/ns/webhooks/Wh/calls", "", "{}"), 404, client.ProblemNotFound, ""},
		{"NUL", post("/v1/namespaces/ns/webhooks/w%00h/calls", "", "{}"), 404, client.ProblemNotFound, ""},
		{"long name", post("/v1/namespaces/ns/webhooks/"+strings.Repeat("a", 254)+"/calls", "", "{}"), 404, client.ProblemNotFound, ""},
		{"elsewhere", get("/"), 404, client.ProblemNotFound, ""},
		{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404, client.ProblemNotFound, ""},
		{"no UUID", get(calls + "/17"), 404, client.ProblemUnknownCall, ""},
		{"UUID in large letters", get(calls + "/" + strings.ToUpper(id)), 404, client.ProblemUnknownCall, ""},
		{"UUID in braces", get(calls + "/%7B" + id + "%7D"), 404, client.ProblemUnknownCall, ""},
		{"UUID as URN", get(calls + "/urn:uuid:" + id), 404, client.ProblemUnknownCall, ""},
		{"UUID of another webhook", get("/v1/namespaces/ns/webhooks/raw/calls/" + id), 404, client.ProblemUnknownCall, ""},
		{"OPTIONS", "OPTIONS " + calls + " HTTP/1.1\r\nHost: x\r\n\r\n", 405, client.ProblemMethod, "POST"},
		{"PUT", "PUT " + calls + "/" + id + " HTTP/1.1\r\nHost: x\r\n\r\n", 405, client.ProblemMethod, "GET, HEAD, DELETE"},
		{"POST of the description", post("/openapi.json", "", ""), 405, client.ProblemMethod, "GET, HEAD"},

		{"redelivery with a body", post(calls+"/"+id+"/redeliver", "", "{}"), 400, client.ProblemInvalidData, "no body"},
		{"nothing", post(redeliver, "", ""), 400, client.ProblemInvalidRedelivery, "one JSON object"},
		{"a list", post(redeliver, "", "[]"), 400, client.ProblemInvalidRedelivery, "one JSON object"},
		{"no end", since(``), 400, client.ProblemInvalidRedelivery, "one JSON object"},
		{"more behind", since(`} {}`), 400, client.ProblemInvalidRedelivery, "one JSON object"},
		{"no since", post(redeliver, "", "{}"), 400, client.ProblemInvalidRedelivery, "since is missing"},
		{"no time", post(redeliver, "", `{"since": "yesterday"}`), 400, client.ProblemInvalidRedelivery, "since must be a time"},
		{"null", post(redeliver, "", `{"since": null}`), 400, client.ProblemInvalidRedelivery, "since must be a time"},
		{"name in another case", post(redeliver, "", `{"Since": "2026-01-02T03:04:05Z"}`), 400, client.ProblemInvalidRedelivery, "there is a member that is none of cursor, dryRun, limit, outcomes, since, till"},
		{"twice", since(`, "since": "2026-01-02T03:04:05Z"}`), 400, client.ProblemInvalidRedelivery, "since is there twice"},
		{"unknown member", since(`, "dryrun": true}`), 400, client.ProblemInvalidRedelivery, "a member that is none of cursor"},
		{"nothing between", since(`, "till": "2026-01-02T03:04:05Z"}`), 400, client.ProblemInvalidRedelivery, "since must be before till"},
		{"dryRun", since(`, "dryRun": "yes"}`), 400, client.ProblemInvalidRedelivery, "dryRun must be true or false"},
		{"limit 0", since(`, "limit": 0}`), 400, client.ProblemInvalidRedelivery, "limit must be a number from 1 to 10000"},
		{"limit 10001", since(`, "limit": 10001}`), 400, client.ProblemInvalidRedelivery, "limit must be a number from 1 to 10000"},
		{"limit 1.5", since(`, "limit": 1.5}`), 400, client.ProblemInvalidRedelivery, "limit must be a number from 1 to 10000"},
		{"no outcomes", since(`, "outcomes": []}`), 400, client.ProblemInvalidRedelivery, "outcomes names none"},
		{"unknown outcome", since(`, "outcomes": ["failed"]}`), 400, client.ProblemInvalidRedelivery, "outcomes must be"},
		{"RenderFailed", since(`, "outcomes": ["RenderFailed"]}`), 400, client.ProblemInvalidRedelivery, "RenderFailed"},
		{"cursor", since(`, "cursor": "x"}`), 400, client.ProblemInvalidRedelivery, "cursor is none"},
		{"large redelivery", post(redeliver, "", `{`+strings.Repeat(" ", maxRedelivery)+`}`), 413, client.ProblemTooLarge, ""},
	}
	for _, test := range tests {
		answer := w.raw(test.request)
		var p client.Problem
		if err := json.Unmarshal(answer.body, &p); err != nil {
			t.Errorf("%s: answered %d %s: %v", test.name, answer.status, answer.body, err)
			continue
		}
		if answer.status != test.status || p.Type != test.kind || !strings.Contains(p.Detail, test.says) || answer.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: answered %d %s, want %d %s about %q", test.name, answer.status, answer.body, test.status, test.kind, test.says)
		}
	}
	if answer := w.raw("HEAD " + calls + "/" + id + " HTTP/1.1\r\nHost: x\r\n\r\n"); answer.status != 200 {
		t.Errorf("HEAD of a call: %d", answer.status)
	}
}

// FuzzNDJSON: a batch of anything is answered by a line for each line that is not
// blank, with its number, and no line is taken for two.
func FuzzNDJSON(f *testing.F) {
	f.Add([]byte("{\"data\":{}}\n\n{\"data\":{\"a\":\"\\n\"},\"idempotencyKey\":\"k\"}\r\nx"))
	f.Add([]byte("{\"data\":\n{}}\n\x00\n\xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		b := accepting()
		answer, _ := serve(b, "POST", calls, ndjson, strings.NewReader(string(body)))
		var want []int
		for i, line := range strings.Split(string(body), "\n") {
			if strings.TrimSpace(line) != "" {
				want = append(want, i+1)
			}
		}
		if len(want) > MaxBatch {
			return
		}
		decoder := json.NewDecoder(answer.Body)
		accepted := 0
		for _, number := range want {
			var a client.BatchAnswer
			if err := decoder.Decode(&a); err != nil || a.Line != number || (a.Status == 202) != (a.Problem == nil) {
				t.Fatalf("answer %+v, %v, want that of line %d", a, err, number)
			}
			if a.Status == 202 {
				accepted++
			}
		}
		if decoder.More() || accepted != len(b.requests) {
			t.Errorf("%d lines accepted, intake got %d; more answers: %t", accepted, len(b.requests), decoder.More())
		}
	})
}
