package control

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// review is one that can be asked.
func review(token string) Review {
	return Review{Token: plan.NewSecret(token), Verb: "create", Namespace: "shop", Name: "order"}
}

// reviewed runs both halves, the server's with the function, until the test ends.
func reviewed(t *testing.T, f func(context.Context, Review) (Verdict, error)) (c *Client, stopServer func()) {
	t.Helper()
	socket, server := newSocket(t), NewServer(ServerOptions{Review: f})
	stopServer = background(t, func(ctx context.Context) error { return server.Serve(ctx, socket) })
	c = NewClient(ClientOptions{Socket: socket, Catalog: newRecorder()})
	connect(t, c)
	await(t, "a connection", func() bool {
		_, err := c.Review(t.Context(), review("t"))
		return err == nil || !strings.Contains(err.Error(), "dial") && !strings.Contains(err.Error(), "not connected")
	})
	return c, stopServer
}

// TestReview: what is asked arrives whole, before Open as well, and so does the
// verdict.
func TestReview(t *testing.T) {
	asked := make(chan Review, 10)
	verdict := Verdict{Authenticated: true, Allowed: true, User: "system:serviceaccount:shop:ci"}
	c, _ := reviewed(t, func(_ context.Context, r Review) (Verdict, error) {
		if r.Token == plan.NewSecret("t") {
			return Verdict{}, nil
		}
		asked <- r
		if r.Verb == "get" {
			return Verdict{Allowed: true, User: "nobody"}, nil // what is not authenticated is nothing else
		}
		return verdict, nil
	})
	longest := Review{
		Token: plan.NewSecret(strings.Repeat("x", maxToken)), Verb: "delete",
		Namespace: strings.Repeat("n", maxNamespace), Name: strings.Repeat("m", maxName),
	}
	for _, test := range []struct {
		review Review
		want   Verdict
	}{
		{review("secret"), verdict},
		{Review{Token: plan.NewSecret("secret"), Verb: "create", Namespace: "shop"}, verdict},
		{longest, verdict},
		{Review{Token: plan.NewSecret("secret"), Verb: "get", Namespace: "shop"}, Verdict{}},
	} {
		got, err := c.Review(t.Context(), test.review)
		if err != nil || got != test.want {
			t.Errorf("got %+v and %v, want %+v", got, err, test.want)
		}
		if r := <-asked; r != test.review {
			t.Errorf("asked for %+v, want %+v", r, test.review)
		}
	}
}

// TestReviewRefuses: what nobody can have or ask for does not leave the dispatcher,
// and does not reach the manager's function if it does.
func TestReviewRefuses(t *testing.T) {
	var called atomic.Int32
	c, _ := reviewed(t, func(context.Context, Review) (Verdict, error) {
		called.Add(1)
		return Verdict{Authenticated: true, Allowed: true}, nil
	})
	called.Store(0)
	for name, test := range map[string]struct {
		change func(*Review)
		want   error
	}{
		"no token":        {func(r *Review) { r.Token = plan.Secret{} }, nil},
		"token too long":  {func(r *Review) { r.Token = plan.NewSecret(strings.Repeat("x", maxToken+1)) }, nil},
		"token not UTF-8": {func(r *Review) { r.Token = plan.NewSecret("\xff") }, nil},
		"verb":            {func(r *Review) { r.Verb = "update" }, ErrNotReviewable},
		"no namespace":    {func(r *Review) { r.Namespace = "" }, ErrNotReviewable},
		"namespace":       {func(r *Review) { r.Namespace = strings.Repeat("n", maxNamespace+1) }, ErrNotReviewable},
		"name":            {func(r *Review) { r.Name = strings.Repeat("n", maxName+1) }, ErrNotReviewable},
		"name not UTF-8":  {func(r *Review) { r.Name = "\xff" }, ErrNotReviewable},
	} {
		t.Run(name, func(t *testing.T) {
			r := review("secret")
			test.change(&r)
			got, err := c.Review(t.Context(), r)
			if !errors.Is(err, test.want) || got != (Verdict{}) || errors.Is(err, ErrUnavailable) {
				t.Errorf("got %+v and %v, want no verdict and %v", got, err, test.want)
			}
			if !utf8.ValidString(r.Name) {
				return // gRPC does not send it
			}
			m, err := c.reviews.Review(t.Context(), &pb.ReviewRequest{
				Token: []byte(r.Token.Reveal()), Verb: r.Verb, Namespace: r.Namespace, Name: r.Name,
			})
			if m.GetAuthenticated() || (test.want != nil) != (status.Code(err) == codes.InvalidArgument) {
				t.Errorf("the server gave %v and %v", m, err)
			}
		})
	}
	if n := called.Load(); n != 0 {
		t.Errorf("the manager's function was called %d times", n)
	}
}

