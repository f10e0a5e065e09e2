package httpapi

import (
	"bytes"
	"compress/gzip"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tail"
)

// shown are answers and problems of what shows webhooks and the log.
func (w *world) shown(give giver) {
	here, stopped := w.server.URL, make(chan struct{})
	close(stopped)
	ended := w.ended("wh", "fail")
	unconfigured := w.serve(func(o *Options) { o.Catalog = &catalog.Catalog{} })
	for id, path := range map[string]string{
		"listNamespaces": "/v1/namespaces", "listWebhooks": "/v1/namespaces/ns/webhooks", "readWebhook": webhookPath,
		"readManifest": webhookPath + "/manifest", "listIntegrations": "/v1/namespaces/ns/integrations",
	} {
		give(id+" 200", here, "GET", path, "")
		give(id+" 503 not-configured", unconfigured, "GET", path, "")
	}
	give("readManifest 200", here, "GET", webhookPath+"/manifest?part=sampleData", "")
	give("readManifest 200", here, "GET", webhookPath+"/manifest?name=other&namespace=there", "")
	give("readManifest 404 unknown-manifest", here, "GET", strings.Replace(webhookPath, "/wh", "/raw", 1)+"/manifest", "")
	give("readManifest 500 internal", here, "GET", strings.Replace(webhookPath, "/wh", "/gone", 1)+"/manifest", "")
	give("readManifest 404 unknown-webhook", here, "GET", strings.Replace(webhookPath, "/wh", "/nobody", 1)+"/manifest", "")
	give("readWebhook 404 unknown-webhook", here, "GET", strings.Replace(webhookPath, "/wh", "/nobody", 1), "")
	give("listWebhooks 200", here, "GET", "/v1/namespaces/ns/webhooks?search=W&integration=in&health=healthy&limit=1&cursor=YQ", "")
	give("readAttempts 200", here, "GET", webhookPath+"/calls/"+ended+"/attempts", "")
	give("readAttempts 404 unknown-call", here, "GET", webhookPath+"/calls/"+noCall+"/attempts", "")

	const filter = "webhook=wh&integration=in&since=2026-01-02T03:04:05Z&till=2100-01-02T03:04:05Z&isSuccessful=false&statusCode=4xx&outcome=Rejected&reason=ClientError&text=FAIL"
	give("listDeliveries 200", here, "GET", deliveriesPath+"?limit=1&cursor=2100-01-02T03:04:05Z_"+noCall+"_1&transactionId="+ended+"&"+filter, "")
	give("listDeliveries 200", here, "GET", deliveriesPath, "")
	for _, format := range []string{"ndjson", "csv", "json", "xml"} {
		give("exportDeliveries 200", here, "GET", deliveriesPath+"/export?details=true&format="+format+"&"+filter, "")
	}
	give("exportDeliveries 200", here, "GET", deliveriesPath+"/export?gzip=true&format=csv&bom=true&after=2026-01-02T03:04:05Z_"+noCall+"_1", "")
	give("readStatistics 200", here, "GET", "/v1/namespaces/ns/statistics", "")
	give("readStatistics 200", here, "GET", "/v1/namespaces/ns/statistics?webhook=wh&integration=in&since=2026-01-02T03:04:05Z&till=2026-01-02T03:14:05Z&step=10", "")
	ending := w.serve(func(o *Options) { o.Stopping = stopped })
	give("tailDeliveries 200", ending, "GET", deliveriesPath+"/tail?last=2", "")
	give("tailDeliveries 200", ending, "GET", deliveriesPath+"/tail?last=2", "", set("Accept", mediaNDJSON))
	give("tailDeliveries 429 too-many-readers", w.serve(func(o *Options) { o.Tail = tail.New(0) }), "GET", deliveriesPath+"/tail", "")
	give("exportDeliveries 429 too-many-readers", w.serve(func(o *Options) { o.MaxExports = -1 }), "GET", deliveriesPath+"/export", "")
}

// sessions are those of logging in.
func (w *world) sessions(give giver) {
	as := func(err error) string { return w.serve(func(o *Options) { o.Access = verdict{err} }) }
	known, elsewhere, cookie := as(nil), set("Sec-Fetch-Site", "cross-site"), set("Cookie", "webhook-session=token")
	const login = `{"token": "a.b.c"}`
	give("createSession 204", known, "POST", sessionPath, login)
	give("createSession 400 invalid-query", known, "POST", sessionPath+"?a=b", login)
	give("createSession 400 invalid-data", known, "POST", sessionPath, "{", brokenOff)
	give("createSession 400 invalid-session", known, "POST", sessionPath, `{"token": "a b"}`)
	give("createSession 401 unauthenticated", as(access.ErrUnauthenticated), "POST", sessionPath, login)
	give("createSession 403 cross-origin", known, "POST", sessionPath, login, elsewhere)
	give("createSession 413 too-large", known, "POST", sessionPath, `{"token": "`+strings.Repeat("a", maxSession)+`"}`)
	give("createSession 415 unsupported-media-type", known, "POST", sessionPath, login, set("Content-Type", "text/plain"))
	give("createSession 415 unsupported-content-encoding", known, "POST", sessionPath, login, set("Content-Encoding", "gzip"))
	give("createSession 503 access-unavailable", as(access.ErrUnavailable), "POST", sessionPath, login)
	give("readSession 200", known, "GET", sessionPath, "", cookie)
	give("readSession 200", known, "GET", sessionPath, "")
	give("readSession 200", w.server.URL, "GET", sessionPath, "")
	give("readSession 400 invalid-query", known, "GET", sessionPath+"?a=b", "")
	give("readSession 503 access-unavailable", as(access.ErrUnavailable), "GET", sessionPath, "", cookie)
	give("deleteSession 204", known, "DELETE", sessionPath, "", cookie)
	give("deleteSession 400 invalid-query", known, "DELETE", sessionPath+"?a=b", "")
	give("deleteSession 403 cross-origin", known, "DELETE", sessionPath, "", elsewhere)
}

// manifestOf is a manifest as the manager sends it.
func manifestOf(spec string) []byte {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(spec))
	_ = w.Close()
	return packed.Bytes()
}
