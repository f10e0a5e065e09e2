package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/controllers/metrics"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Audience is what a caller's token must be for: kubectl create token --audience,
// or audience of a projected serviceAccountToken. One for the API server itself does
// not do, so that nobody has to hand the dispatcher a token with which it could speak
// to the API server in the caller's place.
const Audience = "webhook-dispatcher"

// metricsPath is the path of metrics. For it alone a token for the API server itself
// does, since that is what Prometheus has.
const metricsPath = "/metrics"

// The virtual subresource that stands for the calls of Webhooks in roles.
const (
	callsResource    = "webhooks"
	callsSubresource = "calls"
)

// reviewer asks Kubernetes who callers are and what they may do: a TokenReview, and
// for who is known a SubjectAccessReview. It is safe for concurrent use.
type reviewer struct {
	client   client.Client
	reviewed func(metrics.ReviewResult, time.Duration) // is told of each review
}

// review's error has neither the token nor anything that the API server wrote.
func (r *reviewer) review(ctx context.Context, asked control.Review) (control.Verdict, error) {
	begun := time.Now()
	verdict, err := r.ask(ctx, asked)
	r.reviewed(resultOf(verdict, err), time.Since(begun))
	return verdict, err
}

// scraper says whether the holder of a token may get the metrics.
func (r *reviewer) scraper(ctx context.Context, token plan.Secret) (metrics.ReviewResult, error) {
	verdict, err := r.review(ctx, control.Review{Token: token, Path: metricsPath})
	return resultOf(verdict, err), err
}

// resultOf is how a review ended.
func resultOf(verdict control.Verdict, err error) metrics.ReviewResult {
	switch {
	case err != nil:
		return metrics.ReviewFailed
	case !verdict.Authenticated:
		return metrics.Unauthenticated
	case !verdict.Allowed:
		return metrics.Forbidden
	}
	return metrics.Allowed
}

// ask is review.
func (r *reviewer) ask(ctx context.Context, asked control.Review) (control.Verdict, error) {
	user, known, err := r.identify(ctx, asked.Token.Reveal(), Audience)
	if err == nil && !known && asked.Path == metricsPath {
		user, known, err = r.identify(ctx, asked.Token.Reveal(), "")
	}
	if err != nil || !known {
		return control.Verdict{}, err
	}
	access := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, UID: user.UID, Groups: user.Groups, Extra: extraOf(user),
	}}
	if asked.Path != "" {
		access.Spec.NonResourceAttributes = &authorizationv1.NonResourceAttributes{Path: asked.Path, Verb: "get"}
	} else {
		access.Spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
			Group: v1alpha1.GroupVersion.Group, Version: v1alpha1.GroupVersion.Version,
			Resource: callsResource, Subresource: callsSubresource,
			Verb: asked.Verb, Namespace: asked.Namespace, Name: asked.Name,
		}
	}
	if err := r.client.Create(ctx, access); err != nil {
		return control.Verdict{}, fmt.Errorf("review the rights of a caller: %w", unasked(ctx, err))
	}
	return control.Verdict{Authenticated: true, Allowed: access.Status.Allowed, User: user.Username}, nil
}

// identify says whose token it is, if it is one for the audience; an empty one is that
// of the API server.
func (r *reviewer) identify(ctx context.Context, text, audience string) (user authenticationv1.UserInfo, known bool, err error) {
	token := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: text}}
	if audience != "" {
		token.Spec.Audiences = []string{audience}
	}
	if err := r.client.Create(ctx, token); err != nil {
		return user, false, fmt.Errorf("review a token: %w", unasked(ctx, err))
	}
	// An authenticator that knows nothing of audiences leaves them out.
	known = token.Status.Authenticated && (audience == "" || slices.Contains(token.Status.Audiences, audience))
	return token.Status.User, known, nil
}

// extraOf is what the authenticator said of a user beside name and groups, such as
// the pod of a service account's token; authorizers may look at it.
func extraOf(user authenticationv1.UserInfo) map[string]authorizationv1.ExtraValue {
	if user.Extra == nil {
		return nil
	}
	extra := make(map[string]authorizationv1.ExtraValue, len(user.Extra))
	for key, values := range user.Extra {
		extra[key] = authorizationv1.ExtraValue(values)
	}
	return extra
}

// unasked says in our own words why the API server gave no answer. Its own may quote
// the request, in which the token is.
func unasked(ctx context.Context, err error) error {
	switch reason := apierrors.ReasonForError(err); {
	case ctx.Err() != nil:
		return fmt.Errorf("the API server did not answer in time: %w", ctx.Err())
	case apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err):
		return errors.New("the API server does not let the manager ask; apply the manager's role in config/rbac")
	case reason != metav1.StatusReasonUnknown:
		return fmt.Errorf("the API server answered %s", reason)
	}
	return errors.New("the API server cannot be reached, or answered with an error")
}
