package httpapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// example is a request and what it is answered: operation, status, problem.
type example struct {
	want    string
	request *http.Request
}

// verdict is an Access that says one thing to all.
type verdict struct{ err error }

func (v verdict) Allow(context.Context, string, string, string, string) (string, error) {
	return "somebody", v.err
}

func (v verdict) Identify(context.Context, string) (string, error) { return "somebody", v.err }

// operation is one with a request that is well-formed.
type operation struct {
	id, method, path, body string
}

const (
	webhookPath = "/v1/namespaces/ns/webhooks/wh"
	eventsPath  = "/v1/namespaces/ns/events"

	deliveriesPath = "/v1/namespaces/ns/deliveries"
	sessionPath    = "/ui/session"

	noCall   = "019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11"
	goodCall = `{"path": "ok", "n": 1}`
	goodSpan = `{"since": "2026-01-02T03:04:05Z", "outcomes": ["Lost"]}`
)

var goodEvent = eventOf("call", "1", goodCall)

var operations = []operation{
	{"createCalls", "POST", webhookPath + "/calls", goodCall},
	{"readCall", "GET", webhookPath + "/calls/" + noCall, ""},
	{"cancelCall", "DELETE", webhookPath + "/calls/" + noCall, ""},
	{"redeliverCall", "POST", webhookPath + "/calls/" + noCall + "/redeliver", ""},
	{"redeliverCalls", "POST", webhookPath + "/redeliver", goodSpan},
	{"renderCall", "POST", webhookPath + "/render", goodCall},
	{"sendEvents", "POST", eventsPath, goodEvent},
	{"readAttempts", "GET", webhookPath + "/calls/" + noCall + "/attempts", ""},
	{"listNamespaces", "GET", "/v1/namespaces", ""},
	{"listWebhooks", "GET", "/v1/namespaces/ns/webhooks", ""},
	{"readWebhook", "GET", webhookPath, ""},
	{"readManifest", "GET", webhookPath + "/manifest", ""},
	{"listIntegrations", "GET", "/v1/namespaces/ns/integrations", ""},
	{"listDeliveries", "GET", deliveriesPath, ""},
	{"exportDeliveries", "GET", deliveriesPath + "/export", ""},
	{"tailDeliveries", "GET", deliveriesPath + "/tail?last=1", ""},
	{"readStatistics", "GET", "/v1/namespaces/ns/statistics", ""},
}

// eventOf is an event that makes a call of the webhook whose triggers have the type.
func eventOf(kind, id, data string) string {
	return `{"specversion": "1.0", "id": "` + id + `", "source": "/test", "type": "` + kind + `", "data": ` + data + `}`
}

// cases are all examples, each made when its turn has come: some change the world.
func cases(w *world) iter.Seq2[int, example] {
	return func(yield func(int, example) bool) {
		n, on := 0, true
		give := func(want, base, method, path, body string, change ...func(*http.Request)) {
			r := request(w.t, method, base+path, body)
			if strings.HasPrefix(want, "sendEvents") {
				r.Header.Set("Content-Type", "application/cloudevents+json")
			}
			for _, c := range change {
				c(r)
			}
			on = on && yield(n, example{want, r})
			n++
		}
		for _, o := range operations {
			w.refusals(o, give)
		}
		w.answers(give)
		w.shown(give)
		w.sessions(give)
		w.problems(give)
		w.storeGone(give)
	}
}

type giver func(want, base, method, path, body string, change ...func(*http.Request))

