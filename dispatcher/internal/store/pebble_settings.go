package store

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// How Pebble is set up. What is not here is Pebble's default, the limits on its
// level 0 among them: a burst of calls meets them as slower accepts, not as
// errors.
const (
	// pebbleFormat is the newest one of Pebble 2.1. It is named here, not taken
	// from pebble.FormatNewest, because raising it locks out older dispatchers:
	// that is a decision, not the side effect of an update.
	pebbleFormat = pebble.FormatValueSeparation

	// DefaultMemoryBytes bounds memory for memtables and blocks together: Pebble
	// takes the memtables out of it, which leaves half of it for blocks.
	DefaultMemoryBytes = 2 * memTables * memTableSize

	// memTableSize is how much of the log is held in memory before it goes to
	// a table. A queue position set and dropped within it never reaches a table.
	// An open after a crash reads again at most memTables of them. On two cores,
	// 256 callers accept about 80,000 calls of 1 KiB a second with 16 MiB
	// (BenchmarkAccept); 32 MiB gave a fifth more for twice the memory, 64 MiB
	// nothing beyond that. With less memory it is smaller, but at least
	// minMemTableSize: a step of more than half of it costs a table of its own.
	memTableSize    = 16 << 20
	minMemTableSize = 1 << 20
	// memTables is how many may wait to be written until accepts wait for the
	// disk. Pebble's 2 stall as soon as one flush takes longer than one fill.
	memTables = 4

	// level0 is how many tables deep level 0 may get until accepts wait for
	// compactions. Pebble's 12 are reached by filling in a million calls at 30,000 a
	// second on a busy machine, and then nothing is accepted for seconds. Reads pay
	// with a look at each of them.
	level0 = 24
	// compactions is how many run at one time when level 0 gets deep.
	compactions = 2

	// blockSize is how much of a table is read, and compressed, at a time. Rows of the log
	// have some KiB, so that with Pebble's 4 KiB nearly each costs a read: an export of
	// them took 80,000 rows a second on two cores, with 32 KiB 98,000, with 64 KiB 115,000.
	// A look-up of one call pays with some microseconds more.
	blockSize = 32 << 10

	// bloomBits per key let one read in a hundred pass a table for nothing. The
	// last level has filters, too: most look-ups of idempotency keys find nothing.
	bloomBits = 10
)

// settings are the options of the database.
func settings(opts Options, stalls *stalls) *pebble.Options {
	logger := pebbleLogger{opts.Logger}
	memory := uint64(DefaultMemoryBytes)
	if opts.MemoryBytes > 0 {
		memory = min(memory, opts.MemoryBytes)
	}
	s := &pebble.Options{
		FS:                          opts.FS,
		FormatMajorVersion:          pebbleFormat,
		Logger:                      logger,
		EventListener:               logger.events(stalls),
		MemTableSize:                max(memory/2/memTables, minMemTableSize),
		MemTableStopWritesThreshold: memTables,
		CacheSize:                   int64(memory), //nolint:gosec // at most DefaultMemoryBytes
		L0StopWritesThreshold:       level0,
		CompactionConcurrencyRange:  func() (int, int) { return 1, compactions },
	}
	for i := range s.Levels {
		s.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBits)
		s.Levels[i].BlockSize = blockSize
	}
	return s
}

// pebbleLogger hands Pebble's messages to slog. They hold file names, sizes and
// durations, never keys' values.
type pebbleLogger struct{ *slog.Logger }

// Infof implements pebble.Logger.
func (l pebbleLogger) Infof(format string, args ...any) {
	l.Debug("pebble: " + fmt.Sprintf(format, args...))
}

// Errorf implements pebble.Logger.
func (l pebbleLogger) Errorf(format string, args ...any) {
	l.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf implements pebble.Logger. Pebble counts on it not to return: its
// commit pipeline no longer works then. A panic would not do, since a server
// that recovers from it would go on with a store that hangs.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	l.Errorf(format, args...)
	os.Exit(1)
}

// events are what an operator should know before it becomes an error.
func (l pebbleLogger) events(stalls *stalls) *pebble.EventListener {
	return &pebble.EventListener{
		DiskSlow: l.diskSlow,
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			stalls.begin(time.Now())
			l.Warn("pebble: writes wait for the disk: " + info.Reason)
		},
		WriteStallEnd: func() {
			stalls.end(time.Now())
			l.Warn("pebble: writes go on")
		},
	}
}

// diskSlow tells of an operation that takes long.
func (l pebbleLogger) diskSlow(info pebble.DiskSlowInfo) {
	l.Warn("pebble: the disk is slow: " + info.String())
}
