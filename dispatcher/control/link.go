package control

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"golang.org/x/sync/errgroup"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// link is the client's side of one session.
type link struct {
	*Client

	stream      pb.Control_SessionClient
	answers     chan *pb.Ack
	established bool // the manager has sent something
}

// errHungUpByManager ends a session the manager has ended without an error.
var errHungUpByManager = errors.New("the manager has ended the session")

// session holds one session until it breaks or ctx ends. It reports whether the
// manager took part in it, and why it ended.
func (c *Client) session(ctx context.Context) (established bool, err error) {
	conn, err := c.connect()
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	group, ctx := errgroup.WithContext(ctx)
	stream, err := pb.NewControlClient(conn).Session(ctx)
	if err != nil {
		return false, err
	}
	l := &link{Client: c, stream: stream, answers: make(chan *pb.Ack)}
	hello := c.hello()
	c.resendReports()
	group.Go(func() error { return l.send(ctx, hello) })
	group.Go(func() error { return l.receive(ctx) })
	err = group.Wait()
	l.over()
	return l.established, err
}

// hello says what the catalog works with and what has waiting calls, in as many
// messages as it takes.
func (c *Client) hello() []*pb.Hello {
	have := make([]*pb.EntryVersion, 0, len(c.have))
	for ref, hash := range c.have {
		have = append(have, &pb.EntryVersion{Ref: refToPB(ref), Hash: []byte(hash)})
	}
	var holds []*pb.Ref
	for _, ref := range c.catalog.Held() {
		if _, ok := c.have[ref]; !ok {
			holds = append(holds, refToPB(ref))
		}
	}
	var parts []*pb.Hello
	for batch := range batches(have, math.MaxInt) {
		parts = append(parts, &pb.Hello{Have: batch, More: true})
	}
	for batch := range batches(holds, math.MaxInt) {
		parts = append(parts, &pb.Hello{Holds: batch, More: true})
	}
	return append(parts, &pb.Hello{Version: c.version})
}

// send sends the hello, and then answers and outcomes until ctx ends.
func (l *link) send(ctx context.Context, hello []*pb.Hello) error {
	for _, part := range hello {
		if err := l.put(ctx, &pb.DispatcherMessage{Message: &pb.DispatcherMessage_Hello{Hello: part}}); err != nil {
			return err
		}
	}
	var flush <-chan time.Time // nil while there is nothing to report
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case ack := <-l.answers:
			err = l.put(ctx, &pb.DispatcherMessage{Message: &pb.DispatcherMessage_Ack{Ack: ack}})
		case <-l.reported:
			if flush == nil {
				flush = time.After(reportDelay)
			}
		case <-flush:
			flush = nil
			err = l.sendReports(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func (l *link) sendReports(ctx context.Context) error {
	for batch := range batches(l.takeReports(), maxReports) {
		m := &pb.DispatcherMessage{Message: &pb.DispatcherMessage_Outcomes{Outcomes: &pb.Outcomes{Reports: batch}}}
		if err := l.put(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (l *link) put(ctx context.Context, m *pb.DispatcherMessage) error {
	err := l.stream.Send(m)
	if !errors.Is(err, io.EOF) {
		return err
	}
	// The stream is broken, and only Recv will say why. Until then what it
	// still reads must not wait for a sender.
	for {
		select {
		case <-l.answers:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// receive applies deltas until the stream ends, and says why it did.
func (l *link) receive(ctx context.Context) error {
	for {
		m, err := l.stream.Recv()
		if errors.Is(err, io.EOF) {
			return errHungUpByManager
		}
		if err != nil {
			return err
		}
		if !l.established {
			l.established = true
			l.begun()
			l.log.InfoContext(ctx, "control session begun")
		}
		l.forget(m.GetOutcomesAck().GetDone())
		l.serve(m.GetServingCertificate())
		if delta := m.GetDelta(); delta != nil {
			if err := l.answer(ctx, delta.GetNonce(), l.apply(delta)); err != nil {
				return err
			}
		}
	}
}

// apply brings the catalog up to date and returns the answer to each entry.
func (l *link) apply(delta *pb.Delta) []*pb.EntryResult {
	change, results := unpack(delta)
	refused := make(map[plan.Ref]string)
	if len(results)+len(change.Removals) > 0 {
		for _, r := range l.catalog.Apply(change) {
			refused[r.Ref] = sendable(r.Error)
		}
	}
	for _, ref := range change.Removals {
		delete(l.have, ref)
	}
	for _, r := range results {
		ref := refFromPB(r.GetRef())
		if r.Error = refused[ref]; r.Error == "" {
			l.have[ref] = contentHash(r.GetHash())
		}
	}
	if delta.GetComplete() && !l.complete {
		l.complete = true
		l.catalog.Complete()
	}
	return results
}

// unpack returns the change a delta stands for, and a result for each entry.
func unpack(delta *pb.Delta) (Change, []*pb.EntryResult) {
	var change Change
	results := make([]*pb.EntryResult, 0, len(delta.GetUpserts()))
	for _, e := range delta.GetUpserts() {
		var ref plan.Ref
		if m := e.GetIntegration(); m != nil {
			i := integrationFromPB(m)
			change.Integrations, ref = append(change.Integrations, i), i.Ref()
		} else {
			w := webhookFromPB(e.GetWebhook())
			change.Webhooks, ref = append(change.Webhooks, w), w.Ref()
		}
		results = append(results, &pb.EntryResult{Ref: refToPB(ref), Hash: e.GetHash()})
	}
	for _, m := range delta.GetRemovals() {
		change.Removals = append(change.Removals, refFromPB(m))
	}
	return change, results
}

// answer hands the results to the sender, in as many messages as it takes.
func (l *link) answer(ctx context.Context, nonce uint64, results []*pb.EntryResult) error {
	for batch := range batches(results, math.MaxInt) {
		select {
		case l.answers <- &pb.Ack{Nonce: nonce, Results: batch}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
