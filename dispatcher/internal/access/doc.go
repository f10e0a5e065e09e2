// Package access says whether a caller may do what it asks for. Kubernetes
// decides, by a review of the caller's token; verdicts are remembered, since
// every call needs one.
//
// Guarantees: a right that was taken away ends within [MaxAge] while Kubernetes
// can be asked, and within [Lifetime] in any case; a verdict is never used past
// the end of the token it was given for. While Kubernetes cannot be asked, callers
// that are known go on and others get [ErrUnavailable]. Tokens are kept as their
// SHA-256 only. Requests of callers that are refused take no place from those that
// are allowed: neither in memory nor among the reviews that renew verdicts.
//
// Non-goals: how the review reaches Kubernetes ([Reviewer]), and what HTTP makes of
// it (package httpapi).
//
// Start at [Controller.Allow].
package access