// TestReviewUnavailable: whatever keeps Kubernetes from being asked is the same error
// to the caller, at once, and never a verdict.
func TestReviewUnavailable(t *testing.T) {
	unavailable := func(t *testing.T, c *Client, text string) {
		t.Helper()
		began := time.Now()
		got, err := c.Review(t.Context(), review("canary-token"))
		if !errors.Is(err, ErrUnavailable) || got != (Verdict{}) || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %+v and %v, want ErrUnavailable with %q", got, err, text)
		}
		if took := time.Since(began); took > reviewTimeout-time.Second {
			t.Errorf("it took %v", took)
		}
	}
	t.Run("Kubernetes is away", func(t *testing.T) {
		c, _ := reviewed(t, func(context.Context, Review) (Verdict, error) {
			return Verdict{Authenticated: true, Allowed: true}, errors.New("the API server does not answer")
		})
		unavailable(t, c, "the API server does not answer")
	})
	t.Run("a manager that reviews nobody", func(t *testing.T) {
		c, _ := reviewed(t, nil)
		unavailable(t, c, "does not review")
	})
	t.Run("before and after Run", func(t *testing.T) {
		c := NewClient(ClientOptions{Socket: newSocket(t), Catalog: newRecorder()})
		unavailable(t, c, "not connected")
		connect(t, c)()
		unavailable(t, c, "not connected")
	})
	t.Run("the manager is away, and comes back", func(t *testing.T) {
		yes := func(context.Context, Review) (Verdict, error) {
			return Verdict{Authenticated: true, Allowed: true}, nil
		}
		c, stop := reviewed(t, yes)
		stop()
		unavailable(t, c, "")
		server := NewServer(ServerOptions{Review: yes})
		background(t, func(ctx context.Context) error { return server.Serve(ctx, c.socket) })
		await(t, "a verdict", func() bool {
			v, err := c.Review(t.Context(), review("canary-token"))
			return err == nil && v.Allowed
		})
	})
}

// TestReviewsFollowTheManagersReturn: however long it was away, reviews are tried
// again within seconds.
func TestReviewsFollowTheManagersReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener, back := bufconn.Listen(1<<20), time.Now().Add(time.Hour)
		server := NewServer(ServerOptions{Review: func(context.Context, Review) (Verdict, error) {
			return Verdict{Authenticated: true}, nil
		}})
		background(t, func(ctx context.Context) error { return server.serve(ctx, listener) })
		c := NewClient(ClientOptions{Socket: "memory", Catalog: newRecorder()})
		c.dial = func(ctx context.Context, _ string) (net.Conn, error) {
			if time.Now().Before(back) {
				return nil, errors.New("nobody listens")
			}
			return listener.DialContext(ctx)
		}
		connect(t, c)
		synctest.Wait()
		for time.Now().Before(back) {
			if _, err := c.Review(t.Context(), review("t")); !errors.Is(err, ErrUnavailable) {
				t.Fatalf("while the manager is away: %v", err)
			}
			time.Sleep(time.Second) // the bubble's clock
		}
		time.Sleep(2 * maxWait) // the bubble's clock
		if v, err := c.Review(t.Context(), review("t")); err != nil || !v.Authenticated {
			t.Errorf("%v after the manager is back: %+v, %v", 2*maxWait, v, err)
		}
	})
}

// TestReviewsAreBounded: so many run at a time, and the next waits for its turn,
// while there is time.
func TestReviewsAreBounded(t *testing.T) {
	running, release := make(chan struct{}, maxReviews+1), make(chan struct{})
	c, _ := reviewed(t, func(ctx context.Context, r Review) (Verdict, error) {
		if r.Token == plan.NewSecret("t") {
			return Verdict{}, nil
		}
		running <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done(): // the caller has left
		}
		return Verdict{Authenticated: true}, nil
	})
	var group errgroup.Group
	one := func() error { _, err := c.Review(t.Context(), review("secret")); return err }
	for range maxReviews {
		group.Go(one)
		<-running
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Review(ctx, review("secret")); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a caller whose time is up got %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := c.Review(ctx, review("secret")); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("a caller that left got %v", err)
	}
	select {
	case <-running:
		t.Fatalf("more than %d run at a time", maxReviews)
	default:
	}
	release <- struct{}{}
	group.Go(one)
	<-running
	close(release)
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}
