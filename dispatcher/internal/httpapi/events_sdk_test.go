package httpapi

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// TestTheSDKIsUnderstood sends what the features of CloudEvents' conformance suite
// for HTTP have, with the SDK's own client over TCP: each event in binary and in
// structured mode, and all of them as a batch.
func TestTheSDKIsUnderstood(t *testing.T) {
	at := time.Date(2018, 4, 5, 17, 31, 0, 0, time.UTC)
	event := func(contentType string, data any, extensions map[string]any) cloudevents.Event {
		e := cloudevents.NewEvent()
		e.SetID("1234-1234-1234")
		e.SetSource("/mycontext/subcontext")
		e.SetType("com.example.someevent")
		e.SetTime(at) // else the client sets it
		if contentType != "" {
			if err := e.SetData(contentType, data); err != nil {
				t.Fatal(err)
			}
		}
		for name, value := range extensions {
			e.SetExtension(name, value)
		}
		return e
	}
	withAll := event("application/json", map[string]string{"message": "Hello World!"}, map[string]any{"comexampleextension1": "value", "comexampleothervalue": 5, "flag": true})
	withAll.SetSubject("mysubject")
	withAll.SetDataSchema("https://example.com/schema")
	sent := []cloudevents.Event{
		event("", nil, nil), withAll, event("application/xml", []byte("<much wow=\"xml\"/>"), nil),
		event("text/plain", "grüße", nil), event("application/octet-stream", []byte{0xff, 0, 1}, nil), event("application/json", []any{1, "a", nil}, nil),
	}
	const id, source, kind = "1234-1234-1234", "/mycontext/subcontext", "com.example.someevent"
	want := []*trigger.Event{
		{ID: id, Source: source, Type: kind, Time: at},
		{ID: id, Source: source, Type: kind, Time: at, Subject: "mysubject", DataSchema: "https://example.com/schema", DataContentType: "application/json",
			Extensions: map[string]string{"comexampleextension1": "value", "comexampleothervalue": "5", "flag": "true"}, Data: []byte(`{"message":"Hello World!"}`)},
		{ID: id, Source: source, Type: kind, Time: at, DataContentType: "application/xml", Data: []byte(`<much wow="xml"/>`)},
		{ID: id, Source: source, Type: kind, Time: at, DataContentType: "text/plain", Data: []byte("grüße")},
		{ID: id, Source: source, Type: kind, Time: at, DataContentType: "application/octet-stream", Data: []byte{0xff, 0, 1}},
		{ID: id, Source: source, Type: kind, Time: at, DataContentType: "application/json", Data: []byte(`[1,"a",null]`)},
	}
	b := &backend{}
	server := httptest.NewServer(New(Options{Intake: b, Admission: b, Calls: b, Logger: slog.New(slog.DiscardHandler)}))
	defer server.Close()
	sender, err := cloudevents.NewClientHTTP(cloudevents.WithTarget(server.URL + client.EventsPath("ns")))
	if err != nil {
		t.Fatal(err)
	}
	same := func(mode string) {
		t.Helper()
		if diff := cmp.Diff(want, b.events, cmpopts.IgnoreUnexported(trigger.Event{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", mode, diff)
		}
		b.events = nil
	}
	for _, e := range sent {
		if reply, result := sender.Request(cloudevents.WithEncodingBinary(t.Context()), e); !cloudevents.IsACK(result) || reply != nil {
			t.Fatalf("binary: %v, answered with %v", result, reply)
		}
	}
	same("binary")
	for _, e := range sent {
		if reply, result := sender.Request(cloudevents.WithEncodingStructured(t.Context()), e); !cloudevents.IsACK(result) || reply != nil {
			t.Fatalf("structured: %v, answered with %v", result, reply)
		}
	}
	same("structured")
	body, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(server.URL+client.EventsPath("ns"), cloudevents.ApplicationCloudEventsBatchJSON, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusAccepted {
		t.Fatalf("batch: answered %s", response.Status)
	}
	same("batch")
}
