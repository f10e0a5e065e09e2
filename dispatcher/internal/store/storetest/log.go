package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// logged is a row that the log is to have.
type logged struct {
	attempt store.Attempt
	call    store.Call
}

// position is the place of the row.
func (l *logged) position() store.LogPosition {
	return store.LogPosition{Begun: l.attempt.Begun, ID: l.attempt.ID, Number: l.attempt.Number}
}

// fillLog makes rows of every kind, in the order of time.
func fillLog(f *fixture) []logged {
	var rows []logged
	webhooks := []plan.Key{lane, {Namespace: "shop", Name: "order"}, {Namespace: "shop-2", Name: "order-paid"}}
	integrations := []plan.Key{{Namespace: "shop", Name: "crm"}, {Namespace: "platform", Name: "crm"}}
	reasons := []plan.Reason{plan.ReasonServerError, plan.ReasonSuccess, plan.ReasonTimeout}
	codes := []int{503, 204, 0}
	for i := range 40 {
		e := entry(webhooks[i%3])
		e.Call.CreatedAt = epoch.Add(time.Duration(i) * time.Second)
		e.Call.Integration = integrations[i%2]
		f.accept(e)
		attempts := 1 + i%2
		for n := 1; n <= attempts; n++ {
			a := row(e, n)
			// Two rows begin at one time, and retries stand between others' first attempts.
			a.Begun = epoch.Add(time.Duration(i/2)*time.Second + time.Duration(n-1)*3500*time.Millisecond)
			a.Integration, a.Reason, a.StatusCode = integrations[i%2], reasons[(i+n)%3], codes[(i+n)%3]
			now := waiting(n, a.Begun.Add(time.Minute))
			if n == attempts && i%5 > 0 {
				now = finished(n)
				now.Outcome = []plan.Outcome{plan.OutcomeSucceeded, plan.OutcomeExhausted}[i%2]
				a.Outcome = now.Outcome
			}
			step := advance(e, now)
			kept := *a
			step.Attempt = a
			f.end(step)
			rows = append(rows, logged{kept, e.Call})
		}
	}
	refused := entry(lane)
	refused.Call.Integration = integrations[0]
	refused.State = store.State{Outcome: plan.OutcomeRenderFailed, EndedAt: epoch.Add(7 * time.Second), Message: "no"}
	f.accept(refused)
	rows = append(rows, logged{store.Attempt{
		ID: refused.Call.ID, Begun: refused.State.EndedAt, Integration: integrations[0], Method: "POST", Message: "no", Outcome: plan.OutcomeRenderFailed,
	}, refused.Call})
	slices.SortFunc(rows, func(a, b logged) int { return comparePositions(a.position(), b.position()) })
	return rows
}

// comparePositions orders positions by time, id and number.
func comparePositions(a, b store.LogPosition) int {
	if c := a.Begun.Compare(b.Begun); c != 0 {
		return c
	}
	if c := bytes.Compare(a.ID[:], b.ID[:]); c != 0 {
		return c
	}
	return a.Number - b.Number
}

