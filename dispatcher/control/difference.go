package control

import (
	"maps"
	"slices"
	"strings"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// told is a content the dispatcher was told of, and its answer.
type told struct {
	hash     contentHash
	nonce    uint64 // of the delta that carried it; 0 for what a hello named
	answered bool
	err      string
}

// mark notes that the entry of ref may have to be sent. Without a session
// nothing is noted: the next one compares everything.
func (se *session) mark(ref plan.Ref) {
	if se != nil {
		se.dirty[ref] = struct{}{}
		wake(se.changed)
	}
}

// takeDirty returns the marked entries in sending order.
func (s *Server) takeDirty(se *session) []plan.Ref {
	s.mu.Lock()
	defer s.mu.Unlock()
	refs := se.dirty
	se.dirty = make(map[plan.Ref]struct{})
	return inOrder(refs)
}

// compare takes over what the dispatcher has, and returns everything either
// side knows of, in sending order.
func (s *Server) compare(se *session, hello *pb.Hello) []plan.Ref {
	s.mu.Lock()
	var answered []plan.Ref
	refs := make(map[plan.Ref]struct{}, len(s.entries))
	for _, h := range hello.GetHolds() {
		ref := refFromPB(h)
		se.told[ref] = told{}
		refs[ref] = struct{}{}
	}
	for _, h := range hello.GetHave() {
		ref, hash := refFromPB(h.GetRef()), contentHash(h.GetHash())
		se.told[ref] = told{hash: hash, answered: true}
		refs[ref] = struct{}{}
		if e, ok := s.entries[ref]; ok && e.hash == hash && e.settle("") {
			answered = append(answered, ref)
		}
	}
	for ref := range s.entries {
		refs[ref] = struct{}{}
	}
	s.mu.Unlock()
	s.notify(answered)
	return inOrder(refs)
}

// inOrder sorts integrations before webhooks, so that a webhook seldom arrives
// before its integration, and then by namespace and name.
func inOrder(refs map[plan.Ref]struct{}) []plan.Ref {
	return slices.SortedFunc(maps.Keys(refs), func(a, b plan.Ref) int {
		if a.Kind != b.Kind {
			return strings.Compare(string(b.Kind), string(a.Kind)) // "WebhookIntegration" is the greater
		}
		if a.Namespace != b.Namespace {
			return strings.Compare(a.Namespace, b.Namespace)
		}
		return strings.Compare(a.Name, b.Name)
	})
}

// cut makes the next delta out of refs, as they are now, and returns those that
// had no room in it.
func (s *Server) cut(se *session, refs []plan.Ref) (*pb.Delta, []plan.Ref) {
	s.mu.Lock()
	se.nonce++
	delta := &pb.Delta{Nonce: se.nonce}
	var answered []plan.Ref
	next := 0
	for size := 0; next < len(refs); next++ {
		ref := refs[next]
		need, n := s.need(se, ref)
		if size > 0 && size+n > maxBatch {
			break
		}
		size += n
		switch need {
		case needUpsert:
			delta.Upserts = append(delta.Upserts, s.tell(se, ref))
		case needRemoval:
			delete(se.told, ref)
			delta.Removals = append(delta.Removals, refToPB(ref))
		case needNothing:
			if s.recall(se, ref) {
				answered = append(answered, ref)
			}
		}
	}
	s.mu.Unlock()
	s.notify(answered)
	return delta, refs[next:]
}

// need is what the dispatcher must be told of an object.
type need int

const (
	needNothing need = iota
	needUpsert
	needRemoval
)

// need compares the current content with what the dispatcher was told, and
// returns also the bytes that telling it takes.
func (s *Server) need(se *session, ref plan.Ref) (need, int) {
	e, exists := s.entries[ref]
	was, known := se.told[ref]
	switch {
	case !exists && known:
		return needRemoval, len(ref.Namespace) + len(ref.Name) + 3*itemOverhead
	case exists && e.problem == "" && e.hash != was.hash:
		return needUpsert, e.size
	}
	return needNothing, 0
}

// tell notes that the entry is about to be sent. From here on the answer to an
// earlier content says nothing any more, even if the content goes back to it.
func (s *Server) tell(se *session, ref plan.Ref) *pb.Entry {
	e := s.entries[ref]
	se.told[ref] = told{hash: e.hash, nonce: se.nonce}
	if e.answer.hash != e.hash {
		e.answer = answer{}
	}
	return e.message
}

// recall gives an entry that needs no sending the answer its content got
// earlier in the session: it was removed, or changed, and set again before
// either was sent. It reports whether that is news.
func (s *Server) recall(se *session, ref plan.Ref) bool {
	e, exists := s.entries[ref]
	was := se.told[ref]
	return exists && was.answered && was.hash == e.hash && e.settle(was.err)
}

// answered takes the dispatcher's answers. Only the answer to the delta that
// told an entry last counts: others are about contents it has moved on from.
func (s *Server) answered(se *session, ack *pb.Ack) {
	s.mu.Lock()
	var changed []plan.Ref
	for _, r := range ack.GetResults() {
		ref := refFromPB(r.GetRef())
		t, known := se.told[ref]
		if s.current != se || !known || t.nonce != ack.GetNonce() || t.hash != contentHash(r.GetHash()) {
			continue
		}
		t.answered, t.err = true, r.GetError()
		se.told[ref] = t
		if e, ok := s.entries[ref]; ok && e.hash == t.hash && e.settle(t.err) {
			changed = append(changed, ref)
		}
	}
	s.mu.Unlock()
	s.notify(changed)
}
