package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// version begins each signature; with the comma it is followed by base64.
const version = "v1,"

// Headers returns the headers that sign one attempt, [plan.SigningHeaders] in
// their order, or none without keys. The signatures are private: who reads them in a log
// could send the request again. id is the call's, the same over all its
// attempts; it must not have a full stop, which is what parts it from the rest. at is
// when the attempt is made, of which whole seconds are sent. body is exactly what
// is sent, empty for none. keys are decoded, the newest first; a body of 1 MiB is
// hashed once for each.
func Headers(id string, at time.Time, body []byte, keys []plan.Secret) []plan.RenderedHeader {
	if len(keys) == 0 {
		return nil
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	head := []byte(id + "." + timestamp + ".")
	signatures := make([]byte, 0, len(keys)*(len(" ")+len(version)+base64.StdEncoding.EncodedLen(sha256.Size)))
	var sum [sha256.Size]byte
	for i, key := range keys {
		if i > 0 {
			signatures = append(signatures, ' ')
		}
		mac := hmac.New(sha256.New, []byte(key.Reveal()))
		mac.Write(head)
		mac.Write(body)
		signatures = append(signatures, version...)
		signatures = base64.StdEncoding.AppendEncode(signatures, mac.Sum(sum[:0]))
	}
	return []plan.RenderedHeader{
		{Name: plan.SigningID, Value: id},
		{Name: plan.SigningTimestamp, Value: timestamp},
		{Name: plan.SigningSignature, Value: string(signatures), Private: true},
	}
}