// testLog: each filter alone and with others, in both orders, page by page.
func testLog(t *testing.T, open Open) {
	f := start(t, open)
	rows := fillLog(f)
	yes, no := true, false
	filters := map[string]func(*store.LogFilter){
		"all": func(*store.LogFilter) {}, "webhook": func(f *store.LogFilter) { f.Webhook = lane.Name },
		"another namespace": func(f *store.LogFilter) { f.Namespace = "shop-2" },
		"no namespace":      func(f *store.LogFilter) { f.Namespace = "sho" },
		"integration":       func(f *store.LogFilter) { f.Integration = plan.Key{Namespace: "platform", Name: "crm"} },
		"since":             func(f *store.LogFilter) { f.Since = rows[9].attempt.Begun }, "till": func(f *store.LogFilter) { f.Till = rows[30].attempt.Begun },
		"success": func(f *store.LogFilter) { f.Success = &yes }, "no success": func(f *store.LogFilter) { f.Success = &no },
		"status": func(f *store.LogFilter) { f.MinStatus, f.MaxStatus = 204, 204 }, "any answer": func(f *store.LogFilter) { f.MinStatus = 1 },
		"reason": func(f *store.LogFilter) { f.Reason = plan.ReasonTimeout }, "outcome": func(f *store.LogFilter) { f.Outcome = plan.OutcomeExhausted },
		"refused": func(f *store.LogFilter) { f.Outcome = plan.OutcomeRenderFailed }, "id": func(f *store.LogFilter) { f.ID = rows[12].attempt.ID },
		"unknown id": func(f *store.LogFilter) { f.ID = uuid.Must(uuid.NewV7()) }, "text": func(f *store.LogFilter) { f.Text = "CRM.example/Orders" },
		"no text": func(f *store.LogFilter) { f.Text = "crm.example.com" },
	}
	f.twice(func(t *testing.T) {
		for name, one := range filters {
			for name2, two := range filters {
				filter := store.LogFilter{Namespace: "shop"}
				one(&filter)
				two(&filter)
				want := wanted(rows, filter)
				for _, newest := range []bool{false, true} {
					f.pages(t, name+" and "+name2, store.LogQuery{Filter: filter, Newest: newest}, want)
				}
				f.entries(t, name+" and "+name2, filter, want)
			}
		}
	})
	t.Run("ends", func(t *testing.T) { testLogEnds(t, f) })
}

// wanted are the rows that a filter wants, told from the rows themselves.
func wanted(rows []logged, f store.LogFilter) []logged {
	var list []logged
	for _, r := range rows {
		a := &r.attempt
		success := a.Reason == plan.ReasonSuccess
		if r.call.Webhook.Namespace == f.Namespace && (f.Webhook == "" || r.call.Webhook.Name == f.Webhook) &&
			(f.Integration == plan.Key{} || a.Integration == f.Integration) &&
			(f.Since.IsZero() || !a.Begun.Before(f.Since)) && (f.Till.IsZero() || a.Begun.Before(f.Till)) &&
			(f.Success == nil || *f.Success == success) && a.StatusCode >= f.MinStatus && (f.MaxStatus == 0 || a.StatusCode <= f.MaxStatus) &&
			(f.Reason == "" || a.Reason == f.Reason) && (f.Outcome == "" || a.Outcome == f.Outcome) &&
			(f.ID == uuid.Nil || a.ID == f.ID) &&
			strings.Contains(strings.ToLower(a.URL), strings.ToLower(f.Text)) {
			list = append(list, r)
		}
	}
	return list
}

// pages reads a query at once, and page by page, each from where the last has ended.
func (f *fixture) pages(t *testing.T, name string, q store.LogQuery, want []logged) {
	t.Helper()
	if q.Newest {
		want = slices.Clone(want)
		slices.Reverse(want)
	}
	f.sameRows(t, name, f.log(t, q), want)
	for _, limit := range []int{1, 7} {
		var got []logged
		page := q
		page.Limit = limit
		for more := true; more; {
			rows, end := f.page(t, page)
			if end.Rows > limit || end.Rows != len(rows) || end.Rows < limit && end.More {
				t.Fatalf("%s: a page of %d has %d rows, and says %+v", name, limit, len(rows), end)
			}
			got = append(got, rows...)
			if len(got) > len(want)+limit {
				t.Fatalf("%s: pages of %d have no end", name, limit)
			}
			page.After, more = end.Last, end.More
		}
		f.sameRows(t, fmt.Sprintf("%s in pages of %d", name, limit), got, want)
	}
}

// log reads all rows of a query.
func (f *fixture) log(t *testing.T, q store.LogQuery) []logged {
	t.Helper()
	rows, _ := f.page(t, q)
	return rows
}

