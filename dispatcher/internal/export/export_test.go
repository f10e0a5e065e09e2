package export

import (
	"bytes"
	"encoding/base64"
	stdcsv "encoding/csv"
	"encoding/json"
	stdxml "encoding/xml"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// nasty is what spoils formats.
const nasty = "=1+\"2\"\r\n<a>&\\\t\x00\x1f\x7f\u2028\ufffe \U0001f600]]>,;'"

// rows are some with all columns, with few, and with what is hard to write.
func rows() []*store.LogRow {
	full := &store.LogRow{
		Attempt: &store.Attempt{
			ID: uuid.MustParse("019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11"), Number: 2, Begun: time.Date(2026, 11, 23, 18, 0, 0, 123456789, time.FixedZone("elsewhere", 3600)),
			Duration: 1500 * time.Millisecond, Reason: plan.ReasonSuccess, Outcome: plan.OutcomeSucceeded, Message: "the receiver answered 200 OK",
			Integration: plan.Key{Namespace: "other", Name: "shop"}, Method: "POST", URL: "https://shop.example/ö?a=b", StatusCode: 200,
			RequestHeaders:  []store.Header{{Name: "A", Value: "1"}, {Name: "B", Value: "2"}},
			ResponseHeaders: []store.Header{{Name: "C", Value: "bad \xff utf-8 \xc3"}}, ResponseBody: []byte(`{"a": "b"}`),
			RequestBodyMask: []store.Span{{Start: 1, End: 4}},
		},
		Call: &store.Call{Webhook: plan.Key{Namespace: "ns", Name: "wh"}, WebhookUID: "uid", Body: []byte("<key>"), Caller: "system:serviceaccount:ns:shop"},
	}
	ended := &store.LogRow{
		Attempt: &store.Attempt{ID: full.Attempt.ID, Begun: full.Attempt.Begun, Outcome: plan.OutcomeCancelled, Message: "cancelled"},
		Call: &store.Call{
			Webhook: full.Call.Webhook, Integration: plan.Key{Namespace: "ns", Name: "in"}, Body: []byte("never sent"),
			Event: &store.Event{ID: "e-1", Source: "/shop", Type: "paid"}, Caller: "somebody",
		},
	}
	strange := &store.LogRow{
		Attempt: &store.Attempt{
			ID: full.Attempt.ID, Number: 1, Begun: full.Attempt.Begun, Reason: plan.ReasonServerError, URL: nasty, Message: "-" + nasty,
			RequestHeaders: []store.Header{{Name: nasty, Value: nasty}}, ResponseBody: []byte("cut ö"[:5]), ResponseCut: true, StatusCode: 503,
		},
		Call: &store.Call{Webhook: full.Call.Webhook, Body: []byte(nasty), Event: &store.Event{ID: "\r", Source: "@x", Type: "+"}},
	}
	binary := &store.LogRow{
		Attempt: &store.Attempt{ID: full.Attempt.ID, Number: 1, ResponseBody: []byte{0, 0xff}, ResponseUndecoded: true},
		Call:    &store.Call{Webhook: full.Call.Webhook, Body: []byte("\xff\xfe")},
	}
	crashed := &store.LogRow{Attempt: &store.Attempt{ID: full.Attempt.ID, Number: 1, Reason: plan.ReasonCrash}, Call: ended.Call}
	return []*store.LogRow{full, ended, strange, binary, crashed}
}

// wanted is what the wire type has of a row, written down apart from the columns.
func wanted(row *store.LogRow) client.Delivery {
	a, c := row.Attempt, row.Call
	d := client.Delivery{
		TransactionID: a.ID.String(), StartDateTimeUTC: a.Begun.UTC(), SourceType: client.SourceCaller, SourceName: c.Caller,
		WebhookID: c.WebhookUID, WebhookName: c.Webhook.Name, Status: client.StatusError, HTTPMethod: a.Method, URL: valid(a.URL),
		RequestHeaders: lines(a.RequestHeaders), ResponseHeaders: lines(a.ResponseHeaders), HTTPStatusCode: a.StatusCode, RetryNumber: a.Number,
		DeliveryDetails: client.DeliveryDetails{
			Reason: string(a.Reason), Outcome: string(a.Outcome), Message: valid(a.Message), DurationSeconds: a.Duration.Seconds(),
			ResponseBodyCut: a.ResponseCut, ResponseBodyDropped: a.ResponseUndecoded,
		},
	}
	if e := c.Event; e != nil {
		d.SourceType, d.SourceID, d.SourceName, d.SourceURL = client.SourceEvent, valid(e.ID), valid(e.Type), valid(e.Source)
	}
	in := a.Integration
	if in.Name == "" {
		in = c.Integration
	}
	if in.Name != "" {
		d.IntegrationID, d.IntegrationName = in.String(), in.Name
	}
	if a.Reason == plan.ReasonSuccess {
		d.Status = client.StatusSuccess
	}
	if a.Number > 0 && a.Reason != plan.ReasonCrash {
		d.RequestBody, d.RequestBodyBinary = body(row.RequestBody())
	}
	answer := a.ResponseBody
	for n := 3; n > 0 && a.ResponseCut; n-- { // a character may be begun
		if n <= len(answer) && !utf8.FullRune(answer[len(answer)-n:]) {
			answer = answer[:len(answer)-n]
			break
		}
	}
	d.ResponseBody, d.ResponseBodyBinary = body(answer)
	return d
}

func valid(s string) string {
	var b strings.Builder
	for _, r := range s { // one U+FFFD for each byte that is none
		b.WriteRune(r)
	}
	return b.String()
}

func lines(headers []store.Header) string {
	var all []string
	for _, h := range headers {
		all = append(all, valid(h.Name)+": "+valid(h.Value))
	}
	return strings.Join(all, "\n")
}

func body(b []byte) (string, bool) {
	if utf8.Valid(b) {
		return string(b), false
	}
	return base64.StdEncoding.EncodeToString(b), true
}

// document is a whole export.
func document(f *Format, rows []*store.LogRow) []byte {
	dst := f.AppendHead(nil, false)
	var all []byte
	for _, row := range rows {
		all = f.AppendRow(all, row)
	}
	if len(all) > 0 {
		all = all[f.Lead:]
	}
	return f.AppendFoot(append(dst, all...))
}

// TestColumnsAreTheWireTypes: names, order, and which are left out.
func TestColumnsAreTheWireTypes(t *testing.T) {
	if text := document(Of("ndjson", true), rows()); bytes.Contains(text, []byte("never sent")) {
		t.Error("a body is shown that was not sent, and so not masked")
	}
	var want []string
	for _, of := range []reflect.Type{reflect.TypeFor[client.Delivery](), reflect.TypeFor[client.DeliveryDetails]()} {
		for i := range of.NumField() {
			if name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); name != "" {
				want = append(want, name)
			}
		}
	}
	var got []string
	for i, c := range columns {
		got = append(got, c.name)
		if c.detail != (i >= exported) {
			t.Errorf("%s has the wrong place", c.name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNDJSONAndJSON(t *testing.T) {
	for _, details := range []bool{true, false} {
		var want []client.Delivery
		for _, row := range rows() {
			d := wanted(row)
			if !details {
				d.DeliveryDetails = client.DeliveryDetails{}
			}
			want = append(want, d)
		}
		text := document(Of("ndjson", details), rows())
		if n := bytes.Count(text, []byte("\n")); n != len(want) {
			t.Errorf("%d rows are %d lines", len(want), n)
		}
		var got []client.Delivery
		for line := range bytes.Lines(text) {
			var d client.Delivery
			if err := json.Unmarshal(line, &d); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			got = append(got, d)
			if has := bytes.Contains(line, []byte(`"durationSeconds"`)); has != details {
				t.Errorf("details, which are wanted to be there: %t: %s", details, line)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		var array []client.Delivery
		if err := json.Unmarshal(document(Of("json", details), rows()), &array); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, array); diff != "" {
			t.Error(diff)
		}
	}
	if text := document(Of("json", false), nil); string(text) != "[\n]\n" {
		t.Errorf("no rows are %q", text)
	}
}

// texts are the values of a row as a table has them.
func texts(t *testing.T, row *store.LogRow) (names, values []string) {
	t.Helper()
	d := wanted(row)
	for _, of := range []reflect.Value{reflect.ValueOf(d), reflect.ValueOf(d.DeliveryDetails)} {
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Type().Field(i).Tag.Get("json"), ",")
			if name == "" {
				continue
			}
			names = append(names, name)
			switch v := of.Field(i).Interface().(type) {
			case string:
				values = append(values, v)
			case int:
				values = append(values, strconv.Itoa(v))
			case float64:
				values = append(values, strconv.FormatFloat(v, 'f', -1, 64))
			case bool:
				values = append(values, map[bool]string{true: "true"}[v])
			case time.Time:
				values = append(values, v.Format(time.RFC3339Nano))
			default:
				t.Fatalf("%s is a %T", name, v)
			}
		}
	}
	return names, values
}

// TestCSVRoundTrips through encoding/csv, which makes LF of CR LF, with an apostrophe
// before what a spreadsheet would calculate.
func TestCSVRoundTrips(t *testing.T) {
	names, _ := texts(t, rows()[0])
	want := [][]string{names}
	for _, row := range rows() {
		_, values := texts(t, row)
		for i, v := range values {
			values[i] = strings.ReplaceAll(inSpreadsheet(v), "\r\n", "\n")
		}
		want = append(want, values)
	}
	text := document(Of("csv", true), rows())
	got, err := stdcsv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, cell := range got[3] {
		if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
			t.Errorf("a spreadsheet would calculate %q", cell)
		}
	}
	if goesOn := Of("csv", true).AppendHead(nil, true); len(goesOn) > 0 {
		t.Errorf("a part that goes on begins with %q", goesOn)
	}
}

// inSpreadsheet is a value as it stands in a cell.
func inSpreadsheet(v string) string {
	for _, begin := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(v, begin) {
			return "'" + v
		}
	}
	return v
}

func TestXML(t *testing.T) {
	type element struct {
		XMLName stdxml.Name
		Text    string `xml:",chardata"`
	}
	var got struct {
		XMLName stdxml.Name `xml:"deliveries"`
		Rows    []struct {
			Values []element `xml:",any"`
		} `xml:"delivery"`
	}
	text := document(Of("xml", true), rows())
	if err := stdxml.Unmarshal(text, &got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if len(got.Rows) != len(rows()) {
		t.Fatalf("%d rows", len(got.Rows))
	}
	replace := strings.NewReplacer("\x00", "\ufffd", "\x1f", "\ufffd", "\ufffe", "\ufffd", "\uffff", "\ufffd")
	for i, row := range rows() {
		names, values := texts(t, row)
		want, found := map[string]string{}, map[string]string{}
		for n, name := range names {
			if n < exported || values[n] != "" {
				want[name] = replace.Replace(values[n])
			}
		}
		for _, e := range got.Rows[i].Values {
			found[e.XMLName.Local] = e.Text
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Error(diff)
		}
	}
	if n := bytes.Count(text, []byte("\n")); n != len(rows())+3 {
		t.Errorf("%d rows are %d lines:\n%s", len(rows()), n, text)
	}
}

// FuzzFormats: whatever is in a row, each format is valid, and says the same.
func FuzzFormats(f *testing.F) {
	f.Add(nasty, []byte(nasty), []byte("\xff"), true)
	f.Add("", []byte("=cmd|' /C calc'!A0"), []byte("\xf0\x9f\x98"), true)
	f.Add("\xed\xa0\x80", []byte("\"\"\""), []byte{}, false)
	f.Add("12345678\"", []byte("1234567\\"), []byte("1234567\x1f"), false)
	f.Fuzz(func(t *testing.T, text string, request, answer []byte, cut bool) {
		row := &store.LogRow{
			Attempt: &store.Attempt{Number: 1, URL: text, Message: text, RequestHeaders: []store.Header{{Name: text, Value: text}}, ResponseBody: answer, ResponseCut: cut},
			Call:    &store.Call{Webhook: plan.Key{Namespace: "ns", Name: "wh"}, Body: request, Event: &store.Event{ID: text}},
		}
		want := wanted(row)
		var got client.Delivery
		line := document(Of("ndjson", true), []*store.LogRow{row})
		if err := json.Unmarshal(line, &got); err != nil || !utf8.Valid(line) || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("%q: %v", line, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		table, err := stdcsv.NewReader(bytes.NewReader(document(Of("csv", true), []*store.LogRow{row, row}))).ReadAll()
		if err != nil || len(table) != 3 {
			t.Fatal(table, err)
		}
		_, values := texts(t, row)
		for i, v := range values {
			if v = strings.ReplaceAll(inSpreadsheet(v), "\r\n", "\n"); table[1][i] != v || table[2][i] != v {
				t.Errorf("column %d is %q, want %q", i, table[1][i], v)
			}
		}
		decoder := stdxml.NewDecoder(bytes.NewReader(document(Of("xml", true), []*store.LogRow{row})))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// BenchmarkAppendRow encodes rows of about 2 KiB.
func BenchmarkAppendRow(b *testing.B) {
	row := rows()[0]
	row.Attempt.RequestBodyMask = nil
	row.Call.Body = []byte(`{"order": "` + strings.Repeat(`12345678901234567890", "item": "`, 45) + `"}`)
	for _, name := range Formats {
		b.Run(name, func(b *testing.B) {
			f := Of(name, false)
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = f.AppendRow(dst[:0], row)
			}
			b.SetBytes(int64(len(dst)))
		})
	}
}
