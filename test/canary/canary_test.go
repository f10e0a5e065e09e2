//go:build linux

package canary

import (
	"slices"
	"strings"
	"testing"
)

// TestNoSecretLeaves: no secret, nor a piece of one, is in status, log, event, HTTP
// answer, error, output of a command, dump of goroutines, or at rest.
//
// One thing may hold a secret: the record of a call (c/ in the store) whose caller
// sent it in the data, for the same request has to be sent again. Everything made of
// that call, such as the rows of the log, is masked.
func TestNoSecretLeaves(t *testing.T) {
	start(t)
	w := newWorld(t)
	w.run("first run")
	w.apply(w.objects.items)
	w.waitSettled()
	w.callAll()
	w.callBadly()
	w.callNewRoutes(w.call("rotating", "plain", w.ofCaller()), w.callEnded("headers", "plain"))
	w.breakServing()
	w.callLate()
	w.waitReported()
	w.check()
	w.readLog(t)
	w.inspect()
	t.Run("every route was asked", w.routes)
	t.Run("every listener is known", w.listeners)
	t.Run("every field of status was seen", w.statusFields)
	w.commands()
	w.end()

	w.runBehindProxy()
	w.inspect()
	t.Run("every listener is known", w.listeners)
	w.end()

	for _, leak := range w.searcher.report() {
		t.Error(leak)
	}
	t.Logf("bytes searched: %v", w.searcher.searched)
}

// check makes sure that the world was as bad as it should be: that secrets were sent
// where they belong, and that every way was gone. Else nothing found means nothing.
func (w *world) check() {
	w.t.Helper()
	for integration, ways := range w.objects.calls {
		for _, way := range ways {
			if r := w.receivers[integration]; r != nil && !r.reached(integration, way) {
				w.t.Errorf("no request has come for %s/%s", integration, way)
			}
		}
	}
	for _, c := range w.canaries.all {
		sent := slices.ContainsFunc([]string{"header from", "private ", "header before", "header after"}, func(p string) bool { return strings.HasPrefix(c.name, p) })
		if sent && !w.receivers["headers"].received(c.value) {
			w.t.Errorf("the %s was not sent", c.name)
		}
	}
	for name, s := range w.servers {
		if secret := escaped(w.value("client secret of " + name)); !s.received(secret) && !s.received(basicOf("client", secret)) {
			w.t.Errorf("the client secret of %s was not sent", name)
		}
	}
	if !w.receivers["headers"].received("Bearer " + w.value("access token of token-good")) {
		w.t.Error("the access token was not sent")
	}
	if !w.receivers["bearer"].received("Bearer "+w.value("bearer token")) || !w.receivers["bearer"].certified() {
		w.t.Error("the bearer token or the client certificate was not sent")
	}
	if !w.receivers["basic"].received(basicOf("reader", w.value("basic password"))) {
		w.t.Error("the basic password was not sent")
	}
	for name, p := range w.proxied {
		if !p.received(basicOf("reader", w.value("password of "+name))) {
			w.t.Errorf("the password of %s was not sent", name)
		}
	}
	for _, outcome := range []string{"Succeeded", "Rejected", "Failed", "Exhausted", "RenderFailed", "Blocked"} {
		if !w.outcomes[outcome] {
			w.t.Errorf("no call has ended as %s", outcome)
		}
	}
}
