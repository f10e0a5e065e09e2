package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The wait between two attempts to connect: it doubles from one to the other.
const (
	firstWait = 100 * time.Millisecond
	maxWait   = 2 * time.Second
)

// ClientOptions configure a [Client].
type ClientOptions struct {
	// Socket is the path of the manager's socket, at most 107 bytes.
	Socket string
	// Catalog takes the configuration.
	Catalog Catalog
	// Serving is called with the certificate to show to callers, a chain in PEM, and
	// its key, in PEM: once in every session, and when it changes. It is called from
	// one goroutine at a time and holds up the session; may be nil.
	Serving func(certificate string, key plan.Secret)
	// Logger gets a line for each session's begin and end; nil is no log.
	Logger *slog.Logger
	// Version of the dispatcher, for the manager's log.
	Version string
}

// Client is the dispatcher's half: it keeps a [Catalog] up to date and brings
// outcomes to the manager, over as many sessions as it takes.
type Client struct {
	catalog Catalog
	log     *slog.Logger
	version string
	socket  string
	serving func(certificate string, key plan.Secret) // may be nil
	dial    func(ctx context.Context, socket string) (net.Conn, error)

	// have and complete are used by one goroutine at a time: Run's, or in a
	// session the one that receives.
	have     map[plan.Ref]contentHash // what the catalog works with
	complete bool                     // the catalog was told that it is complete

	reported chan struct{} // unsent has grown
	mu       sync.Mutex
	pending  map[plan.Key]plan.Report // not acknowledged
	unsent   map[plan.Key]struct{}    // those of pending not sent in this session
	reviews  pb.ControlClient         // nil unless Run runs
	link     Link                     // but for Unacknowledged
}

// NewClient returns a client that does nothing until [Client.Run].
func NewClient(o ClientOptions) *Client {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Client{
		catalog:  o.Catalog,
		log:      o.Logger,
		version:  sendable(o.Version),
		socket:   o.Socket,
		serving:  o.Serving,
		dial:     dialSocket,
		have:     make(map[plan.Ref]contentHash),
		reported: make(chan struct{}, 1),
		pending:  make(map[plan.Key]plan.Report),
		unsent:   make(map[plan.Key]struct{}),
	}
}

// Report keeps the outcome until the manager has acknowledged it or a report of
// the same webhook with a higher Seq takes its place, and sends it as soon as
// there is a session. It never blocks. Invalid UTF-8 in Message is replaced,
// and at most 4 KiB of it are sent.
func (c *Client) Report(r plan.Report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if newest, ok := c.pending[r.Webhook]; ok && newest.Seq > r.Seq {
		return
	}
	c.pending[r.Webhook] = r
	c.unsent[r.Webhook] = struct{}{}
	wake(c.reported)
}

// Run connects to the manager and holds the session, again and again until ctx
// ends, and then returns nil. After a failure it waits 100 ms, doubled with each
// further one up to 2 s, and shortened by at most a quarter at random. It
// returns an error only if the path of the socket can never work. It must not be
// called twice at the same time.
func (c *Client) Run(ctx context.Context) (err error) {
	if err := checkSocketPath(c.socket); err != nil {
		return err
	}
	closeReviews, err := c.openReviews()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeReviews()) }()
	for failures := 0; ; failures++ {
		established, err := c.session(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // err is how ctx's end reached the session
		}
		if established {
			failures = 0
		}
		c.logEnd(ctx, established, failures, err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(waitAfter(failures, rand.Float64())):
		}
	}
}

// logEnd logs the end of a session, and the first of several attempts that did
// not become one: while the manager is away there are 30 a minute.
func (c *Client) logEnd(ctx context.Context, established bool, failures int, err error) {
	switch {
	case established:
		c.log.WarnContext(ctx, "control session ended; going on with the configuration there is", "reason", err)
	case failures == 0:
		c.log.InfoContext(ctx, "manager cannot be reached yet; trying again until it can", "reason", err)
	default:
		c.log.DebugContext(ctx, "manager cannot be reached", "reason", err, "attempts", failures+1)
	}
}

// waitAfter is the wait after so many failures in a row; random is in [0, 1).
func waitAfter(failures int, random float64) time.Duration {
	wait := min(firstWait<<min(failures, 10), maxWait)
	return wait - time.Duration(random*float64(wait)/4)
}

// connect prepares a connection; it is made by the first use.
func (c *Client) connect() (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("passthrough:///manager",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return c.dial(ctx, c.socket) }),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: reviewTimeout, Backoff: backoff.Config{
			BaseDelay: firstWait, Multiplier: 2, Jitter: 0.2, MaxDelay: maxWait, // by itself it would be two minutes
		}}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingTimeout}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
	)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection to the manager: %w", err)
	}
	return conn, nil
}

// openReviews makes the connection for reviews, until the function is called.
func (c *Client) openReviews() (closeReviews func() error, err error) {
	conn, err := c.connect()
	if err != nil {
		return nil, err
	}
	c.setReviews(pb.NewControlClient(conn))
	return func() error { c.setReviews(nil); return conn.Close() }, nil
}

func (c *Client) setReviews(client pb.ControlClient) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reviews = client
}

// resendReports makes everything that is not acknowledged unsent.
func (c *Client) resendReports() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.pending {
		c.unsent[key] = struct{}{}
	}
	if len(c.unsent) > 0 {
		wake(c.reported)
	}
}

// takeReports returns the unsent reports and makes them sent.
func (c *Client) takeReports() []*pb.Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	reports := make([]*pb.Report, 0, len(c.unsent))
	for key := range c.unsent {
		r := c.pending[key]
		reports = append(reports, reportToPB(&r))
	}
	clear(c.unsent)
	return reports
}

// forget drops the reports that are safe in status.
func (c *Client) forget(done []*pb.ReportSeq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range done {
		key := plan.Key{Namespace: d.GetNamespace(), Name: d.GetName()}
		if c.pending[key].Seq <= d.GetSeq() {
			delete(c.pending, key)
			delete(c.unsent, key)
		}
	}
}
