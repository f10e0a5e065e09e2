package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
)

// What is checked before Pebble opens. Pebble reads its manifest, the list of
// tables, up to the first broken record and takes the rest as never written; the
// tables named there are then deleted as leftovers. The newest log it reads up to
// the first broken record, too, unless a later block of 32 KiB proves that the
// record had been synced. That is right for a record that a crash cut off, and
// loses confirmed calls if the disk has changed a byte.
//
// Where the line is drawn for the manifest: it is appended to, each record is
// synced before the next is begun, and the file is neither preallocated nor used
// again. So a crash leaves at most one broken record, it is the last, and bytes
// of it are missing: the file ends before the record does, or the record has a
// sector of zeros, or two zeros or more at its end, that were never written. Everything else
// is damage: a record behind the broken one, a record that is all there and does
// not match its checksum, a header that was never written so. A manifest becomes
// the current one after a sync, so the records it was made with are never cut off.
//
// What cannot be told: the last record cut short, set to zeros, or with a longer
// length and another byte changed, by the disk instead of by a crash.
//
// For the newest log, preallocated and used again, only what Pebble writes itself
// can tell: each piece of a record holds up to where the log had been synced when
// it was written. What was synced, and has no piece behind it that says so, cannot
// be told from a write that a crash cut off. That is at least the newest two
// records, and under load far more, since Pebble 2.1 does not count the blocks that
// it wrote whole: with 64 callers its numbers ended at 40 percent of a log, with one
// caller at 98. An open moves all that is in logs to tables, which are checked.

const (
	// manifestMarker is the name under which Pebble keeps the name of the
	// current manifest.
	manifestMarker = "manifest"
	// firstManifest is that of a new database. It is made with one record, each
	// later one with two: what there is, and the change that called for it.
	firstManifest = "MANIFEST-000001"
	// sector is what a disk writes whole or not at all.
	sector = 512
)

// The format of manifests and logs, as in the documentation of Pebble's package
// record: blocks of chunks, and a chunk begins with checksum (4 bytes), length of
// the content (2) and kind (1). In a log follow its number (4) and up to where it
// was synced (8).
const (
	blockLen       = 32 << 10
	chunkHeader    = 7
	logChunkHeader = chunkHeader + 12

	chunkFull  = 1 // the kinds in a manifest: a whole record,
	chunkFirst = 2 // the first of its chunks,
	chunkMid   = 3
	chunkLast  = 4

	logChunkFull = 9 // the kinds in a log, in the same order
	logChunkLast = 12
)

// damaged is the error for what cannot be repaired here.
func damaged(dir, what string) error {
	return fmt.Errorf("%w: in %s %s; restore a backup, or give it another folder and keep this one for repair", ErrDamaged, dir, what)
}

// checkFiles refuses a database of which Pebble would silently leave out
// something that was synced.
func checkFiles(dir string, files vfs.FS) error {
	name, err := atomicfs.ReadMarker(files, dir, manifestMarker)
	if err != nil {
		return fmt.Errorf("read which tables the store in %s has: %w", dir, err)
	}
	names, err := files.List(dir)
	if err != nil {
		return fmt.Errorf("list the files of the store in %s: %w", dir, err)
	}
	slices.Sort(names)
	if name == "" { // a new store, or a crash while it was made: the marker is synced before there is more
		for _, name := range names {
			if ext := path.Ext(name); ext == ".sst" || ext == ".log" {
				return damaged(dir, "there is "+name+" but nothing that says which tables are valid")
			}
		}
		return nil
	}
	if err := checkManifest(dir, files, name); err != nil {
		return err
	}
	return checkNewestLog(dir, files, names)
}

