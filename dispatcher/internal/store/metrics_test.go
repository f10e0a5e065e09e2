package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestMetrics: what is told of steps, syncs, the disk and the log.
func TestMetrics(t *testing.T) {
	var mu sync.Mutex
	steps := map[store.Step]int{}
	p, err := store.Open("/data/store", store.Options{FS: vfs.NewMem(), Committed: func(step store.Step, calls int, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		steps[step] += calls
		if took < 0 || took > time.Minute {
			t.Errorf("a step is said to have taken %s", took)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	past(t, p, crashLane, crm, 1000, time.Hour, 2*time.Hour) // is accepted, and ends two attempts
	waitsAfter(t, p, invoice, billing, 1000, 3*time.Hour)    // is accepted, and ends one
	if err := p.Begin(t.Context(), store.Mark{ID: uuid.Must(uuid.NewV7()), Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	if err := p.Forget(crashTime); err != nil {
		t.Fatal(err)
	}
	want := map[store.Step]int{store.StepAccept: 2, store.StepBegin: 1, store.StepEnd: 3, store.StepForget: 0}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("calls of steps (-want +got):\n%s", diff)
	}
	m := p.Metrics()
	if m.DiskBytes == 0 || m.WALBytes == 0 || m.CacheBytes < 0 || m.ReadAmplification < 0 || m.Level0Files < 0 {
		t.Errorf("metrics %+v", m)
	}
	if n := len(m.Fsync.Buckets); n == 0 || m.Fsync.Count == 0 || m.Fsync.Buckets[n-1].Count > m.Fsync.Count {
		t.Errorf("syncs: %+v", m.Fsync)
	}
	for i := 1; i < len(m.Fsync.Buckets); i++ {
		if a, b := m.Fsync.Buckets[i-1], m.Fsync.Buckets[i]; a.Bound >= b.Bound || a.Count > b.Count {
			t.Errorf("bucket %+v comes before %+v", a, b)
		}
	}
	if m.Log.Rows != 3 || m.Integrations[crm].Rows != 2 || m.Integrations[billing].Rows != 1 ||
		m.Log.Bytes != m.Integrations[crm].Bytes+m.Integrations[billing].Bytes || m.Integrations[crm].Bytes < 1400 {
		t.Errorf("the log: %+v, %+v", m.Log, m.Integrations)
	}
	if !m.Oldest.Equal(crashTime.Add(time.Hour)) {
		t.Errorf("the oldest row is of %s", m.Oldest)
	}
	closeStore(t, p)
	if m := p.Metrics(); m.Integrations != nil || m.DiskBytes != 0 {
		t.Errorf("metrics of a closed store: %+v", m)
	}
}

// TestBytesOfTheLog: what is counted does not depend on how a call came to its rows.
func TestBytesOfTheLog(t *testing.T) {
	fs := vfs.NewMem()
	p := openMem(t, fs)
	e := waitsAfter(t, p, crashLane, crm, 10_000)
	if size := p.Metrics().Log; size != (store.LogSize{}) {
		t.Errorf("a call that waits for its first attempt counts %+v", size)
	}
	cancelled := store.State{Outcome: plan.OutcomeCancelled, EndedAt: crashTime}
	finish(t, p, e, cancelled, nil)
	once := p.Metrics().Log
	if once.Rows != 1 || once.Bytes < 10_400 || once.Bytes > 11_200 {
		t.Errorf("a call of 10,000 bytes without an attempt counts %+v", once)
	}
	for n := 1; n <= 3; n++ { // each replaces the row, and the place, of the one before
		finish(t, p, e, store.State{Series: n, Due: crashTime}, nil)
		cancelled.Series, cancelled.EndedAt = n, crashTime.Add(time.Duration(n)*time.Hour)
		finish(t, p, e, cancelled, nil)
	}
	if again := p.Metrics().Log; again != once {
		t.Errorf("cancelled anew it counts %+v, want %+v", again, once)
	}
	closed(t, p, fs)
}