// page reads rows, and checks that chunks are what was made of the rows, in order.
func (f *fixture) page(t *testing.T, q store.LogQuery) ([]logged, store.LogEnd) {
	t.Helper()
	var positions []store.LogPosition
	count := 0
	end, err := f.Log(t.Context(), q, func(dst []byte, row *store.LogRow) []byte {
		p := row.Position()
		return fmt.Appendf(dst, "%d %s %d\n", p.Begun.UnixNano(), p.ID, p.Number)
	}, func(c store.LogChunk) error {
		lines := strings.Split(strings.TrimSuffix(string(c.Bytes), "\n"), "\n")
		if count += c.Rows; c.Rows < 1 || len(lines) != c.Rows {
			t.Errorf("a chunk of %d rows has %d lines", c.Rows, len(lines))
		}
		for _, line := range lines {
			var p store.LogPosition
			var nanos int64
			var id string
			if _, err := fmt.Sscanf(line, "%d %s %d", &nanos, &id, &p.Number); err != nil {
				t.Fatal(err)
			}
			p.Begun, p.ID = time.Unix(0, nanos).UTC(), uuid.MustParse(id)
			positions = append(positions, p)
		}
		if c.Last != positions[len(positions)-1] {
			t.Errorf("the last row of a chunk is %v, it says %v", positions[len(positions)-1], c.Last)
		}
		return nil
	})
	if err != nil || end.Rows != count {
		t.Fatalf("Log = %+v, %v; there were %d rows", end, err, count)
	}
	rows := make([]logged, len(positions))
	for i, p := range positions {
		rows[i].attempt.ID, rows[i].attempt.Number, rows[i].attempt.Begun = p.ID, p.Number, p.Begun
	}
	return rows, end
}

func (f *fixture) sameRows(t *testing.T, name string, got, want []logged) {
	t.Helper()
	same := slices.EqualFunc(got, want, func(a, b logged) bool { return comparePositions(a.position(), b.position()) == 0 })
	if !same {
		t.Errorf("%s: there are %d rows, want %d, or in another order", name, len(got), len(want))
	}
}

// entries checks what the index says of the rows that are wanted, but for their text.
func (f *fixture) entries(t *testing.T, name string, filter store.LogFilter, want []logged) {
	t.Helper()
	if filter.Text != "" {
		return
	}
	var got []store.LogEntry
	if err := f.LogEntries(t.Context(), filter, func(e *store.LogEntry) bool {
		got = append(got, *e)
		return true
	}); err != nil {
		t.Fatalf("LogEntries: %v", err)
	}
	if len(got) != len(want) {
		t.Fatalf("%s: LogEntries has %d, want %d", name, len(got), len(want))
	}
	for i, e := range got {
		a := want[i].attempt
		expect := store.LogEntry{
			LogPosition: want[i].position(), Webhook: want[i].call.Webhook, Integration: a.Integration, Success: a.Reason == plan.ReasonSuccess,
			StatusCode: a.StatusCode, Reason: a.Reason, Outcome: a.Outcome, Duration: a.Duration.Truncate(time.Microsecond),
			Waited: e.Waited, Bytes: e.Bytes,
		}
		if diff := cmp.Diff(expect, e); diff != "" || e.Bytes < 100 {
			t.Errorf("%s: entry %d of %d bytes (-want +got):\n%s", name, i, e.Bytes, diff)
		}
	}
}

