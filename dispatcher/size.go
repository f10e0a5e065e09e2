package dispatcher

import (
	"os"
	"strconv"
	"strings"
)

const (
	mib = 1 << 20
	gib = 1 << 30

	// DefaultMemoryLimit is used where neither Options nor a cgroup says how much
	// memory there is.
	DefaultMemoryLimit = gib
	// minMemoryLimit leaves room for the store's 128 MiB and a few large calls.
	minMemoryLimit = 256 * mib
)

// budget is how a memory limit is shared out. What is left is for the store,
// whose caches have a fixed size, and for garbage until it is collected.
type budget struct {
	cache    int64 // waiting calls in memory
	inFlight int64 // attempts under way
	requests int64 // bodies of requests that are being taken in
}

// share shares a memory limit out.
func share(limit uint64) budget {
	return budget{cache: int64(limit / 32), inFlight: int64(limit / 8), requests: int64(limit / 16)}
}

// reserveOf is how much of a disk stays free by default: a tenth, at least 256
// MiB for what compactions need and at most 2 GiB, but never more than a quarter.
func reserveOf(capacity uint64) uint64 {
	return min(max(capacity/10, 256*mib), 2*gib, capacity/4)
}

// MemoryLimit is how much memory the process may use, in bytes, as its cgroup
// says (memory.max of cgroup v2); 0 if it says nothing.
func MemoryLimit() uint64 {
	text, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return 0
	}
	limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0 // "max"
	}
	return limit
}
