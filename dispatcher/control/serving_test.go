package control

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// shown are the certificates that a client was given, each with its key.
type shown struct {
	mu    sync.Mutex
	pairs []string
}

func (s *shown) serve(certificate string, key plan.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pairs = append(s.pairs, certificate+" "+key.Reveal())
}

func (s *shown) is(want ...string) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Equal(s.pairs, want)
	}
}

// TestServingCertificate: it comes after the difference, with every change and in
// every session, and equal content is no message.
func TestServingCertificate(t *testing.T) {
	socket, m, r, s := newSocket(t), newManager(nil), newRecorder(), &shown{}
	m.start(t, socket)
	completeFirst := false
	c := NewClient(ClientOptions{Socket: socket, Catalog: r, Serving: func(certificate string, key plan.Secret) {
		completeFirst = r.completions() == 1
		s.serve(certificate, key)
	}})
	stop := connect(t, c)
	m.Open()
	m.SetWebhook(webhook("a"))
	await(t, "a whole session without a certificate", m.accepted(webhookRef("a")))
	if !s.is()() {
		t.Errorf("shown %q before there was one", s.pairs)
	}

	m.SetServing("one", plan.NewSecret("key"))
	await(t, "the first certificate", s.is("one key"))
	m.SetServing("one", plan.NewSecret("key"))
	m.SetWebhook(webhook("b"))
	await(t, "a later webhook", m.accepted(webhookRef("b")))
	if !s.is("one key")() {
		t.Errorf("shown %q: equal content was sent again", s.pairs)
	}
	m.SetServing("one", plan.NewSecret("other"))
	await(t, "another key", s.is("one key", "one other"))

	stop()
	m.SetServing("two\xff", plan.NewSecret("key\xff"))
	connect(t, c)
	await(t, "the newest in a new session", s.is("one key", "one other", "two\uFFFD key\xff"))
	if !completeFirst {
		t.Error("the certificate came before the configuration")
	}
}

// TestTokensAndKeysStayInside plants a token and a key and looks for them wherever
// this package puts text.
func TestTokensAndKeysStayInside(t *testing.T) {
	const canary = "canary-7b20e1"
	log := &textLog{}
	socket, m, s := newSocket(t), newManager(log.logger()), &shown{}
	m.SetServing("certificate", plan.NewSecret(canary))
	m.Open()
	stopServer := m.start(t, socket)
	c := NewClient(ClientOptions{Socket: socket, Catalog: newRecorder(), Logger: log.logger(), Serving: s.serve})
	connect(t, c)
	await(t, "the certificate", s.is("certificate "+canary))
	var texts []string
	for _, verb := range []string{"create", "update"} {
		r := Review{Token: plan.NewSecret(canary), Verb: verb, Namespace: "shop", Name: "order"}
		v, err := c.Review(t.Context(), r)
		if err == nil {
			t.Error("a manager without a function gave a verdict")
		}
		texts = append(texts, fmt.Sprintf("%v %+v %+v", err, v, r))
	}
	stopServer()
	await(t, "the client's log", func() bool { return strings.Contains(log.String(), "cannot be reached") })
	texts = append(texts, log.String())
	for _, text := range texts {
		if strings.Contains(text, canary) {
			t.Errorf("a secret shows in %s", text)
		}
	}
}
