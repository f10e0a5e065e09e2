package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Summary is what [Check] has seen.
type Summary struct {
	Calls, Waiting, LogRows int
	// Webhooks is the number of webhooks that have calls or a report.
	Webhooks int
	Problems int
	// SeqsLeftOut says that the Seq numbers were too scattered to see in bounded
	// memory whether one was given out twice.
	SeqsLeftOut bool
}

// Check reads a store that no process has open and looks whether all that it
// holds fits together. It hands each problem, one sentence, to problem, and writes
// nothing but the lock file. Memory does not grow with the number of calls. An
// error says why the store could not be opened, so that nothing was checked; it
// wraps [ErrLocked] and [ErrNewerFormat] as [Open]'s does.
//
// Checked are: Pebble's checksums and the order of its levels; that each record can
// be decoded and stands under its own key; that each waiting call stands in one
// queue, at the place that its state says and with its size, and no other call
// does; that marks are of calls that wait and have no key, results of calls that
// have ended; that log rows are numbered from 1 to the state's attempts, over all deliveries of a
// call, with one of number 0 at most, and that each has its two places in the index of the log, which
// no other has, and that the account of the log adds up; that idempotency keys of calls that are still
// there are of calls taken in at their time; that Seq numbers are below the stored bound and given
// out once. Not checked is what the store does not hold twice: that no call is
// missing with all that belongs to it, what a report says, and the texts of calls
// and log rows.
func Check(dir string, opts Options, problem func(string)) (Summary, error) {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	dir, files, err := locate(dir, opts.FS)
	if err != nil {
		return Summary{}, err
	}
	lock, err := lockFolder(dir, files)
	if err != nil {
		return Summary{}, err
	}
	if err := checkFiles(dir, files); err != nil {
		return Summary{}, errors.Join(err, lock.Close())
	}
	opts.FS = files
	settings := settings(opts, new(stalls))
	settings.ReadOnly = true
	settings.Lock = lock
	settings.EventListener.DataCorruption = func(pebble.DataCorruptionInfo) {} // comes as an error, too
	db, err := pebble.Open(dir, settings)
	if err != nil {
		return Summary{}, errors.Join(fmt.Errorf("open the store in %s to read it: %w", dir, err), lock.Close())
	}
	c := &checker{db: db, problem: problem, webhooks: map[plan.Key]struct{}{}}
	err = c.run(dir)
	c.seen.Webhooks, c.seen.SeqsLeftOut = len(c.webhooks), c.seqs.full
	return c.seen, errors.Join(err, db.Close(), lock.Close())
}

// checker is one check under way.
type checker struct {
	db      *pebble.DB
	problem func(string)
	seen    Summary

	bound      uint64 // no Seq above it has been given out
	seqs       spans
	placed     int  // waiting calls that stand at their place in a queue
	indexed    bool // the store has an index of the log, which formats before 3 had not
	rowsPlaced int  // places of log rows in it
	webhooks   map[plan.Key]struct{}
}

// report tells of a problem.
func (c *checker) report(format string, args ...any) {
	c.seen.Problems++
	c.problem(fmt.Sprintf(format, args...))
}

// run checks everything. The error is of a store that is not to be checked; one
// in reading is a problem, and ends the check.
func (c *checker) run(dir string) error {
	for _, part := range []func() error{
		func() error { return c.version(dir) },
		func() error { return c.db.CheckLevels(nil) },
		c.lastSeq, c.calls, c.queues, c.log, c.onces, c.reports, c.strangers,
	} {
		err := part()
		if errors.Is(err, ErrNewerFormat) {
			return err
		}
		if err != nil {
			text, _, _ := strings.Cut(err.Error(), "\n") // Pebble's have more lines, which say nothing
			c.report("the files of the store cannot be read to their end, so the rest was not checked: %s", text)
			return nil
		}
	}
	return nil
}

// number reads a key that holds one number; false if it is missing or damaged.
func (c *checker) number(key, what string, length int) (n uint64, ok bool, err error) {
	record, closer, err := c.db.Get([]byte(key))
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		if !c.empty() {
			c.report("%s is missing", what)
		}
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case len(record) != length:
		c.report("%s has %d bytes in place of %d", what, len(record), length)
		return 0, false, closer.Close()
	}
	n = binary.BigEndian.Uint64(append(make([]byte, 8-length), record...))
	return n, true, closer.Close()
}

// empty reports whether there is no call: a dispatcher may have been killed
// before it had written anything.
func (c *checker) empty() bool {
	none := true
	err := scan(c.db, []byte(prefixCall), end([]byte(prefixCall)), func(_, _ []byte) (bool, error) {
		none = false
		return false, nil
	})
	return none && err == nil
}

// version refuses what a newer dispatcher wrote.
func (c *checker) version(dir string) error {
	version, _, err := c.number(keyVersion, "the version of the format", 4)
	if err == nil && version > formatVersion {
		return newerFormat(dir, version, formatVersion)
	}
	if err == nil && version >= firstIndexed {
		_, err = c.value([]byte(keyUpgrade))
		c.indexed = isGone(err) // else it was being made
		if c.indexed {
			err = nil
		}
	}
	return err
}

func (c *checker) lastSeq() error {
	bound, ok, err := c.number(keyLastSeq, "the bound of the Seq numbers", seqLen)
	if c.bound = bound; !ok {
		c.bound = math.MaxUint64
	}
	return err
}

// strangers tells of keys that are none of the layout's.
func (c *checker) strangers() error {
	prefixes := []string{prefixCall, prefixRetry, prefixOnce, prefixAttempt, prefixMark, prefixFresh, prefixResult, prefixState, prefixReport, prefixLog, prefixLogOf, prefixBytes}
	iter, err := c.db.NewIter(nil)
	if err != nil {
		return err
	}
	for more := iter.First(); more; {
		key := iter.Key()
		if known := slices.IndexFunc(prefixes, func(p string) bool { return len(key) >= len(p) && string(key[:len(p)]) == p }); known >= 0 {
			more = iter.SeekGE(end([]byte(prefixes[known])))
			continue
		}
		if string(key) != keyLastSeq && string(key) != keyVersion && string(key) != keyUpgrade {
			c.report("the key %q belongs to nothing", key)
		}
		more = iter.Next()
	}
	return iter.Close()
}

// errUndecodable is returned for a call that the walk over all of them has told of.
var errUndecodable = errors.New("the call cannot be decoded")

// load reads a call with its state; nil if there is no such call. The error may
// be errUndecodable.
func (c *checker) load(id uuid.UUID) (*Entry, error) {
	entry := new(Entry)
	err := c.read(idKey(prefixCall, id), func(record []byte) error { return decodeCall(record, &entry.Call) })
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		err = c.read(idKey(prefixState, id), func(record []byte) error { return decoder.Unmarshal(record, &entry.State) })
	}
	if err != nil && !errors.Is(err, pebble.ErrNotFound) {
		return nil, err
	}
	return entry, nil
}

// value reads the bytes under a key.
func (c *checker) value(key []byte) (value []byte, err error) {
	record, closer, err := c.db.Get(key)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(record), closer.Close()
}

// read decodes the record under a key.
func (c *checker) read(key []byte, decode func(record []byte) error) error {
	record, closer, err := c.db.Get(key)
	if err != nil {
		return err
	}
	if decode(record) != nil {
		err = errUndecodable
	}
	return errors.Join(err, closer.Close())
}