// checkManifest looks at the current manifest.
func checkManifest(dir string, files vfs.FS, name string) error {
	file, err := files.Open(files.PathJoin(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return damaged(dir, name+", the list of the tables, is missing")
	}
	if err != nil {
		return fmt.Errorf("open the list of tables of the store in %s: %w", dir, err)
	}
	defer file.Close()
	count, end, err := readable(file)
	var tail []byte
	if err == nil {
		tail, err = readFrom(file, end)
	}
	if err != nil {
		return fmt.Errorf("read the list of tables of the store in %s: %w", dir, err)
	}
	made := 2
	if name == firstManifest {
		made = 1
	}
	if count < made || !cutOff(tail, end) {
		return damaged(dir, fmt.Sprintf("record %d of %s, the list of the tables, cannot be read", count+1, name))
	}
	return nil
}

// readable returns how many records Pebble will read, and where they end.
func readable(file io.Reader) (count int, end int64, err error) {
	records := record.NewReader(file, 0)
	for {
		end = records.Offset()
		r, err := records.Next()
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		switch {
		case errors.Is(err, io.EOF), record.IsInvalidRecord(err):
			return count, end, nil
		case err != nil:
			return 0, 0, err
		}
		count++
	}
}

// readFrom returns what is in a file from an offset on.
func readFrom(file vfs.File, offset int64) ([]byte, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	tail := make([]byte, max(0, info.Size()-offset))
	if len(tail) == 0 {
		return nil, nil
	}
	_, err = file.ReadAt(tail, offset)
	return tail, err
}

// cutOff tells whether what follows the readable records of a manifest, from an
// offset in it, can be a record that a crash has cut off.
func cutOff(tail []byte, offset int64) bool {
	for i := 1; i < len(tail); i++ {
		room := min(blockLen-int((offset+int64(i))%blockLen), len(tail)-i)
		if beginsRecord(tail[i : i+room]) {
			return false
		}
	}
	missing := hasHole(tail, offset)
	for at := 0; ; {
		room := blockLen - int((offset+int64(at))%blockLen)
		if room < chunkHeader {
			at += room // filled up: no header fits in
			room = blockLen
		}
		if len(tail)-at < chunkHeader {
			return true
		}
		chunk := tail[at:min(at+room, len(tail))]
		kind, length := chunk[6], chunkLen(chunk, chunkHeader)
		isFirst, goesOn := kind == chunkFull || kind == chunkFirst, kind == chunkFirst || kind == chunkMid
		switch {
		case length != len(chunk) && checksum(chunk[6:]) == binary.LittleEndian.Uint32(chunk):
			return false // all is there but the length
		case kind < chunkFull, kind > chunkLast, isFirst != (at == 0), length > room, goesOn && length != room:
			return missing
		case length > len(chunk):
			return true
		case checksum(chunk[6:length]) != binary.LittleEndian.Uint32(chunk), !goesOn:
			return missing
		}
		at += length
	}
}

// beginsRecord tells whether bytes, which go to the end of a block or of the file,
// begin with the intact first chunk of a record in a manifest.
func beginsRecord(b []byte) bool {
	if len(b) < chunkHeader || b[6] != chunkFull && b[6] != chunkFirst {
		return false
	}
	length := chunkLen(b, chunkHeader)
	return length <= len(b) && checksum(b[6:length]) == binary.LittleEndian.Uint32(b)
}

// hasHole tells whether part of a write may be missing in a file: a sector, or
// what the write has of it, of zeros, or zeros at the end.
func hasHole(b []byte, offset int64) bool {
	for at := 0; at < len(b); {
		next := min(at+sector-int((offset+int64(at))%sector), len(b))
		if !slices.ContainsFunc(b[at:next], func(c byte) bool { return c != 0 }) {
			return true
		}
		at = next
	}
	return len(b) == 0 || len(b) > 1 && b[len(b)-1] == 0 && b[len(b)-2] == 0
}

// chunkLen is the length of the chunk at the beginning of b, with its header.
func chunkLen(b []byte, header int) int { return header + int(binary.LittleEndian.Uint16(b[4:])) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of a chunk from its kind on.
func checksum(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// checkNewestLog looks at the log in which Pebble expects a write that was cut
// off: the last of the names. It looks for what Pebble does not, a proof of damage
// in the same block.
func checkNewestLog(dir string, files vfs.FS, names []string) error {
	var name string
	var newest uint64
	for _, n := range names {
		digits, isLog := strings.CutSuffix(n, ".log")
		if number, err := strconv.ParseUint(digits, 10, 64); isLog && err == nil && number >= newest {
			name, newest = n, number
		}
	}
	if name == "" {
		return nil
	}
	file, err := files.Open(files.PathJoin(dir, name))
	if err != nil {
		return fmt.Errorf("open the newest log of the store in %s: %w", dir, err)
	}
	defer file.Close()
	block := make([]byte, blockLen)
	for offset := uint64(0); ; offset += blockLen {
		n, err := io.ReadFull(file, block)
		if n > 0 {
			if whole := logChunks(block[:n], uint32(newest)); provenSynced(block[:n], whole, offset, uint32(newest)) {
				return damaged(dir, fmt.Sprintf("what was written to %s at byte %d cannot be read", name, offset+uint64(whole)))
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the newest log of the store in %s: %w", dir, err)
		}
	}
}

// logChunks returns where the chunks end with which a block of a log begins.
func logChunks(block []byte, log uint32) (end int) {
	for isLogChunk(block[end:], log) {
		end += chunkLen(block[end:], logChunkHeader)
	}
	return end
}

// isLogChunk tells whether bytes to the end of a block begin with an intact chunk
// of this log.
func isLogChunk(b []byte, log uint32) bool {
	if len(b) < logChunkHeader || b[6] < logChunkFull || b[6] > logChunkLast || binary.LittleEndian.Uint32(b[7:]) != log {
		return false
	}
	length := chunkLen(b, logChunkHeader)
	return length <= len(b) && checksum(b[6:length]) == binary.LittleEndian.Uint32(b)
}

// provenSynced tells whether an intact chunk behind a place in a block says that
// the log, of which the block begins at an offset, was synced beyond that place.
func provenSynced(block []byte, place int, offset uint64, log uint32) bool {
	for i := place + 1; i < len(block); i++ {
		if isLogChunk(block[i:], log) && binary.LittleEndian.Uint64(block[i+11:]) > offset+uint64(place) {
			return true
		}
	}
	return false
}