// set sets a header.
func set(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// chunked sends a body without its length.
func chunked(r *http.Request) { r.ContentLength = -1 }

// refusals are what any request of an operation may meet.
func (w *world) refusals(o operation, give giver) {
	token := set("Authorization", "Bearer token")
	for want, err := range map[string]error{
		"401 unauthenticated": access.ErrUnauthenticated, "403 forbidden": access.ErrForbidden, "503 access-unavailable": access.ErrUnavailable,
	} {
		if o.id == "listNamespaces" && errors.Is(err, access.ErrForbidden) {
			continue // it is left to nobody but the callers that Kubernetes does not know
		}
		guarded := w.serve(func(options *Options) { options.Access = verdict{err} })
		give(o.id+" "+want, guarded, o.method, o.path, o.body, token)
	}
	here := w.server.URL
	path, _, _ := strings.Cut(o.path, "?")
	give(o.id+" 400 invalid-query", here, o.method, path+"?dryRun=true", o.body)
	if strings.Contains(o.path, "/ns/") {
		give(o.id+" 404 not-found", here, o.method, strings.Replace(o.path, "/ns/", "/Ns/", 1), o.body)
	}
	if o.method != "GET" {
		guarded := w.serve(func(options *Options) { options.Access = verdict{} })
		give(o.id+" 403 cross-origin", guarded, o.method, o.path, o.body, set("Cookie", "webhook-session=token"), set("Sec-Fetch-Site", "cross-site"))
	}
	if o.method != "POST" {
		return
	}
	give(o.id+" 415 unsupported-content-encoding", here, o.method, o.path, o.body, set("Content-Encoding", "gzip"))
	give(o.id+" 503 not-configured", w.serve(w.unconfigured), o.method, o.path, o.body)
	give(o.id+" 429 overloaded", w.serve(noMemory), o.method, o.path, o.body)
	give(o.id+" 507 disk-full", w.serve(fullDisk), o.method, o.path, o.body)
	if o.body == "" {
		give(o.id+" 400 invalid-data", here, o.method, o.path, "x")
		return
	}
	give(o.id+" 415 unsupported-media-type", here, o.method, o.path, o.body, set("Content-Type", "text/plain"))
	give(o.id+" 413 too-large", here, o.method, o.path, `{"path": "`+strings.Repeat("x", MaxBody)+`"}`, chunked)
	if o.id == "sendEvents" {
		return // one that nobody wants is welcome
	}
	give(o.id+" 404 unknown-webhook", here, o.method, strings.Replace(o.path, "/wh/", "/nobody/", 1), o.body)
}

// answers are the successes.
func (w *world) answers(give giver) {
	here, calls := w.server.URL, webhookPath+"/calls"
	wait := set("Prefer", "wait=20")
	ended := w.ended("wh", "fail")
	give("createCalls 202", here, "POST", calls, goodCall)
	give("createCalls 202", here, "POST", calls, `{}`, set("Idempotency-Key", "k")) // RenderFailed
	give("createCalls 202", here, "POST", calls, `{}`, set("Idempotency-Key", "k"))
	give("createCalls 200", here, "POST", calls, goodCall, wait)
	give("createCalls 200", here, "POST", calls, `{"data": {"path": "ok", "n": 1}}`+"\n"+`{"data": {}, "idempotencyKey": "k"}`+"\n"+`{"data": {"path": 1}, "idempotencyKey": "k"}`, set("Content-Type", mediaNDJSON))
	give("readCall 200", here, "GET", calls+"/"+ended, "")
	flying := w.flying()
	give("readCall 200", here, "GET", calls+"/"+flying, "")
	give("cancelCall 202", here, "DELETE", calls+"/"+flying, "")
	waiting := w.call("full", "ok")
	give("cancelCall 200", here, "DELETE", "/v1/namespaces/ns/webhooks/full/calls/"+waiting, "")
	give("redeliverCall 200", here, "POST", calls+"/"+ended+"/redeliver", "", wait)
	give("redeliverCall 202", here, "POST", calls+"/"+ended+"/redeliver", "")
	give("redeliverCalls 200", here, "POST", webhookPath+"/redeliver", `{"since": "2026-01-02T03:04:05Z", "limit": 1}`)
	give("sendEvents 202", here, "POST", eventsPath, goodEvent)
	give("sendEvents 202", here, "POST", eventsPath, "["+goodEvent+","+eventOf("other", "2", "1")+"]",
		set("Content-Type", "application/cloudevents-batch+json"), set("Prefer", "return=representation"))
	give("renderCall 200", here, "POST", webhookPath+"/render", goodCall)
	give("readDescription 200", here, "GET", "/openapi.json", "")
	give("readDescription 400 invalid-query", here, "GET", "/openapi.json?a", "")
}

// problems are those of single operations.
func (w *world) problems(give giver) {
	here, calls := w.server.URL, webhookPath+"/calls"
	other := func(name, rest string) string { return "/v1/namespaces/ns/webhooks/" + name + rest }
	give("createCalls 400 invalid-data", here, "POST", calls, `[]`)
	give("createCalls 400 invalid-idempotency-key", here, "POST", calls, goodCall, set("Idempotency-Key", ""))
	give("createCalls 422 idempotency-key-reused", here, "POST", calls, goodCall, set("Idempotency-Key", "k"))
	give("createCalls 503 webhook-not-ready", here, "POST", other("unready", "/calls"), goodCall)
	w.call("full", "ok")
	give("createCalls 429 too-many-waiting", here, "POST", other("full", "/calls"), goodCall)

	gone, flying := w.ended("gone", "fail"), w.flying()
	failed, err := w.client.Call(w.t.Context(), "ns", "wh", []byte(`{}`))
	w.must(err)
	give("readCall 404 unknown-call", here, "GET", calls+"/"+noCall, "")
	give("cancelCall 404 unknown-call", here, "DELETE", calls+"/"+noCall, "")
	give("cancelCall 409 call-finished", here, "DELETE", calls+"/"+failed.TransactionID, "")
	give("redeliverCall 404 unknown-call", here, "POST", calls+"/"+noCall+"/redeliver", "")
	give("redeliverCall 409 call-waiting", here, "POST", calls+"/"+flying+"/redeliver", "")
	give("redeliverCall 409 not-redeliverable", here, "POST", calls+"/"+failed.TransactionID+"/redeliver", "")
	w.removeGone()
	give("redeliverCall 409 webhook-deleted", here, "POST", other("gone", "/calls/"+gone+"/redeliver"), "")
	cancelled := w.one("full", plan.OutcomeCancelled)
	give("redeliverCall 429 too-many-waiting", here, "POST", other("full", "/calls/"+cancelled+"/redeliver"), "")
	give("redeliverCalls 429 too-many-waiting", here, "POST", other("full", "/redeliver"), `{"since": "2026-01-02T03:04:05Z", "outcomes": ["Cancelled"]}`)
	give("redeliverCalls 400 invalid-redelivery", here, "POST", webhookPath+"/redeliver", `{}`)
	give("redeliverCalls 400 invalid-data", here, "POST", webhookPath+"/redeliver", `{`, brokenOff)
	give("sendEvents 400 invalid-event", here, "POST", eventsPath, `{}`)
	give("sendEvents 400 invalid-data", here, "POST", eventsPath, `{`, brokenOff)
	give("sendEvents 422 reserved-event-type", here, "POST", eventsPath, eventOf("io.maestra.webhooks.call.Failed", "3", "{}"))
	give("sendEvents 422 idempotency-key-reused", here, "POST", eventsPath, eventOf("call", "1", "{}"))
	give("sendEvents 429 too-many-waiting", here, "POST", eventsPath, eventOf("full", "4", goodCall))
	give("sendEvents 503 webhook-not-ready", here, "POST", eventsPath, eventOf("unready", "5", goodCall))
	give("renderCall 400 invalid-data", here, "POST", webhookPath+"/render", `[]`)
	give("renderCall 422 render-failed", here, "POST", webhookPath+"/render", `{}`)
	give("renderCall 422 blocked", here, "POST", other("raw", "/render"), `{"path": "@other/"}`)
	give("renderCall 503 webhook-not-ready", here, "POST", other("lost-integration", "/render"), goodCall)
}

// storeGone are what is answered when the store has failed, and is closed.
func (w *world) storeGone(give giver) {
	ended := w.ended("wh", "fail")
	call := webhookPath + "/calls/" + ended
	waiting := w.one("full", "")
	s := w.serve(func(o *Options) { o.Calls = unreadable{o.Calls} })
	give("readCall 500 internal", s, "GET", call, "")
	give("redeliverCalls 500 internal", s, "POST", webhookPath+"/redeliver", goodSpan)
	give("readAttempts 500 internal", s, "GET", call+"/attempts", "")
	s = w.serve(func(o *Options) { o.Log = unreadableLog{log: o.Log} })
	for _, o := range operations {
		if strings.HasPrefix(o.path, deliveriesPath) || o.id == "readStatistics" {
			give(o.id+" 500 internal", s, "GET", o.path, "")
		}
	}
	w.sick.Store(true)
	give("createCalls 500 internal", w.server.URL, "POST", webhookPath+"/calls", goodCall)
	give("sendEvents 500 internal", w.server.URL, "POST", eventsPath, eventOf("call", "6", goodCall))
	give("cancelCall 500 internal", w.server.URL, "DELETE", "/v1/namespaces/ns/webhooks/full/calls/"+waiting, "")
	give("redeliverCall 500 internal", w.server.URL, "POST", call+"/redeliver", "")
	w.letGo()
	_ = w.store.Close()
	for _, o := range operations {
		if slices.Contains([]string{"renderCall", "listNamespaces", "listWebhooks", "readWebhook", "readManifest", "listIntegrations"}, o.id) {
			continue // they need no store
		}
		give(o.id+" 503 shutting-down", w.server.URL, o.method, strings.Replace(o.path, noCall, ended, 1), o.body)
	}
}

// brokenOff announces more of a body than comes. It is sent by [world.send].
func brokenOff(r *http.Request) { r.ContentLength = 1000 }

// send performs a request as it is: also with less of a body than is announced.
func (w *world) send(r *http.Request) reply {
	w.t.Helper()
	if r.ContentLength != 1000 {
		return w.do(r)
	}
	conn, err := net.Dial("tcp", r.URL.Host)
	w.must(err)
	w.t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 1000\r\n\r\n{", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
	w.must(err)
	w.must(conn.(*net.TCPConn).CloseWrite())
	return w.replyOn(conn, r.Method)
}

// unreadable are calls on a disk that cannot be read.
type unreadable struct{ Calls }

func (unreadable) LoadDurable(uuid.UUID) (*store.Entry, error) {
	return nil, errors.New("the disk is gone")
}

func (unreadable) Ended(store.EndedFilter, uuid.UUID) ([]uuid.UUID, uuid.UUID, bool, error) {
	return nil, uuid.Nil, false, errors.New("the disk is gone")
}

// unreadableLog is the log on a disk that cannot be read.
type unreadableLog struct{ log Log }

func (l unreadableLog) Attempts(id uuid.UUID) ([]store.Attempt, error) { return l.log.Attempts(id) }

func (unreadableLog) Log(context.Context, store.LogQuery, func([]byte, *store.LogRow) []byte, func(store.LogChunk) error) (store.LogEnd, error) {
	return store.LogEnd{}, errors.New("the disk is gone")
}

func (unreadableLog) LogEntries(context.Context, store.LogFilter, func(*store.LogEntry) bool) error {
	return errors.New("the disk is gone")
}

// one is a call of a webhook that waits, or has the outcome.
func (w *world) one(webhook string, outcome plan.Outcome) string {
	w.t.Helper()
	key := plan.Key{Namespace: "ns", Name: webhook}
	if outcome == "" {
		items, err := w.store.Fresh(key, 0, 1)
		w.must(err)
		return items[0].ID.String()
	}
	ids, _, _, err := w.store.Ended(store.EndedFilter{
		Webhook: key, Outcomes: []plan.Outcome{outcome}, Since: time.Now().Add(-time.Hour), Till: time.Now().Add(time.Hour), Limit: 1,
	}, uuid.Nil)
	w.must(err)
	return ids[0].String()
}
