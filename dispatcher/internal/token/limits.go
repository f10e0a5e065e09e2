package token

import "time"

// What a token server can cost.
const (
	// requestTimeout bounds one token request: connect, headers and body together.
	requestTimeout = 30 * time.Second
	// maxAnswer bounds the body of its answer, which is never decompressed.
	maxAnswer = 64 << 10
	// maxToken bounds an access token. Servers commonly take 8 to 64 KiB of headers.
	maxToken = 16 << 10

	// earlyWindow is how long before its end a token is renewed, but no more than
	// a tenth of its lifetime.
	earlyWindow = time.Minute
	// firstDelay is from a failed request to the next, and from getting a token
	// that is discarded to the next request. It doubles with each failure in a
	// row up to maxDelay.
	firstDelay = time.Second
	maxDelay   = 30 * time.Second
)

// delay is the time from a failed request to the next, after so many in a row.
func delay(failures int) time.Duration {
	d := firstDelay
	for i := 1; i < failures && d < maxDelay; i++ {
		d *= 2
	}
	return min(d, maxDelay)
}
