package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sort"

	"github.com/google/uuid"
)

// queues looks for places that no waiting call has. If there are as many places
// as waiting calls stand at theirs there is none; else each is looked at.
func (c *checker) queues() error {
	places := 0
	for _, prefix := range []string{prefixFresh, prefixRetry} {
		err := scan(c.db, []byte(prefix), end([]byte(prefix)), func(_, _ []byte) (bool, error) {
			places++
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	if places == c.placed {
		return nil
	}
	err := c.places(prefixFresh, seqLen)
	if err == nil {
		err = c.places(prefixRetry, dueLen+seqLen)
	}
	return err
}

// places looks at each place of one kind of queue.
func (c *checker) places(prefix string, tail int) error {
	return scan(c.db, []byte(prefix), end([]byte(prefix)), func(key, value []byte) (bool, error) {
		var item Item
		if lane, _, _ := parseLane(key, prefix, tail); lane == 0 || !parseQueueValue(value, &item) {
			c.report("the place %q in a queue, with %d bytes, is none", key, len(value))
			return true, nil
		}
		entry, err := c.load(item.ID)
		switch {
		case errors.Is(err, errUndecodable):
		case err != nil:
			return false, err
		case entry == nil:
			c.report("call %s stands in a queue at %q, but there is no such call", item.ID, key)
		case entry.State.Finished():
			c.report("call %s stands in a queue at %q, but is finished", item.ID, key)
		case !bytes.Equal(key, queueKey(entry.Call.Webhook, entry.Call.Seq, entry.State)):
			c.report("call %s stands in a queue at %q, which is not its place", item.ID, key)
		}
		return true, nil
	})
}

// onces checks the idempotency keys.
func (c *checker) onces() error {
	const keyLen = len(prefixOnce) + 4 + len(OnceKey{})
	return scan(c.db, []byte(prefixOnce), end([]byte(prefixOnce)), func(key, value []byte) (bool, error) {
		if len(key) != keyLen || len(value) != onceLen {
			c.report("the idempotency key under %q, with %d bytes, is none", key, len(value))
			return true, nil
		}
		id := uuid.UUID(value[:idLen])
		entry, err := c.load(id)
		at, today := binary.BigEndian.Uint64(value[onceLen-8:]), binary.BigEndian.Uint32(key[len(prefixOnce):])
		switch {
		case errors.Is(err, errUndecodable):
		case err != nil:
			return false, err
		case entry == nil: // dropped from the log; callers are told so
		case at != sortable(entry.Call.CreatedAt), today != day(entry.Call.CreatedAt):
			c.report("an idempotency key leads to call %s, but is of another time than the call", id)
		}
		return true, nil
	})
}

// reports checks the newest reports of the webhooks.
func (c *checker) reports() error {
	return scan(c.db, []byte(prefixReport), end([]byte(prefixReport)), func(key, value []byte) (bool, error) {
		var record reportRecord
		if err := decoder.Unmarshal(value, &record); err != nil {
			c.report("the report under %q cannot be decoded: %v", key, err)
			return true, nil
		}
		if !bytes.Equal(key, reportKey(record.Webhook)) {
			c.report("the report under %q is that of webhook %s", key, record.Webhook)
		}
		c.webhooks[record.Webhook] = struct{}{}
		return true, nil
	})
}

// maxSpans bounds the memory of [spans] to 16 MiB.
const maxSpans = 1 << 20

// spans is a set of numbers that come nearly in order and nearly without gaps,
// kept as the spans without gaps. Past maxSpans it takes nothing more.
type spans struct {
	list []span // ascending, with gaps between them
	full bool
}

// span is all numbers from first to last.
type span struct{ first, last uint64 }

// add takes a number into the set; false if it was in it.
func (s *spans) add(n uint64) bool {
	if s.full {
		return true
	}
	i := sort.Search(len(s.list), func(i int) bool { return s.list[i].first > n })
	if i > 0 && n <= s.list[i-1].last {
		return false
	}
	below := i > 0 && s.list[i-1].last+1 == n
	above := i < len(s.list) && n+1 == s.list[i].first
	switch {
	case below && above:
		s.list[i-1].last = s.list[i].last
		s.list = append(s.list[:i], s.list[i+1:]...)
	case below:
		s.list[i-1].last = n
	case above:
		s.list[i].first = n
	case len(s.list) == maxSpans:
		s.full = true
	default:
		s.list = append(s.list, span{})
		copy(s.list[i+1:], s.list[i:])
		s.list[i] = span{first: n, last: n}
	}
	return true
}
