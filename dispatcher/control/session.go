package control

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// service is the gRPC face of a Server.
type service struct {
	pb.UnimplementedControlServer

	server *Server
}

// session is the server's side of one stream. All fields but the channels and
// stream are guarded by Server.mu.
type session struct {
	stream pb.Control_SessionServer
	end    context.CancelCauseFunc

	// told is what the dispatcher has or will have once it has read what was
	// sent. An object it only holds calls for is there without a hash.
	told  map[plan.Ref]told
	dirty map[plan.Ref]struct{} // changed since they were last looked at
	done  map[plan.Key]uint64   // outcomes to acknowledge
	nonce uint64                // of the newest delta

	changed      chan struct{} // dirty has grown
	acknowledged chan struct{} // done has grown
	serving      chan struct{} // the serving certificate has changed
}

var errReplaced = status.Error(codes.Aborted, "a newer session has replaced this one")

// errHungUp ends a session whose dispatcher has closed its side.
var errHungUp = errors.New("the dispatcher has closed the session")

// Session reads the hello and keeps the dispatcher up to date until either side
// ends or a newer session begins.
func (v *service) Session(stream pb.Control_SessionServer) error {
	hello, err := readHello(stream)
	if err != nil {
		return err
	}
	s := v.server
	ctx, end := context.WithCancelCause(stream.Context())
	defer end(nil)
	se := &session{
		stream: stream, end: end,
		told: make(map[plan.Ref]told), dirty: make(map[plan.Ref]struct{}), done: make(map[plan.Key]uint64),
		changed: make(chan struct{}, 1), acknowledged: make(chan struct{}, 1), serving: make(chan struct{}, 1),
	}
	s.begin(se)
	defer s.finish(se)
	select {
	case <-s.opened:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s.log.Info("control session begun", "dispatcherVersion", hello.GetVersion(), "entries", len(hello.GetHave()))
	difference := s.compare(se, hello)
	s.receivers.Go(func() { end(s.receive(se)) })
	err = s.send(ctx, se, difference)
	s.log.Info("control session ended", "reason", err)
	if errors.Is(err, errHungUp) {
		return nil
	}
	return err
}

// readHello puts the messages of a hello together.
func readHello(stream pb.Control_SessionServer) (*pb.Hello, error) {
	hello := &pb.Hello{}
	for more := true; more; {
		m, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		part := m.GetHello()
		if part == nil {
			return nil, status.Error(codes.InvalidArgument, "a session begins with a hello")
		}
		hello.Have = append(hello.Have, part.GetHave()...)
		hello.Holds = append(hello.Holds, part.GetHolds()...)
		hello.Version = part.GetVersion()
		more = part.GetMore()
	}
	return hello, nil
}

// begin makes se the session and ends the one before.
func (s *Server) begin(se *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		s.current.end(errReplaced)
	}
	s.current = se
}

func (s *Server) finish(se *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == se {
		s.current = nil
	}
}

// wake leaves a signal in a channel of capacity 1.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// send sends the difference, the serving certificate, and then every change until
// ctx ends.
func (s *Server) send(ctx context.Context, se *session, difference []plan.Ref) error {
	if err := s.sendDeltas(ctx, se, difference, true); err != nil {
		return err
	}
	wake(se.serving)
	for {
		var err error
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-se.acknowledged:
			err = s.sendDone(se)
		case <-se.serving:
			err = s.sendServing(se)
		case <-se.changed:
			waitQuiet(ctx, se.changed)
			err = s.sendDeltas(ctx, se, s.takeDirty(se), false)
		}
		if err != nil {
			return err
		}
	}
}

// waitQuiet returns once no signal has come for holdOff, after holdOffMax at
// the latest.
func waitQuiet(ctx context.Context, changed <-chan struct{}) {
	quiet, limit := time.NewTimer(holdOff), time.NewTimer(holdOffMax)
	defer quiet.Stop()
	defer limit.Stop()
	for {
		select {
		case <-changed:
			quiet.Reset(holdOff)
		case <-quiet.C:
			return
		case <-limit.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// sendDeltas sends what has to be sent of refs; whole says that after it the
// dispatcher knows everything.
func (s *Server) sendDeltas(ctx context.Context, se *session, refs []plan.Ref, whole bool) error {
	for {
		delta, rest := s.cut(se, refs)
		delta.Complete = whole && len(rest) == 0
		if delta.Complete || len(delta.Upserts)+len(delta.Removals) > 0 {
			if err := se.stream.Send(&pb.ManagerMessage{Message: &pb.ManagerMessage_Delta{Delta: delta}}); err != nil {
				return err
			}
		}
		if len(rest) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		refs = rest
	}
}

// sendDone sends the acknowledgements of outcomes.
func (s *Server) sendDone(se *session) error {
	s.mu.Lock()
	done := make([]*pb.ReportSeq, 0, len(se.done))
	for key, seq := range se.done {
		done = append(done, &pb.ReportSeq{Namespace: key.Namespace, Name: key.Name, Seq: seq})
	}
	clear(se.done)
	s.mu.Unlock()
	for batch := range batches(done, math.MaxInt) {
		m := &pb.ManagerMessage{Message: &pb.ManagerMessage_OutcomesAck{OutcomesAck: &pb.OutcomesAck{Done: batch}}}
		if err := se.stream.Send(m); err != nil {
			return err
		}
	}
	return nil
}

// receive takes answers and outcomes until the stream ends, and says why it did.
func (s *Server) receive(se *session) error {
	for {
		m, err := se.stream.Recv()
		if errors.Is(err, io.EOF) {
			return errHungUp
		}
		if err != nil {
			return err
		}
		switch m := m.GetMessage().(type) {
		case *pb.DispatcherMessage_Ack:
			s.answered(se, m.Ack)
		case *pb.DispatcherMessage_Outcomes:
			s.reported(se, m.Outcomes)
		default:
			return status.Error(codes.InvalidArgument, "only answers and outcomes may follow the hello")
		}
	}
}

// reported hands outcomes on, unless the session has been replaced: then the
// newer one brings them.
func (s *Server) reported(se *session, m *pb.Outcomes) {
	if s.outcomes == nil || len(m.GetReports()) == 0 || !s.isCurrent(se) {
		return
	}
	reports := make([]plan.Report, len(m.GetReports()))
	for i, r := range m.GetReports() {
		reports[i] = reportFromPB(r)
	}
	s.outcomes(reports)
}

func (s *Server) isCurrent(se *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current == se
}