// testLogEnds: what ends a reading.
func testLogEnds(t *testing.T, f *fixture) {
	line := func(dst []byte, _ *store.LogRow) []byte { return append(dst, 'x') }
	all := store.LogQuery{Filter: store.LogFilter{Namespace: "shop"}}
	broken := errors.New("the reader has gone")
	calls := 0
	if _, err := f.Log(t.Context(), all, line, func(store.LogChunk) error { calls++; return broken }); !errors.Is(err, broken) || calls != 1 {
		t.Errorf("Log with a write that fails = %v after %d calls of it, want its error after one", err, calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Log(ctx, all, line, func(store.LogChunk) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Log = %v, want the context's error", err)
	}
	if err := f.LogEntries(ctx, all.Filter, func(*store.LogEntry) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("LogEntries = %v, want the context's error", err)
	}
	visited := 0
	if err := f.LogEntries(t.Context(), all.Filter, func(*store.LogEntry) bool { visited++; return visited < 3 }); err != nil || visited != 3 {
		t.Errorf("LogEntries = %v after %d entries, want an end after 3", err, visited)
	}
	// A budget that is used up ends the page early, and its cursor leads to the rest.
	spent := all
	spent.Budget = 1
	rows := 0
	for more := true; more; {
		end, err := f.Log(t.Context(), spent, line, func(c store.LogChunk) error { rows += c.Rows; return nil })
		if err != nil {
			t.Fatal(err)
		}
		spent.After, more = end.Last, end.More
	}
	if want := len(f.log(t, all)); rows != want {
		t.Errorf("pages with no time have %d rows together, want %d", rows, want)
	}
}

// testLogRows: a row comes back as it was written, at once, and rows of number 0 are
// replaced.
func testLogRows(t *testing.T, open Open) {
	f := start(t, open)
	e := entry(lane)
	e.Call.Integration = plan.Key{Namespace: "shop", Name: "crm"}
	f.accept(e)
	a := row(e, 1)
	a.RequestBodyMask = []store.Span{{Start: 1, End: 3}}
	a.ResponseUndecoded = true
	step := advance(e, finished(1))
	step.Attempt = a
	f.end(step)
	read := func(t *testing.T, want ...logged) {
		t.Helper()
		var got []logged
		if _, err := f.Log(t.Context(), store.LogQuery{Filter: store.LogFilter{Namespace: "shop"}}, func(dst []byte, r *store.LogRow) []byte {
			got = append(got, copied(r))
			return append(dst, '\n')
		}, func(store.LogChunk) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(logged{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Log (-want +got):\n%s", diff)
		}
	}
	first := logged{*ending(a), e.Call}
	f.twice(func(t *testing.T) { read(t, first) })
	// Cancelled twice, with a delivery anew before each.
	for n := 1; n <= 2; n++ {
		f.end(advance(e, store.State{Attempts: 1, Earlier: 1, Series: n, Due: epoch}))
		at := epoch.Add(time.Duration(n) * time.Hour)
		f.end(advance(e, store.State{Attempts: 1, Earlier: 1, Series: n, Outcome: plan.OutcomeCancelled, EndedAt: at, Message: "not any more"}))
		cancelled := logged{store.Attempt{
			ID: e.Call.ID, Begun: at, Integration: e.Call.Integration, Method: "POST", Message: "not any more", Outcome: plan.OutcomeCancelled,
		}, e.Call}
		f.twice(func(t *testing.T) { read(t, first, cancelled) })
	}
}

// copied is a copy of a row, of which neither it nor a text is to be kept.
func copied(r *store.LogRow) logged {
	l := logged{*r.Attempt, *r.Call}
	clone(reflect.ValueOf(&l.attempt).Elem())
	clone(reflect.ValueOf(&l.call).Elem())
	return l
}

// clone replaces all texts and lists in a value by copies.
func clone(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.Clone(v.String()))
	case reflect.Slice:
		list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(list, v)
		for i := range list.Len() {
			clone(list.Index(i))
		}
		v.Set(list)
	case reflect.Pointer:
		if !v.IsNil() {
			value := reflect.New(v.Type().Elem())
			value.Elem().Set(v.Elem())
			clone(value.Elem())
			v.Set(value)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			clone(v.Field(i))
		}
	}
}

// testLogText: texts are found in any case of letters, and only in what is shown.
func testLogText(t *testing.T, open Open) {
	f := start(t, open)
	e := entry(lane)
	e.Call.Body = []byte(`{"name":"GRÜSSE an Σίσυφος","token":"s3cret-value","x":1}`)
	f.accept(e)
	a := row(e, 1)
	begin := bytes.Index(e.Call.Body, []byte("s3cret-value"))
	a.RequestBodyMask = []store.Span{{Start: begin, End: begin + len("s3cret-value")}}
	a.ResponseBody, a.URL = []byte("Not Found\xff: ORDER 17 \xe2"), "https://crm.example/Orders?Q=1"
	step := advance(e, finished(1))
	step.Attempt = a
	f.end(step)
	for text, want := range map[string]int{
		"orders?q=": 1, "HTTPS://": 1, "not found": 1, "order 17": 1, "order 18": 0, "grüsse": 1, "ΣΊΣΥΦΟΣ": 1, `"x":1}`: 1,
		"s3cret": 0, "S3CRET-VALUE": 0, "cret-v": 0, `"***"`: 1, "found\ufffd": 0, "orders?q=1x": 0, "}x": 0, "é": 0,
	} {
		q := store.LogQuery{Filter: store.LogFilter{Namespace: "shop", Text: text}}
		if rows := f.log(t, q); len(rows) != want {
			t.Errorf("there are %d rows with %q, want %d", len(rows), text, want)
		}
	}
}
