package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

// ask performs a request that may prefer something.
func (w *world) ask(base, method, path, prefer, body string) reply {
	w.t.Helper()
	r := request(w.t, method, base+path, body)
	if prefer != "" {
		r.Header.Set("Prefer", prefer)
	}
	return w.do(r)
}

func TestWaitForTheOutcome(t *testing.T) {
	w := newWorld(t)
	const call = `{"path": "ok", "n": 1}`
	expect := func(what string, answer reply, status int, applied string) {
		t.Helper()
		if got := answer.header.Get("Preference-Applied"); answer.status != status || got != applied {
			t.Errorf("%s: %d, Preference-Applied %q, want %d, %q", what, answer.status, got, status, applied)
		}
	}
	expect("in time", w.ask(w.server.URL, "POST", calls, "wait=30", call), 200, "wait=30")
	expect("bounded", w.ask(w.server.URL, "POST", calls, "wait=300", call), 200, "wait=60")
	expect("without", w.ask(w.server.URL, "POST", calls, "", call), 202, "")
	expect("at once", w.ask(w.server.URL, "POST", calls, "wait=0", `{}`), 200, "wait=0") // RenderFailed
	id := w.flying()
	expect("over", w.ask(w.server.URL, "GET", calls+"/"+id, "wait=1", ""), 200, "")
	expect("not in time", w.ask(w.server.URL, "POST", calls, "wait=1", `{"path": "hold", "n": 1}`), 202, "")
	done := make(chan reply)
	go func() { done <- w.ask(w.server.URL, "GET", calls+"/"+id, "wait=30", "") }()
	w.letGo()
	expect("ended meanwhile", <-done, 200, "wait=30")
}

// TestFewWait: of two that wait at one time the second has no place, and is answered
// at once.
func TestFewWait(t *testing.T) {
	w := newWorld(t)
	id := w.flying()
	few := w.serve(func(o *Options) { o.MaxWaits = 1 })
	took := make(chan time.Duration)
	for range 2 {
		go func() {
			begun := time.Now()
			w.ask(few, "GET", calls+"/"+id, "wait=2", "")
			took <- time.Since(begun)
		}()
	}
	if a, b := <-took, <-took; a >= 2*time.Second || b < 2*time.Second {
		t.Errorf("answered after %s and %s", a, b)
	}
	if begun := time.Now(); w.ask(few, "GET", calls+"/"+id, "wait=1", "").status != 200 || time.Since(begun) < time.Second {
		t.Error("the place is not free again")
	}
}

// TestAWaitOutlastsTheServersDeadlines: those of reading and writing are shorter.
func TestAWaitOutlastsTheServersDeadlines(t *testing.T) {
	w := newWorld(t)
	s := httptest.NewUnstartedServer(New(w.options))
	s.Config.ReadTimeout, s.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	s.Start()
	defer s.Close()
	for _, test := range [][2]string{{"GET", calls + "/" + w.flying()}, {"POST", calls}} {
		begun := time.Now()
		answer := w.ask(s.URL, test[0], test[1], "wait=1", `{"path": "hold", "n": 1}`)
		if took := time.Since(begun); took < time.Second || answer.status >= 300 {
			t.Errorf("%s: answered %d after %s", test[0], answer.status, took)
		}
	}
}

// TestAWaitEndsWithItsCaller and with the server: both long before its time.
func TestAWaitEndsWithItsCallerAndServer(t *testing.T) {
	w := newWorld(t)
	id := w.flying()
	stopping := make(chan struct{})
	handler := New(func() Options { o := w.options; o.Stopping = stopping; return o }())
	began, ended := make(chan struct{}, 2), make(chan struct{}, 2)
	s := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		handler.ServeHTTP(answer, r)
		ended <- struct{}{}
	}))
	defer s.Close()
	patient, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	await := func(what string, c <-chan struct{}) {
		t.Helper()
		select {
		case <-c:
		case <-patient.Done():
			t.Fatal(what)
		}
	}

	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	w.must(err)
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\n\r\n", calls+"/"+id)
	w.must(err)
	await("the request did not come", began)
	w.must(conn.Close())
	await("the wait goes on without its caller", ended)

	if conn, err = net.Dial("tcp", s.Listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\nContent-Length: 22\r\n\r\n%s", calls, `{"path":"hold","n":1}`+" ")
	w.must(err)
	await("the request did not come", began)
	close(stopping)
	await("the wait goes on in a server that stops", ended)
	if answer := w.replyOn(conn, "POST"); answer.status != http.StatusAccepted {
		t.Errorf("answered %d", answer.status)
	}
}

func TestCancelAndRedeliver(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.ended("wh", "fail")
	c, err := w.client.Redeliver(ctx, "ns", "wh", id, patience)
	if err != nil || c.TransactionID != id || c.Redelivered != 1 || c.Attempts != 2 || c.Outcome != "Rejected" || c.Branch != client.BranchNo {
		t.Errorf("redelivered: %+v, %v", c, err)
	}
	waiting := w.call("full", "ok")
	if c, err = w.client.Cancel(ctx, "ns", "full", waiting); err != nil || c.Outcome != "Cancelled" {
		t.Errorf("cancelled: %+v, %v", c, err)
	}
	flying := w.flying()
	if c, err = w.client.Cancel(ctx, "ns", "wh", flying); err != nil || c.State != client.StateWaiting {
		t.Errorf("cancelled in mid-attempt: %+v, %v", c, err)
	}
	var problem *client.Problem
	if _, err = w.client.Cancel(ctx, "ns", "wh", id); !errors.As(err, &problem) || problem.Type != client.ProblemCallFinished {
		t.Errorf("cancelled after the end: %v", err)
	}
}
