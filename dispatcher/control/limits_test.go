package control

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestTwentyThousandWebhooks(t *testing.T) {
	const count = 20_000
	socket, m, r := newSocket(t), newManager(nil), newRecorder()
	refs := make([]plan.Ref, count)
	for i := range count {
		w := webhook(numbered(i))
		refs[i] = w.Ref()
		m.SetWebhook(w)
	}
	m.Open()
	m.start(t, socket)
	c := NewClient(ClientOptions{Socket: socket, Catalog: r})
	stop := connect(t, c)
	await(t, "all of them", m.accepted(refs...))
	stop()
	if n := len(r.upserts()); n != count {
		t.Errorf("%d entries were sent", n)
	}
	if r.completions() != 1 || r.known != count {
		t.Errorf("complete %d times, and with %d entries", r.completions(), r.known)
	}
	// The reconnect says hello with all of them, and as many held besides.
	for i := range count {
		r.held = append(r.held, webhookRef("gone-"+numbered(i)))
	}
	connect(t, c)
	await(t, "all removals", func() bool { return len(r.removals()) == count })
	if n := len(r.upserts()); n != count {
		t.Errorf("%d entries were sent after the reconnect", n-count)
	}
}

func TestLongHelloIsCut(t *testing.T) {
	r := newRecorder()
	c := NewClient(ClientOptions{Catalog: r})
	for i := range 20_000 { // names as long as Kubernetes allows: 12 MiB together
		ref := plan.Ref{Kind: plan.KindWebhook, Key: plan.Key{Namespace: strings.Repeat("n", 63), Name: strings.Repeat("w", 240) + numbered(i)}}
		c.have[ref] = contentHash(strings.Repeat("h", 32))
		ref.Name += "x"
		r.held = append(r.held, ref)
	}
	r.held = append(r.held, slices.Collect(maps.Keys(c.have))[0]) // said once is enough
	have, holds := 0, 0
	parts := c.hello()
	for i, part := range parts {
		if n := proto.Size(part); n > maxBatch+64 {
			t.Errorf("part %d has %d bytes", i, n)
		}
		if more := i < len(parts)-1; part.GetMore() != more {
			t.Errorf("part %d of %d has more=%v", i, len(parts), part.GetMore())
		}
		have, holds = have+len(part.GetHave()), holds+len(part.GetHolds())
	}
	if have != 20_000 || holds != 20_000 {
		t.Errorf("hello has %d and holds %d", have, holds)
	}
}

func TestDeltasAreCut(t *testing.T) {
	socket, m, r := newSocket(t), newManager(nil), newRecorder()
	var refs []plan.Ref
	for i := range 10 {
		w := webhook(numbered(i))
		w.Body = strings.Repeat("b", 300<<10)
		if i == 5 {
			w.Body = strings.Repeat("b", 7<<20) // larger than a delta: goes alone
		}
		refs = append(refs, w.Ref())
		m.SetWebhook(w)
	}
	m.Open()
	m.start(t, socket)
	connect(t, NewClient(ClientOptions{Socket: socket, Catalog: r}))
	await(t, "all of them", m.accepted(refs...))
	r.mu.Lock()
	defer r.mu.Unlock()
	var counts []int
	for _, c := range r.applied {
		counts = append(counts, len(c.Webhooks))
	}
	if want := []int{3, 2, 1, 3, 1}; !slices.Equal(counts, want) {
		t.Errorf("webhooks a delta: %v, want %v", counts, want)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	for _, text := range []string{strings.Repeat("é", maxText), "a" + strings.Repeat("é", maxText)} {
		got := sendable(text)
		if len(got) > maxText || len(got) < maxText-1 || !utf8.ValidString(got) {
			t.Errorf("%d bytes, valid %v", len(got), utf8.ValidString(got))
		}
	}
	if got := sendable("malformed answer \xff\xfe"); got != "malformed answer \uFFFD" {
		t.Errorf("got %q", got)
	}
}
