package control

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// ServerOptions configure a [Server]. The functions are called without locks
// held, perhaps at the same time from several goroutines. Changed and Outcomes hold
// up the session while they run: they must be quick.
type ServerOptions struct {
	// Logger gets one line for each session's begin and end; nil is no log.
	Logger *slog.Logger
	// Changed is called after [Server.State] of an entry has changed through
	// an answer of the dispatcher; may be nil. It is not called for State's
	// Connected alone, nor by SetIntegration and SetWebhook.
	Changed func(plan.Ref)
	// Outcomes is called with newest outcomes, of different webhooks. Each must
	// later be named to [Server.Done]. The same ones come again after a
	// reconnect until then. If nil, outcomes stay with the dispatcher.
	Outcomes func([]plan.Report)
	// Review says who a caller is and what it may do, in the time that the context
	// leaves. An error means that Kubernetes cannot be asked now; its text reaches the
	// dispatcher's log and must not have the token. At most 64 run at a time. If nil,
	// no caller can be reviewed.
	Review func(context.Context, Review) (Verdict, error)
}

// State is how the dispatcher stands to one entry.
type State struct {
	// Answered says that the dispatcher has taken or refused the entry's
	// current content. It stays when the session is lost.
	Answered bool
	// Error, if Answered, says in one sentence why the content was refused;
	// empty if it was taken. A webhook's entry stays as it was taken last, if it
	// was; the calls of a refused integration wait.
	Error string
	// Connected says that a dispatcher is connected now.
	Connected bool
}

// Server is the manager's half: it holds the whole configuration in memory and
// keeps one dispatcher up to date with it. All methods may be called
// concurrently.
type Server struct {
	log      *slog.Logger
	changed  func(plan.Ref)
	outcomes func([]plan.Report)
	review   func(context.Context, Review) (Verdict, error)
	reviews  chan struct{} // one for each review under way

	open      sync.Once
	opened    chan struct{}
	receivers sync.WaitGroup

	mu      sync.Mutex
	entries map[plan.Ref]*entry
	serving *pb.ServingCertificate // nil before the first
	current *session               // nil without a session
}

// entry is the current content of an object and the newest answer to it.
type entry struct {
	message *pb.Entry
	hash    contentHash
	size    int    // of message in a delta, in bytes
	problem string // why message cannot be sent; empty if it can
	answer  answer
}

// answer is what the dispatcher said to a content. Without a hash it is none.
type answer struct {
	hash contentHash
	err  string
}

// state is the answer as far as it is about the current content.
func (e *entry) state() State {
	switch {
	case e.problem != "":
		return State{Answered: true, Error: e.problem}
	case e.answer.hash != "" && e.answer.hash == e.hash:
		return State{Answered: true, Error: e.answer.err}
	}
	return State{}
}

// settle records the answer to the current content and reports whether it says
// anything new.
func (e *entry) settle(text string) bool {
	was := e.answer
	e.answer = answer{hash: e.hash, err: text}
	return e.answer != was
}

// NewServer returns a server without configuration. It answers no session
// before [Server.Open].
func NewServer(o ServerOptions) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Server{
		log:      o.Logger,
		changed:  o.Changed,
		outcomes: o.Outcomes,
		review:   o.Review,
		reviews:  make(chan struct{}, maxReviews),
		opened:   make(chan struct{}),
		entries:  make(map[plan.Ref]*entry),
	}
}

// SetIntegration makes i the content of its entry; equal content changes
// nothing. The server keeps what i refers to, so it must not be changed after.
func (s *Server) SetIntegration(i plan.Integration) {
	s.set(i.Ref(), &pb.Entry{Entry: &pb.Entry_Integration{Integration: integrationToPB(&i)}})
}

// SetWebhook makes w the content of its entry; equal content changes nothing.
// The server keeps what w refers to, so it must not be changed after.
func (s *Server) SetWebhook(w plan.Webhook) {
	s.set(w.Ref(), &pb.Entry{Entry: &pb.Entry_Webhook{Webhook: webhookToPB(&w)}})
}

func (s *Server) set(ref plan.Ref, message *pb.Entry) {
	e := &entry{message: message}
	var err error
	if e.hash, e.size, err = seal(message); err != nil {
		e.problem = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if was, ok := s.entries[ref]; ok {
		if was.hash == e.hash && was.problem == e.problem {
			return
		}
		e.answer = was.answer // if the content goes back before anything is sent, it still holds
	}
	s.entries[ref] = e
	s.current.mark(ref)
}

// Remove tells the dispatcher that the object is gone, in this session or, if
// it still has it, in a later one. Without such an entry nothing changes.
func (s *Server) Remove(ref plan.Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.entries, ref)
	s.current.mark(ref)
}

// Open begins to answer sessions. Call it once every object that exists has
// been set: whatever the dispatcher has and the server does not is then told
// as removed, and its waiting calls are cancelled. Further calls do nothing.
func (s *Server) Open() { s.open.Do(func() { close(s.opened) }) }

// State returns how the dispatcher stands to the entry; for one that is not
// set only Connected is filled in.
func (s *Server) State(ref plan.Ref) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	var state State
	if e, ok := s.entries[ref]; ok {
		state = e.state()
	}
	state.Connected = s.current != nil
	return state
}

// Done says that the outcomes, and all older ones of the same webhooks, are
// safe in status, so that the dispatcher can forget them. Only Webhook and Seq
// are read. Without a session it does nothing: the dispatcher will send them
// again, and they must be acknowledged again.
func (s *Server) Done(reports []plan.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || len(reports) == 0 {
		return
	}
	for _, r := range reports {
		s.current.done[r.Webhook] = max(s.current.done[r.Webhook], r.Seq)
	}
	wake(s.current.acknowledged)
}

// Serve listens on the socket until ctx ends, and then ends the session and
// removes the socket. It returns nil in that case, and no function of
// [ServerOptions] runs any more after it has returned. The path may have at
// most 107 bytes. It must not be called twice at the same time.
func (s *Server) Serve(ctx context.Context, socket string) error {
	listener, err := listenSocket(ctx, socket)
	if err != nil {
		return err
	}
	return s.serve(ctx, listener)
}

func (s *Server) serve(ctx context.Context, listener net.Listener) error {
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxSendMsgSize(maxMessage),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingAfter, Timeout: pingTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingMinimum}),
		grpc.WaitForHandlers(true),
	)
	pb.RegisterControlServer(server, &service{server: s})
	defer context.AfterFunc(ctx, server.Stop)()
	err := server.Serve(listener)
	server.Stop() // Serve may have ended by itself, with a session open
	s.receivers.Wait()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve the control socket: %w", err)
	}
	return nil
}

// notify calls Changed for each ref. The lock must not be held.
func (s *Server) notify(refs []plan.Ref) {
	if s.changed == nil {
		return
	}
	for _, ref := range refs {
		s.changed(ref)
	}
}
