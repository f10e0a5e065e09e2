package control

import (
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
)

// The bounds of a session. Both halves share them.
const (
	// maxBatch is where a message made of many items is cut. A single larger
	// item travels alone.
	maxBatch = 1 << 20
	// maxMessage is the largest message either half takes.
	maxMessage = 8 << 20
	// maxEntry is the largest encoded entry that is sent; the rest of
	// maxMessage is for what stands around it.
	maxEntry = maxMessage - 64<<10
	// itemOverhead is what one more item adds to a message beside its own
	// size: its tag and its length.
	itemOverhead = 6
	// maxReports is how many outcomes one message carries.
	maxReports = 500
	// maxText is where the text of an error or an outcome is cut, in bytes.
	maxText = 4 << 10

	// holdOff is how long no change must come before a delta goes out, and
	// holdOffMax how long changes can put it off.
	holdOff    = 50 * time.Millisecond
	holdOffMax = 500 * time.Millisecond
	// reportDelay is how long outcomes are gathered before they are sent.
	reportDelay = 50 * time.Millisecond

	// pingAfter is the silence after which either half checks the other, and
	// pingTimeout how long it waits for the answer. The server refuses clients
	// that ping more often than every pingMinimum, which must be shorter.
	pingAfter   = 30 * time.Second
	pingTimeout = 10 * time.Second
	pingMinimum = 10 * time.Second
)

// batches cuts items into groups of at most maxBatch bytes and count items.
func batches[M proto.Message](items []M, count int) iter.Seq[[]M] {
	return func(yield func([]M) bool) {
		start, size := 0, 0
		for i, item := range items {
			n := proto.Size(item) + itemOverhead
			if i > start && (size+n > maxBatch || i-start == count) {
				if !yield(items[start:i]) {
					return
				}
				start, size = i, 0
			}
			size += n
		}
		if start < len(items) {
			yield(items[start:])
		}
	}
}

// sendable makes text fit for a message: valid UTF-8 of at most maxText bytes.
func sendable(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}
