package store

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// fullAttempt and fullCall have every field set; the test below sees to that.
func fullAttempt() *Attempt {
	return &Attempt{
		ID: [16]byte{1, 2}, Number: 70_000, Begun: checkTime, Duration: -3, Reason: plan.ReasonTimeout, Integration: plan.Key{Namespace: "a", Name: "b"},
		IntegrationGeneration: 300, Method: "POST", URL: "https://a/ä\xff", RequestHeaders: []Header{{Name: "A", Value: "1"}, {Name: "B"}},
		StatusCode: 503, ResponseHeaders: []Header{{Name: "C", Value: "caf\xe9"}}, ResponseBody: []byte("\x00no"), ResponseCut: true,
		Message: "m", RequestBodyMask: []Span{{Start: 1, End: 70_000}}, ResponseUndecoded: true, Outcome: plan.OutcomeFailed,
	}
}

func fullCall() *Call {
	return &Call{
		ID: [16]byte{3}, Seq: 7, Webhook: checkLane, WebhookUID: "uid", WebhookGeneration: 1 << 40, SystemName: "s", CreatedAt: checkTime.Add(time.Hour),
		HasKey: true, Method: "PUT", Suffix: "/x", InheritedOff: []string{"A", "B"}, Headers: []Header{{Name: "D", Value: "2"}}, HasBody: true,
		Body: make([]byte, 300), Hops: 3, Data: []byte("{}"), Event: &Event{ID: "1", Source: "/s", Type: "t"}, Caller: "c",
		Integration: plan.Key{Namespace: "n", Name: "i"}, Trace: "00-1-2-01",
	}
}

// TestTheReadersOfTheLog: they read what the encoder writes, whichever fields there are,
// by themselves, and leave nothing of the record before.
func TestTheReadersOfTheLog(t *testing.T) {
	var r reading
	row, call := new(Attempt), new(Call)
	for field := -1; field < reflect.TypeFor[Call]().NumField(); field++ {
		wantRow, wantCall := fullAttempt(), fullCall()
		clearField(t, wantRow, field)
		clearField(t, wantCall, field)
		record := mustEncode(t, wantRow)
		if err := r.attempt(record, row); err != nil || !r.done() {
			t.Fatalf("the reader of attempts has not understood %x: %v", record, err)
		}
		if diff := cmp.Diff(wantRow, row, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("attempt without field %d (-want +got):\n%s", field, diff)
		}
		if begun, err := begunOf(record); err != nil || !begun.Equal(wantRow.Begun) {
			t.Errorf("begunOf = %s, %v; want %s", begun, err, wantRow.Begun)
		}
		record = recordOf(t, *wantCall, wantCall.Seq)
		if err := r.call(record, call); err != nil || !r.done() {
			t.Fatalf("the reader of calls has not understood %x: %v", record, err)
		}
		if diff := cmp.Diff(wantCall, call, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("call without field %d (-want +got):\n%s", field, diff)
		}
	}
}

// clearField sets a field to its zero value; none if there is none. Before that all have
// to have one that is not.
func clearField(t *testing.T, record any, field int) {
	t.Helper()
	v := reflect.ValueOf(record).Elem()
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Fatalf("%s.%s is not set", v.Type(), v.Type().Field(i).Name)
		}
	}
	if field >= 0 && field < v.NumField() {
		v.Field(field).SetZero()
	}
}

// FuzzTheReadersOfTheLog: whatever a record is, the readers say what the decoder says.
func FuzzTheReadersOfTheLog(f *testing.F) {
	for _, record := range []any{fullAttempt(), fullCall(), &Attempt{}, &Call{}} {
		encoded, err := encode(record)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Add([]byte{0xa1, 0x01, 0xf6})       // a field of null
	f.Add([]byte{0xa1, 0x18, 0x63, 0x00}) // a field of a later version
	f.Fuzz(func(t *testing.T, record []byte) {
		var r reading
		var row, wantRow Attempt
		err, wantErr := r.attempt(record, &row), decoder.Unmarshal(record, &wantRow)
		if diff := cmp.Diff(wantRow, row, cmpopts.EquateEmpty()); (err == nil) != (wantErr == nil) || wantErr == nil && diff != "" {
			t.Errorf("attempt %x: %v, want %v (-want +got):\n%s", record, err, wantErr, diff)
		}
		var call, wantCall Call
		err, wantErr = r.call(append(make([]byte, seqLen), record...), &call), decoder.Unmarshal(record, &wantCall)
		wantCall.Seq = 0
		if diff := cmp.Diff(wantCall, call, cmpopts.EquateEmpty()); (err == nil) != (wantErr == nil) || wantErr == nil && diff != "" {
			t.Errorf("call %x: %v, want %v (-want +got):\n%s", record, err, wantErr, diff)
		}
	})
}
