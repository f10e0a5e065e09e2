package control

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// maxToken is the longest token that is reviewed, in bytes. Tokens of service
	// accounts have about 1 KiB, those of OpenID providers with many groups 10 KiB.
	maxToken = 16 << 10
	// maxNamespace and maxName are how long Kubernetes lets these be.
	maxNamespace = 63
	maxName      = 253
	// maxReviews is how many reviews the server has under way; others wait.
	maxReviews = 64
	// reviewTimeout is how long a review may take, with the wait for its turn.
	reviewTimeout = 5 * time.Second
)

var (
	// ErrUnavailable says that the manager, or Kubernetes behind it, cannot be asked
	// now: nothing is known about the caller, who may try again.
	ErrUnavailable = errors.New("callers cannot be reviewed now")
	// ErrNotReviewable says that a review asks for what cannot exist.
	ErrNotReviewable = errors.New("this cannot be reviewed")
)

// Review asks who a caller is and whether it may do something.
type Review struct {
	// Token is the caller's, as it came. One that is empty, longer than 16 KiB, or
	// not UTF-8 is nobody's.
	Token plan.Secret
	// Verb on webhooks/calls: create, get or delete.
	Verb string
	// Namespace of the Webhook, at most 63 bytes, not empty.
	Namespace string
	// Name of the Webhook, at most 253 bytes; empty for all of the namespace.
	Name string
	// Path, if not empty, asks whether the caller may get it, as a path that is no
	// resource's; it begins with a slash and has at most 253 bytes. Verb, Namespace and
	// Name are empty then.
	Path string
}

// Verdict is the answer to a [Review].
type Verdict struct {
	// Authenticated is false if Kubernetes does not know the token, or if it is for
	// another audience; then nothing else is set.
	Authenticated bool
	// Allowed says that the caller may do what was asked.
	Allowed bool
	// User is the caller's name in Kubernetes.
	User string
}

// check says, wrapping [ErrNotReviewable], what cannot be asked for.
func (r *Review) check() error {
	switch {
	case r.Path != "":
		if r.Verb+r.Namespace+r.Name != "" || r.Path[0] != '/' || len(r.Path) > maxName || !utf8.ValidString(r.Path) {
			return fmt.Errorf("%w: a path begins with a slash, and nothing else is asked for with it", ErrNotReviewable)
		}
		return nil
	case r.Verb != "create" && r.Verb != "get" && r.Verb != "delete":
		return fmt.Errorf("%w: the verb is not create, get or delete", ErrNotReviewable)
	case r.Namespace == "" || len(r.Namespace) > maxNamespace || !utf8.ValidString(r.Namespace):
		return fmt.Errorf("%w: no namespace has this name", ErrNotReviewable)
	case len(r.Name) > maxName || !utf8.ValidString(r.Name):
		return fmt.Errorf("%w: no Webhook has this name", ErrNotReviewable)
	}
	return nil
}

// nobodys reports whether no caller can have such a token.
func nobodys(token plan.Secret) bool {
	text := token.Reveal()
	return text == "" || len(text) > maxToken || !utf8.ValidString(text)
}

// Review has the manager's function answer, for at most maxReviews at a time.
func (v *service) Review(ctx context.Context, m *pb.ReviewRequest) (*pb.ReviewResponse, error) {
	s := v.server
	if s.review == nil {
		return nil, status.Error(codes.Unimplemented, "this manager does not review callers")
	}
	review := Review{Token: plan.NewSecret(string(m.GetToken())), Verb: m.GetVerb(), Namespace: m.GetNamespace(), Name: m.GetName(), Path: m.GetPath()}
	if err := review.check(); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if nobodys(review.Token) {
		return &pb.ReviewResponse{}, nil
	}
	select {
	case s.reviews <- struct{}{}:
		defer func() { <-s.reviews }()
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	verdict, err := s.review(ctx, review)
	switch {
	case err != nil:
		return nil, status.Error(codes.Unavailable, sendable(err.Error()))
	case !verdict.Authenticated:
		return &pb.ReviewResponse{}, nil
	}
	return &pb.ReviewResponse{Authenticated: true, Allowed: verdict.Allowed, User: sendable(verdict.User)}, nil
}

// Review asks the manager, for at most 5 s. Its error wraps [ErrUnavailable] if the
// manager or Kubernetes cannot be asked in the time there is, [ErrNotReviewable] for
// names that no object has, and [context.Canceled] if ctx was cancelled. It works while
// [Client.Run] runs, over a connection of its own, and never waits for a manager that
// is away. No error has the token.
func (c *Client) Review(ctx context.Context, r Review) (Verdict, error) {
	if err := r.check(); err != nil {
		return Verdict{}, err
	}
	if nobodys(r.Token) {
		return Verdict{}, nil
	}
	c.mu.Lock()
	client := c.reviews
	c.mu.Unlock()
	if client == nil {
		return Verdict{}, fmt.Errorf("%w: the dispatcher is not connected to the manager", ErrUnavailable)
	}
	limited, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	m, err := client.Review(limited, &pb.ReviewRequest{
		Token: []byte(r.Token.Reveal()), Verb: r.Verb, Namespace: r.Namespace, Name: r.Name, Path: r.Path,
	})
	switch {
	case err == nil:
		return Verdict{Authenticated: m.GetAuthenticated(), Allowed: m.GetAllowed(), User: m.GetUser()}, nil
	case errors.Is(ctx.Err(), context.Canceled):
		return Verdict{}, fmt.Errorf("review a caller: %w", ctx.Err())
	case status.Code(err) == codes.InvalidArgument:
		return Verdict{}, fmt.Errorf("%w: %s", ErrNotReviewable, status.Convert(err).Message())
	}
	return Verdict{}, fmt.Errorf("%w: %s", ErrUnavailable, status.Convert(err).Message())
}
