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
	// minMemoryLimit leaves room for a few large calls at one time.
	minMemoryLimit = 256 * mib
)

// budget is how a memory limit is shared out. All of it together may be more than
// the limit by a little, since not all is used up at one time: admission looks at
// what there really is, and nothing is taken in when that is much.
type budget struct {
	store       uint64 // memtables and blocks of the store
	cache       int64  // waiting calls in memory
	inFlight    int64  // attempts under way; their answers may have a quarter more
	requests    int64  // bodies of requests that are being taken in
	data        int64  // of them, those that are being parsed, for 40 times as much
	calls       int64  // calls on their way into the store, for three times as much
	connections int    // of callers
	idle        int    // connections to receivers that no attempt uses
	verdicts    int    // about callers, of 0.5 KiB each
	tails       int    // live tails of the delivery log, of 1 MiB each
	exports     int    // exports of it that are under way, of about 4 MiB each
}

// share shares a memory limit out. With 256 MiB the parts are, in MiB: the store
// 32, the cache 8, attempts 64, their answers 16, bodies 16, data 40, calls 24,
// callers' connections 30 and unused ones 23, a third of which are those with TLS or
// egress settings of their own. Verdicts about callers have 10.
func share(limit uint64) budget {
	return budget{
		store: limit / 8, cache: int64(limit / 32), inFlight: int64(limit / 4),
		requests: int64(limit / 16), data: int64(limit / 256), calls: int64(limit / 32),
		connections: int(min(limit/connectionBytes, maxConnections)),
		idle:        int(min(limit/connectionBytes, maxConnections)),
		verdicts:    int(limit / verdictBytes),
		tails:       int(min(limit/tailBytes, maxTails)),
		exports:     int(min(limit/exportBytes, maxExports)),
	}
}

const (
	// connectionBytes is the memory limit for each connection. A caller's costs 20
	// KiB while it is idle and up to 60 KiB while the headers of a request come in;
	// one to a receiver, with TLS, 30 KiB. So they never have more than an eighth and a
	// sixteenth.
	connectionBytes = 512 << 10
	// maxConnections bounds both where there is more memory.
	maxConnections = 8192
	// verdictBytes is the memory limit for each remembered verdict: 16,384 of 256 MiB.
	verdictBytes = 16 << 10
	// tailBytes is the memory limit for each live tail, of whose reader a megabyte can wait,
	// and exportBytes that for each export: 16 and 4 of 256 MiB.
	tailBytes   = 16 * mib
	exportBytes = 64 * mib
	// maxTails and maxExports bound them where there is more memory.
	maxTails   = 256
	maxExports = 32
)

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
