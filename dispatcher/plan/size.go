package plan

import "fmt"

// CheckRequestSize judges the size of a request, or of a part of it, in bytes
// against [MaxRequestBytes].
func CheckRequestSize(size int) error {
	if size > MaxRequestBytes {
		return fmt.Errorf("the request would have %d bytes of URL, headers and body, more than the %d it may have; send less in it", size, MaxRequestBytes)
	}
	return nil
}
