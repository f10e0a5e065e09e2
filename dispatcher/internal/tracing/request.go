package tracing

import "context"

// Request is what those who work on a request of the API know of it and of each other.
// It belongs to the goroutine of the request.
type Request struct {
	// ID is the request's id, for the log.
	ID string
	// Caller is the name of the caller that was let in; empty as long as there is none.
	Caller string
	// Err is why the request was refused; nil if it was not.
	Err error
	// Span is where in a trace the request is; nil in none.
	Span *Span
}

type requestKey struct{}

// With returns a context that has a request.
func With(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// Of is the request of a context; an empty one if it has none.
func Of(ctx context.Context) *Request {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		return r
	}
	return new(Request)
}
