package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// acceptedBytes is about what the log takes for a call with a body of 1 KiB: the
// body, the other fields, and its keys.
const acceptedBytes = 1024 + 300

// BenchmarkAccept measures accepted calls with bodies of 1 KiB, each beside its
// limit on the same disk: for one caller an append and fdatasync of the same
// number of bytes, for many a bare synced Set of Pebble, which shares fsyncs too.
func BenchmarkAccept(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("callers=%d/store", callers), func(b *testing.B) { benchmarkStore(b, callers) })
		if callers == 1 {
			b.Run("callers=1/limit=fdatasync", benchmarkFdatasync)
			continue
		}
		b.Run(fmt.Sprintf("callers=%d/limit=pebble", callers), func(b *testing.B) { benchmarkPebble(b, callers) })
	}
}

// share runs b.N times a step over the callers and reports calls a second.
func share(b *testing.B, callers int, step func() error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var group sync.WaitGroup
	b.ResetTimer()
	for range callers {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				if err := step(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

func benchmarkStore(b *testing.B, callers int) {
	p, err := store.Open(b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	body := make([]byte, 1024)
	share(b, callers, func() error {
		return p.Accept(b.Context(), &store.Entry{Call: store.Call{
			ID: uuid.Must(uuid.NewV7()), Webhook: crashLane, WebhookUID: "4f9b1e2c-0000-4000-8000-000000000001",
			SystemName: "order", CreatedAt: crashTime, HasKey: true, Method: "POST", HasBody: true, Body: body,
		}})
	})
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
}

func benchmarkPebble(b *testing.B, callers int) {
	db, err := pebble.Open(b.TempDir(), &pebble.Options{
		FormatMajorVersion: pebble.FormatNewest, MemTableSize: 16 << 20, MemTableStopWritesThreshold: 4,
		Logger: silent{},
	})
	if err != nil {
		b.Fatal(err)
	}
	value := make([]byte, acceptedBytes)
	share(b, callers, func() error {
		id := uuid.Must(uuid.NewV7())
		return db.Set(id[:], value, pebble.Sync)
	})
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

func benchmarkFdatasync(b *testing.B) {
	file, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	record := make([]byte, acceptedBytes)
	share(b, 1, func() error {
		if _, err := file.Write(record); err != nil {
			return err
		}
		return syscall.Fdatasync(int(file.Fd()))
	})
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
}

// silent drops the messages of a bare Pebble.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}

// Fatalf must not return.
func (silent) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
