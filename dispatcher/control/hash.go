package control

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
)

// contentHash is the SHA-256 of an entry's content; empty is no content. It
// covers secret header values, and a short secret could be guessed from it, so
// it must not be logged or leave the socket.
type contentHash string

// String hides the hash from logs and errors.
func (contentHash) String() string { return "(content hash)" }

// seal puts the hash of its content into the entry, and returns it with what
// the entry adds to a delta in bytes. The error says in one sentence why the
// entry cannot be sent.
//
// The hash is taken over the deterministic encoding, which is stable for one
// build of the manager. Another build may hash the same content differently;
// then it is sent once more, and that is all.
func seal(e *pb.Entry) (contentHash, int, error) {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
	if err != nil { // the only cause is a text that is not UTF-8
		return "", 0, errors.New("the configuration holds text that is not valid UTF-8, so it cannot be sent to the dispatcher")
	}
	sum := sha256.Sum256(encoded)
	hash := contentHash(sum[:])
	if len(encoded) > maxEntry {
		return hash, 0, fmt.Errorf("the configuration takes %d bytes, more than the %d that can be sent to the dispatcher", len(encoded), maxEntry)
	}
	e.Hash = sum[:]
	return hash, proto.Size(e) + itemOverhead, nil
}
