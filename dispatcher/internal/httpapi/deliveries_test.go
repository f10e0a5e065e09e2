package httpapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// filled is when the first row of a filled log began.
var filled = time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)

// idAt is a transaction id of a moment.
func idAt(at time.Time) uuid.UUID {
	id := uuid.New()
	for i := range 6 {
		id[i] = byte(at.UnixMilli() >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	return id
}

// fill puts rows of calls into the log, one a second; every third call has failed, at a
// webhook of its own. It returns the rows' cursors, oldest first.
func (w *world) fill(n int) []string {
	w.t.Helper()
	cursors := make([]string, n)
	var entries []*store.Entry
	var ends []*store.End
	for i := range n {
		entry := &store.Entry{Call: store.Call{
			ID: idAt(filled.Add(time.Duration(i) * time.Second)), Webhook: keyOf("wh"), WebhookUID: "uid-wh", CreatedAt: filled, Integration: keyOf("in"), Method: "POST",
			HasBody: true, Body: fmt.Appendf(nil, "{\"n\": %d,\r\n \"text\": \"=<é>,&\"}", i), Caller: "somebody",
		}}
		now := store.State{Attempts: 1, Outcome: plan.OutcomeSucceeded, EndedAt: filled, StatusCode: 200}
		row := &store.Attempt{
			ID: entry.Call.ID, Number: 1, Begun: filled.Add(time.Duration(i) * time.Second), Duration: time.Duration(i) * time.Millisecond,
			Reason: plan.ReasonSuccess, Integration: keyOf("in"), Method: "POST", URL: fmt.Sprint("https://shop.example/", i), StatusCode: 200,
			RequestHeaders: []store.Header{{Name: "X-Key", Value: "***"}}, ResponseBody: []byte("Thanks"), Message: "the receiver answered 200 OK",
		}
		if i%3 == 2 {
			entry.Call.Webhook, row.Integration = keyOf("raw"), plan.Key{Namespace: "other", Name: "in"}
			now.Outcome, now.StatusCode, row.StatusCode, row.Reason, row.ResponseBody = plan.OutcomeFailed, 0, 0, plan.ReasonTimeout, []byte{0xff}
		}
		entries, ends = append(entries, entry), append(ends, &store.End{Call: &entry.Call, Now: now, Attempt: row})
		cursors[i] = cursorOf(store.LogPosition{Begun: row.Begun, ID: row.ID, Number: 1})
	}
	for some := range slices.Chunk(entries, 1000) {
		w.must(w.store.Accept(w.t.Context(), some...))
	}
	for some := range slices.Chunk(ends, 1000) {
		w.must(w.store.End(w.t.Context(), some...))
	}
	return cursors
}

// cursorsOf are those of rows.
func cursorsOf(rows []client.Delivery) (cursors []string) {
	for i := range rows {
		cursors = append(cursors, client.DeliveryCursor(&rows[i]))
	}
	return cursors
}

// TestPagesGoThroughTheLog newest first, each row once, with any filter.
func TestPagesGoThroughTheLog(t *testing.T) {
	w := newWorld(t)
	all := w.fill(100)
	yes, no := true, false
	pick := func(wanted func(i int) bool) (some []string) {
		for i := len(all) - 1; i >= 0; i-- {
			if wanted(i) {
				some = append(some, all[i])
			}
		}
		return some
	}
	failed := func(i int) bool { return i%3 == 2 }
	id := strings.Split(all[50], "_")[1]
	for name, test := range map[string]struct {
		filter client.DeliveryFilter
		wanted func(i int) bool
	}{
		"all":            {client.DeliveryFilter{}, func(int) bool { return true }},
		"webhook":        {client.DeliveryFilter{Webhook: "raw"}, failed},
		"nobody":         {client.DeliveryFilter{Webhook: "nobody"}, func(int) bool { return false }},
		"integration":    {client.DeliveryFilter{Integration: "in"}, func(i int) bool { return !failed(i) }},
		"of another":     {client.DeliveryFilter{Integration: "other/in"}, failed},
		"since and till": {client.DeliveryFilter{Since: filled.Add(10 * time.Second), Till: filled.Add(20 * time.Second)}, func(i int) bool { return i >= 10 && i < 20 }},
		"successful":     {client.DeliveryFilter{Successful: &yes}, func(i int) bool { return !failed(i) }},
		"not successful": {client.DeliveryFilter{Successful: &no}, failed},
		"one call":       {client.DeliveryFilter{TransactionID: id}, func(i int) bool { return i == 50 }},
		"code":           {client.DeliveryFilter{StatusCode: "200"}, func(i int) bool { return !failed(i) }},
		"other code":     {client.DeliveryFilter{StatusCode: "201"}, func(int) bool { return false }},
		"class":          {client.DeliveryFilter{StatusCode: "2xx"}, func(i int) bool { return !failed(i) }},
		"no answer":      {client.DeliveryFilter{StatusCode: "0"}, failed},
		"outcome":        {client.DeliveryFilter{Outcome: "Failed"}, failed},
		"reason":         {client.DeliveryFilter{Reason: "Timeout"}, failed},
		"text":           {client.DeliveryFilter{Text: "\"N\": 7"}, func(i int) bool { return i == 7 || i/10 == 7 }},
		"together": {client.DeliveryFilter{Webhook: "wh", Integration: "in", Successful: &yes, StatusCode: "2xx", Text: "thanks", Outcome: "Succeeded", Till: filled.Add(30 * time.Second)},
			func(i int) bool { return !failed(i) && i < 30 }},
	} {
		want := pick(test.wanted)
		var got []string
		for cursor, pages := "", 0; ; pages++ {
			page, err := w.client.Deliveries(t.Context(), "ns", test.filter, 7, cursor)
			w.must(err)
			if len(page.Items) > 7 || pages > 20 {
				t.Fatalf("%s: page %d has %d rows", name, pages, len(page.Items))
			}
			got = append(got, cursorsOf(page.Items)...)
			if cursor = page.Cursor; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		got = nil
		for row, err := range w.client.DeliveriesAll(t.Context(), "ns", test.filter) {
			w.must(err)
			got = append(got, client.DeliveryCursor(row))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, all (-want +got):\n%s", name, diff)
		}
	}
}

// TestARowIsWhole: what a page has of a real call, with what is private masked.
func TestARowIsWhole(t *testing.T) {
	w := newWorld(t)
	id := w.ended("wh", "fail")
	page, err := w.client.Deliveries(t.Context(), "ns", client.DeliveryFilter{}, 0, "")
	w.must(err)
	if len(page.Items) != 1 || page.Cursor != "" {
		t.Fatalf("%+v", page)
	}
	got := page.Items[0]
	want := client.Delivery{
		TransactionID: id, StartDateTimeUTC: got.StartDateTimeUTC, SourceType: client.SourceCaller, WebhookID: "uid-wh", WebhookName: "wh",
		IntegrationID: "ns/in", IntegrationName: "in", Status: client.StatusError, HTTPMethod: "POST", URL: w.receiver.URL() + "/fail",
		RequestHeaders: "X-Secret: ***\nContent-Type: application/json\nUser-Agent: webhook-operator", RequestBody: `{"n": 1}`,
		HTTPStatusCode: 400, ResponseHeaders: got.ResponseHeaders, RetryNumber: 1,
		DeliveryDetails: client.DeliveryDetails{Reason: "ClientError", Outcome: "Rejected", Message: got.Message, DurationSeconds: got.DurationSeconds},
	}
	if diff := cmp.Diff(want, got); diff != "" || got.Message == "" || got.DurationSeconds <= 0 || !strings.Contains(got.ResponseHeaders, "Date: ") {
		t.Errorf("(-want +got):\n%s", diff)
	}
	attempts, err := w.client.Attempts(t.Context(), "ns", "wh", id)
	w.must(err)
	if diff := cmp.Diff([]client.Delivery{want}, attempts.Items); diff != "" || attempts.Call.TransactionID != id || attempts.Call.Outcome != "Rejected" {
		t.Errorf("%+v (-want +got):\n%s", attempts.Call, diff)
	}
}

// TestAttemptsOfEveryCall: of one that waits there are none, and of one that ended without
// an attempt there is the row that says so.
func TestAttemptsOfEveryCall(t *testing.T) {
	w := newWorld(t)
	waiting := w.call("full", "ok")
	attempts, err := w.client.Attempts(t.Context(), "ns", "full", waiting)
	w.must(err)
	if attempts.Items == nil || len(attempts.Items) != 0 || attempts.Call.State != client.StateWaiting {
		t.Errorf("%+v", attempts)
	}
	_, err = w.client.Cancel(t.Context(), "ns", "full", waiting)
	w.must(err)
	attempts, err = w.client.Attempts(t.Context(), "ns", "full", waiting)
	w.must(err)
	if len(attempts.Items) != 1 || attempts.Items[0].RetryNumber != 0 || attempts.Items[0].Outcome != "Cancelled" || attempts.Items[0].RequestBody != "" {
		t.Errorf("%+v", attempts.Items)
	}
}

// TestAPageIsBounded in bytes: it ends with a cursor then, and the next goes on.
func TestAPageIsBounded(t *testing.T) {
	w := newWorld(t)
	var ends []*store.End
	for i := range 12 {
		entry := &store.Entry{Call: store.Call{ID: uuid.Must(uuid.NewV7()), Webhook: keyOf("wh"), CreatedAt: filled, HasBody: true, Body: make([]byte, 900<<10)}}
		w.must(w.store.Accept(t.Context(), entry))
		ends = append(ends, &store.End{
			Call: &entry.Call, Now: store.State{Attempts: 1, Outcome: plan.OutcomeSucceeded},
			Attempt: &store.Attempt{ID: entry.Call.ID, Number: 1, Begun: filled.Add(time.Duration(i) * time.Second), Reason: plan.ReasonSuccess},
		})
	}
	for _, end := range ends {
		w.must(w.store.End(t.Context(), end))
	}
	var got []string
	pages := 0
	for cursor := ""; ; pages++ {
		query := "?limit=500"
		if cursor != "" {
			query += "&cursor=" + cursor
		}
		answer := w.do(request(t, "GET", w.server.URL+deliveriesPath+query, ""))
		if len(answer.body) > pageBytes+7<<20 {
			t.Errorf("a page has %d bytes", len(answer.body))
		}
		var page client.Deliveries
		w.must(json.Unmarshal(answer.body, &page))
		got = append(got, cursorsOf(page.Items)...)
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	if len(got) != 12 || len(slices.Compact(got)) != 12 || pages < 5 {
		t.Errorf("%d rows on %d pages", len(got), pages+1)
	}
}

// TestQueriesAreStrict: each thing that is wrong is named, with what is right.
func TestQueriesAreStrict(t *testing.T) {
	w := newWorld(t)
	const rows, export, tail, statistics, list = "deliveries", "deliveries/export", "deliveries/tail", "statistics", "webhooks"
	for _, test := range []struct{ path, query, says string }{
		{rows, "wehbook=a", `"wehbook", which is none of what this request takes: limit, cursor, since, till, webhook`},
		{rows, "limit=1&limit=2", "limit is there twice"},
		{rows, "limit=", "limit is empty"},
		{rows, "limit=0", "limit must be a number from 1 to 500"},
		{rows, "limit=501", "from 1 to 500"},
		{rows, "limit=%2B5", "from 1 to 500"},
		{rows, "limit=1.5", "from 1 to 500"},
		{rows, "since=yesterday", "since must be a time by RFC 3339"},
		{rows, "since=2026-11-23T17:00:00+01:00", "%2B"},
		{rows, "till=0000-01-01T00:00:00Z", "till must be a time"},
		{rows, "till=2026-11-23T17:00:00Z&since=2026-11-23T17:00:00Z", "since must be before till"},
		{rows, "isSuccessful=yes", "isSuccessful must be one of true, false"},
		{rows, "transactionId=17", "transactionId must be a transaction id"},
		{rows, "transactionId=" + strings.ToUpper(noCall), "transactionId"},
		{rows, "transactionId=" + uuid.Nil.String(), "transactionId"},
		{rows, "statusCode=5x", "statusCode must be a code such as 503"},
		{rows, "statusCode=0xx", "statusCode"},
		{rows, "statusCode=20", "statusCode"},
		{rows, "statusCode=-200", "statusCode"},
		{rows, "outcome=failed", "outcome must be one of Succeeded"},
		{rows, "reason=Broken", "reason must be one of Success"},
		{rows, "integration=/in", "integration must be the name"},
		{rows, "integration=a/b/c", "integration"},
		{rows, "integration=In", "integration"},
		{rows, "text=" + strings.Repeat("a", 1001), "text is longer than 1000 bytes"},
		{rows, "cursor=x", "cursor is no place in the log"},
		{rows, "cursor=2026-11-23T17:00:00Z_" + noCall + "_-1", "cursor"},
		{rows, "cursor=2026-11-23T17:00:00Z_" + noCall + "_99999999999", "cursor"},
		{rows, "cursor=2026-11-23T17:00:00Z_17_1", "cursor"},
		{rows, "a;b", "percent-encoded"},
		{rows, "%zz", "percent-encoded"},
		{export, "format=xlsx", "format must be one of ndjson, csv, json, xml"},
		{export, "format=CSV", "format"},
		{export, "after=x", "after is no place"},
		{export, "details=1", "details must be one of"},
		{export, "gzip=yes", "gzip must be one of"},
		{export, "bom=true", "bom goes with format=csv only"},
		{export, "limit=1", "limit"},
		{tail, "since=2026-11-23T17:00:00Z", `"since", which is none`},
		{tail, "last=501", "last must be a number from 0 to 500"},
		{statistics, "step=0", "step must be a number from 1"},
		{statistics, "step=1", "step is too short: there can be at most 500"},
		{statistics, "since=2100-01-01T00:00:00Z", "since must be before till, which is now"},
		{statistics, "outcome=Failed", `"outcome"`},
		{list, "limit=1001", "from 1 to 1000"},
		{list, "health=sick", "health must be one of healthy, unhealthy, notReady"},
		{list, "cursor=!", "cursor is none of an earlier answer"},
		{list, "cursor=QUJD", "cursor is none"}, // ABC
		{"webhooks/wh/manifest", "name=Wh", "name can be the name of no Webhook"},
		{"webhooks/wh/manifest", "namespace=a.b", "namespace can be"},
		{"webhooks/wh/manifest", "part=spec", "part must be one of sampleData"},
		{"webhooks/wh/manifest", "part=sampleData&name=a", "part goes with neither"},
		{"integrations", "a=b", "this request takes no query"},
	} {
		answer := w.do(request(t, "GET", w.server.URL+"/v1/namespaces/ns/"+test.path+"?"+test.query, ""))
		var p client.Problem
		if json.Unmarshal(answer.body, &p) != nil || answer.status != 400 || p.Type != client.ProblemInvalidQuery || !strings.Contains(p.Detail, test.says) {
			t.Errorf("%s?%.80s: %d %s, want one about %q", test.path, test.query, answer.status, answer.body, test.says)
		}
	}
}

// FuzzQuery: no query makes anything but an answer that is as it should be, or a problem
// about it.
func FuzzQuery(f *testing.F) {
	f.Add("statusCode=5xx&cursor=2026-11-23T17:00:00Z_" + noCall + "_1&limit=3")
	f.Add("since=2026-11-23T17:00:00Z&till=9999-12-31T23:59:59Z&integration=a/b&%zz;&webhook=%00")
	f.Fuzz(func(t *testing.T, raw string) {
		r := request(t, "GET", "http://x/", "")
		r.URL.RawQuery = raw
		takes := append([]string{"limit", "cursor", "step", "name"}, filterParameters...)
		if checkQuery(r, takes) != nil {
			if named := namedWebhook(r, takes); named != "" {
				t.Errorf("%q names %q", raw, named)
			}
			return
		}
		q := queryOf(r)
		filter := q.filter("ns")
		at := q.cursor("cursor")
		q.number("limit", 1, 1, 5)
		if _, n := q.steps(&filter, filled); n > maxSteps {
			t.Errorf("%d steps", n)
		}
		if q.err != nil {
			return
		}
		if filter.Integration.Name != "" && !isPath(filter.Integration) || filter.MaxStatus > 999 {
			t.Errorf("%+v", filter)
		}
		if at != (store.LogPosition{}) {
			again := &query{values: url.Values{"c": {cursorOf(at)}}}
			if back := again.cursor("c"); again.err != nil || !back.Begun.Equal(at.Begun) || back.ID != at.ID || back.Number != at.Number {
				t.Errorf("%v is written %s and read %v, %v", at, cursorOf(at), back, again.err)
			}
		}
	})
}
