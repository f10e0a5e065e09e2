package compile

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"sync"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
)

// compressors are used again, since each has a megabyte of tables.
var compressors = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// manifest is a spec as JSON compressed by gzip, for those who want a copy of it. The same
// spec gives the same bytes.
func manifest(spec *v1alpha1.WebhookSpec) []byte {
	text, err := json.Marshal(spec)
	if err != nil { // sampleData that no API server has let in
		return nil
	}
	var compressed bytes.Buffer
	w := compressors.Get().(*gzip.Writer)
	defer compressors.Put(w)
	w.Reset(&compressed)
	// Writing to memory does not fail.
	_, _ = w.Write(text)
	_ = w.Close()
	return compressed.Bytes()
}
