package control

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestEntriesReachTheCatalogAndAreAnswered(t *testing.T) {
	socket, m, r := newSocket(t), newManager(nil), newRecorder()
	i, w := integration("api"), webhook("order")
	m.SetWebhook(w)
	m.SetIntegration(i)
	m.Open()
	m.start(t, socket)
	if s := m.State(w.Ref()); s != (State{}) {
		t.Errorf("state before a dispatcher came: %+v", s)
	}
	connect(t, NewClient(ClientOptions{Socket: socket, Catalog: r}))
	await(t, "both answered", m.accepted(i.Ref(), w.Ref()))
	if diff := cmp.Diff([]plan.Ref{i.Ref(), w.Ref()}, r.upserts()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(any(&w), r.entry(w.Ref())); diff != "" {
		t.Errorf("webhook as applied:\n%s", diff)
	}
	if !m.State(w.Ref()).Connected || r.completions() != 1 {
		t.Errorf("Connected %v, completions %d", m.State(w.Ref()).Connected, r.completions())
	}
	if n := len(m.changes()); n != 2 {
		t.Errorf("Changed was called %d times for two answers", n)
	}

	w.Generation = 2
	m.SetWebhook(w)
	if m.State(w.Ref()).Answered {
		t.Error("new content counts as answered before the dispatcher has it")
	}
	await(t, "the change answered", m.accepted(w.Ref()))
	m.SetWebhook(w) // equal content
	m.SetIntegration(i)
	m.SetWebhook(webhook("later"))
	await(t, "a later webhook", m.accepted(webhookRef("later")))
	if n := len(r.upserts()); n != 4 {
		t.Errorf("%d entries were sent, want 4: equal content must not be", n)
	}
}

func TestFirstDeltaWaitsForOpen(t *testing.T) {
	socket, m, r := newSocket(t), newManager(nil), newRecorder()
	r.held = []plan.Ref{webhookRef("late")}
	m.start(t, socket)
	c := NewClient(ClientOptions{Socket: socket, Catalog: r})
	c.Report(plan.Report{Webhook: webhook("late").Key, Seq: 1})
	connect(t, c)
	await(t, "the session", func() bool { return m.State(plan.Ref{}).Connected })
	m.SetWebhook(webhook("late")) // the cache had not been in yet
	if n := len(r.upserts()) + len(r.removals()) + r.completions() + len(m.outcomesSoFar()); n != 0 {
		t.Fatalf("%d things happened before Open", n)
	}
	m.Open()
	m.Open()
	await(t, "the webhook", m.accepted(webhookRef("late")))
	await(t, "the outcome", func() bool { return len(m.outcomesSoFar()) == 1 })
	if got := r.removals(); got != nil {
		t.Errorf("removed %v, which exists", got)
	}
}

func TestReconnectGetsTheDifference(t *testing.T) {
	socket, m, r := newSocket(t), newManager(nil), newRecorder()
	for _, name := range []string{"same", "edited", "deleted"} {
		m.SetWebhook(webhook(name))
	}
	m.Open()
	m.start(t, socket)
	c := NewClient(ClientOptions{Socket: socket, Catalog: r})
	stop := connect(t, c)
	await(t, "the first configuration", m.accepted(webhookRef("same"), webhookRef("edited"), webhookRef("deleted")))
	stop()
	await(t, "the end of the session", func() bool { return !m.State(plan.Ref{}).Connected })
	if !m.accepted(webhookRef("same"))() {
		t.Error("an answer must outlast its session")
	}
	edited := webhook("edited")
	edited.Generation = 2
	m.SetWebhook(edited)
	m.Remove(webhookRef("deleted"))
	m.SetWebhook(webhook("new"))
	before := len(r.upserts())
	connect(t, c)
	await(t, "the difference", m.accepted(webhookRef("same"), webhookRef("edited"), webhookRef("new")))
	await(t, "the removal", func() bool { return len(r.removals()) > 0 })
	if diff := cmp.Diff([]plan.Ref{webhookRef("edited"), webhookRef("new")}, r.upserts()[before:]); diff != "" {
		t.Errorf("sent after the reconnect:\n%s", diff)
	}
	if diff := cmp.Diff([]plan.Ref{webhookRef("deleted")}, r.removals()); diff != "" {
		t.Errorf("removed after the reconnect:\n%s", diff)
	}
	if r.completions() != 1 {
		t.Errorf("Complete was called %d times", r.completions())
	}
}

func TestRestartedManagerSendsNothingAgain(t *testing.T) {
	socket, r := newSocket(t), newRecorder()
	refs := []plan.Ref{webhookRef("a"), webhookRef("b")}
	newServer := func() *manager {
		m := newManager(nil)
		m.SetWebhook(webhook("a"))
		m.SetWebhook(webhook("b"))
		m.Open()
		return m
	}
	first := newServer()
	stop := first.start(t, socket)
	connect(t, NewClient(ClientOptions{Socket: socket, Catalog: r}))
	await(t, "the first manager", first.accepted(refs...))
	stop()
	second := newServer()
	second.start(t, socket)
	await(t, "the second manager", second.accepted(refs...))
	await(t, "Changed for both", func() bool { return len(second.changes()) == 2 })
	second.SetWebhook(webhook("c"))
	await(t, "a later webhook", second.accepted(webhookRef("c")))
	if got := r.upserts(); len(got) != 3 {
		t.Errorf("sent %v, want a, b and c once each", got)
	}
	if got := r.removals(); got != nil {
		t.Errorf("removed %v", got)
	}
}

func TestDeletionDuringAbsenceIsToldForHeldCalls(t *testing.T) {
	socket, m, r := newSocket(t), newManager(nil), newRecorder()
	// A restarted dispatcher: no configuration, but calls in its store.
	r.held = []plan.Ref{webhookRef("gone"), webhookRef("there")}
	m.SetWebhook(webhook("there"))
	m.Open()
	m.start(t, socket)
	connect(t, NewClient(ClientOptions{Socket: socket, Catalog: r}))
	await(t, "a removal", func() bool { return len(r.removals()) > 0 })
	if diff := cmp.Diff([]plan.Ref{webhookRef("gone")}, r.removals()); diff != "" {
		t.Error(diff)
	}
	await(t, "the other one", m.accepted(webhookRef("there")))
}

func TestRemoval(t *testing.T) {
	socket, m, r := newSocket(t), newManager(nil), newRecorder()
	m.SetWebhook(webhook("a"))
	m.SetWebhook(webhook("b"))
	m.Open()
	m.start(t, socket)
	c := NewClient(ClientOptions{Socket: socket, Catalog: r})
	stop := connect(t, c)
	await(t, "both", m.accepted(webhookRef("a"), webhookRef("b")))
	m.Remove(webhookRef("a"))
	m.Remove(webhookRef("never-set"))
	await(t, "the removal", func() bool { return len(r.removals()) > 0 })
	if diff := cmp.Diff([]plan.Ref{webhookRef("a")}, r.removals()); diff != "" {
		t.Error(diff)
	}
	if s := m.State(webhookRef("a")); s.Answered {
		t.Errorf("state of a removed webhook: %+v", s)
	}
	m.SetWebhook(webhook("a"))
	await(t, "the webhook made again", m.accepted(webhookRef("a")))
	m.Remove(webhookRef("b"))
	await(t, "the second removal", func() bool { return len(r.removals()) > 1 })
	stop()
	m.SetWebhook(webhook("b"))
	connect(t, c)
	await(t, "the webhook made again while nobody was connected", m.accepted(webhookRef("b")))
	if r.entry(webhookRef("a")) == nil || r.entry(webhookRef("b")) == nil {
		t.Error("what was made again is answered but has not arrived")
	}
}

func TestRefusedEntryBlocksNoOther(t *testing.T) {
	socket, m, r := newSocket(t), newManager(nil), newRecorder()
	r.refuse[webhookRef("bad")] = "the template does not compile"
	broken := webhook("text")
	broken.Body = "\xff"
	huge := webhook("huge")
	huge.Body = strings.Repeat("x", maxMessage)
	for _, w := range []plan.Webhook{webhook("a"), webhook("bad"), broken, huge, webhook("z")} {
		m.SetWebhook(w)
	}
	m.Open()
	m.start(t, socket)
	c := NewClient(ClientOptions{Socket: socket, Catalog: r})
	stop := connect(t, c)
	await(t, "the good ones", m.accepted(webhookRef("a"), webhookRef("z")))
	await(t, "the answer to the bad one", func() bool { return m.State(webhookRef("bad")).Answered })
	for name, want := range map[string]string{
		"bad":  "the template does not compile",
		"text": "the configuration holds text that is not valid UTF-8, so it cannot be sent to the dispatcher",
		"huge": "bytes, more than the 8323072 that can be sent to the dispatcher",
	} {
		if s := m.State(webhookRef(name)); !s.Answered || !strings.Contains(s.Error, want) {
			t.Errorf("state of %s: %+v, want error %q", name, s, want)
		}
	}
	// What was refused is not worked with, so it is offered again.
	stop()
	delete(r.refuse, webhookRef("bad"))
	before := len(r.upserts())
	connect(t, c)
	await(t, "the second try", m.accepted(webhookRef("bad")))
	if diff := cmp.Diff([]plan.Ref{webhookRef("bad")}, r.upserts()[before:]); diff != "" {
		t.Errorf("sent after the reconnect:\n%s", diff)
	}
}

func TestRefusedChangeKeepsTheOldContent(t *testing.T) {
	socket, m, r := newSocket(t), newManager(nil), newRecorder()
	good := webhook("a")
	m.SetWebhook(good)
	m.Open()
	m.start(t, socket)
	c := NewClient(ClientOptions{Socket: socket, Catalog: r})
	stop := connect(t, c)
	await(t, "the first content", m.accepted(good.Ref()))
	r.mu.Lock()
	r.refuse[good.Ref()] = "no"
	r.mu.Unlock()
	bad := good
	bad.Generation = 2
	m.SetWebhook(bad)
	await(t, "the refusal", func() bool { return m.State(good.Ref()).Error == "no" })
	stop()
	m.SetWebhook(good) // while nobody is connected, back to what the dispatcher still has
	before := len(r.upserts())
	connect(t, c)
	await(t, "the old content", m.accepted(good.Ref()))
	if got := r.upserts()[before:]; len(got) != 0 {
		t.Errorf("sent again: %v", got)
	}
}

func TestNewerSessionReplacesTheOlder(t *testing.T) {
	socket, m := newSocket(t), newManager(nil)
	m.SetWebhook(webhook("a"))
	m.Open()
	m.start(t, socket)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := NewClient(ClientOptions{Socket: socket}).connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	older, err := pb.NewControlClient(conn).Session(ctx, grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	if err := older.Send(&pb.DispatcherMessage{Message: &pb.DispatcherMessage_Hello{Hello: &pb.Hello{}}}); err != nil {
		t.Fatal(err)
	}
	delta, err := older.Recv()
	if err != nil {
		t.Fatal(err)
	}
	connect(t, NewClient(ClientOptions{Socket: socket, Catalog: newRecorder()}))
	if _, err := older.Recv(); status.Code(err) != codes.Aborted {
		t.Errorf("the older session ended with %v, want Aborted", err)
	}
	await(t, "the newer session", m.accepted(webhookRef("a")))
	if n := len(delta.GetDelta().GetUpserts()); n != 1 {
		t.Errorf("the older session got %d entries", n)
	}
}

func TestOnlyAnswersToTheNewestContentCount(t *testing.T) {
	s := NewServer(ServerOptions{})
	se := &session{told: make(map[plan.Ref]told), dirty: make(map[plan.Ref]struct{}), changed: make(chan struct{}, 1)}
	s.begin(se)
	ref := webhookRef("a")
	send := func(generation int64) *pb.Ack {
		w := webhook("a")
		w.Generation = generation
		s.SetWebhook(w)
		delta, _ := s.cut(se, s.takeDirty(se))
		ack := &pb.Ack{Nonce: delta.GetNonce()}
		for _, e := range delta.GetUpserts() {
			ack.Results = append(ack.Results, &pb.EntryResult{Ref: refToPB(ref), Hash: e.GetHash()})
		}
		return ack
	}
	first := send(1)
	send(2)
	third := send(1)
	s.answered(se, first)
	if s.State(ref).Answered {
		t.Error("an answer from before a detour over other content counts")
	}
	s.answered(se, third)
	if !s.State(ref).Answered {
		t.Error("the answer to the newest content does not count")
	}
	// Removed and set again before the removal was sent: nothing to send, and
	// the answer still holds.
	s.Remove(ref)
	if again := send(1); len(again.GetResults()) != 0 || !s.State(ref).Answered {
		t.Errorf("sent %d entries, state %+v", len(again.GetResults()), s.State(ref))
	}
	// Other content is on its way, so going back is a change like any other.
	send(2)
	if send(1); s.State(ref).Answered {
		t.Error("an old answer counts although the dispatcher was told of other content since")
	}
}

func TestIntegrationsGoFirst(t *testing.T) {
	a, z := integration("a"), integration("z")
	want := []plan.Ref{a.Ref(), z.Ref(), webhookRef("a"), webhookRef("b")}
	refs := make(map[plan.Ref]struct{})
	for _, ref := range want {
		refs[ref] = struct{}{}
	}
	if diff := cmp.Diff(want, inOrder(refs)); diff != "" {
		t.Error(diff)
	}
}
