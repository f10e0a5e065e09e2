package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// triggered is a webhook whose body is a template and that events call.
func triggered(name, body string, triggers ...plan.Trigger) plan.Webhook {
	return plan.Webhook{
		Key: plan.Key{Namespace: "ns", Name: name}, UID: "uid-" + name, SystemName: name, Method: "POST",
		HasBody: true, Body: body, Triggers: triggers,
	}
}

// eventIntake is an intake of these webhooks, and what its log says.
func eventIntake(t *testing.T, f *fake, webhooks ...plan.Webhook) (*Intake, *bytes.Buffer) {
	t.Helper()
	c, log := &catalog.Catalog{}, &bytes.Buffer{}
	for _, p := range webhooks {
		w, err := catalog.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		c.Set(w)
	}
	c.SetComplete()
	f.known = map[store.OnceKey]*store.Entry{}
	return New(Options{Catalog: c, Store: f, Queue: f, Logger: slog.New(slog.NewTextHandler(log, nil))}), log
}

func paid(data string) *trigger.Event {
	return &trigger.Event{
		ID: "42", Source: "/shop", Type: "paid", Subject: "s", Time: time.Date(2026, 3, 1, 22, 15, 0, 0, time.UTC),
		Extensions: map[string]string{"tenant": "acme"}, Data: []byte(data),
	}
}

// any is a trigger of all events.
var all = plan.Trigger{Type: "*"}

func TestAnEventCallsAllThatMatch(t *testing.T) {
	f := &fake{}
	notReady := triggered("c", "", all)
	notReady.NotReady = "its integration is missing"
	in, _ := eventIntake(t, f,
		triggered("a", "${Event.Id} ${Event.Source} ${Event.Type} ${Event.Subject} ${Event.Time} ${Event.SpecVersion} ${Event.tenant}", all),
		triggered("b", "${total}", plan.Trigger{Type: "paid", When: "event.data.total > 1"}),
		notReady, triggered("d", "", plan.Trigger{Type: "other"}), triggered("e", "${total}", all),
	)
	results, err := in.AcceptEvent(t.Context(), "ns", paid(`{"total": 2}`), "ada")
	if err != nil || len(results) != 4 {
		t.Fatalf("%+v, %v", results, err)
	}
	wantSteps(t, f, "reserve", "reserve", "reserve", "accept 3", "accepted 1", "accepted 1", "accepted 1")
	if diff := cmp.Diff([]string{"42 /shop paid s 2026-03-01T22:15:00Z 1.0 acme", "2", "2"}, f.bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
	var missing *NotReadyError
	if results[2].Webhook.Name != "c" || !errors.As(results[2].Err, &missing) {
		t.Errorf("%+v, want c not ready", results[2])
	}
	call := results[1].Entry.Call
	want := store.Call{
		ID: call.ID, Webhook: plan.Key{Namespace: "ns", Name: "b"}, WebhookUID: "uid-b", SystemName: "b", CreatedAt: call.CreatedAt,
		Method: "POST", HasBody: true, Event: &store.Event{ID: "42", Source: "/shop", Type: "paid"}, Caller: "ada",
	}
	if diff := cmp.Diff(want, call); diff != "" {
		t.Errorf("the call (-want +got):\n%s", diff)
	}
	if results, err := in.AcceptEvent(t.Context(), "other", paid(`{}`), ""); len(results) > 0 || err != nil {
		t.Errorf("%+v, %v for a namespace without webhooks", results, err)
	}
}

func TestAnEventThatComesAgain(t *testing.T) {
	f := &fake{}
	in, _ := eventIntake(t, f, triggered("a", "x", all), triggered("b", "x", all))
	first, _ := in.AcceptEvent(t.Context(), "ns", paid(`{"total": 2}`), "")
	again, _ := in.AcceptEvent(t.Context(), "ns", paid(`{ "total":2}`), "")
	for n := range again {
		if !again[n].Repeat || again[n].Entry.Call.ID != first[n].Entry.Call.ID {
			t.Errorf("%+v, want it to be a repeat", again[n])
		}
	}
	changed, _ := in.AcceptEvent(t.Context(), "ns", paid(`{"total": 3}`), "")
	if !errors.Is(changed[0].Err, ErrKeyReused) || !errors.Is(changed[1].Err, ErrKeyReused) {
		t.Errorf("%+v, want other data refused", changed)
	}
	for _, change := range []func(*trigger.Event){
		func(e *trigger.Event) { e.ID = "43" },
		func(e *trigger.Event) { e.Source = "/shops" },
		func(e *trigger.Event) { e.Source, e.ID = "/shop4", "2" },
	} {
		e := paid(`{"total": 3}`)
		change(e)
		if other, _ := in.AcceptEvent(t.Context(), "ns", e, ""); other[0].Err != nil || other[0].Repeat {
			t.Errorf("%s %s: %+v, want a call", e.Source, e.ID, other)
		}
	}
	key := fmt.Sprintf("\x00event %d %s%s", len("/shop"), "/shop", "42")
	if r := in.Accept(t.Context(), first[0].Webhook, keyed(key, `{}`)); !errors.Is(r.Err, ErrKeyInvalid) {
		t.Errorf("%+v: a caller can use an event's key", r)
	}
}

func TestOneWebhookOverItsBoundKeepsNoOtherFromItsCall(t *testing.T) {
	f := &fake{full: engine.ErrTooManyWaiting, fullOf: "b"}
	in, _ := eventIntake(t, f, triggered("a", "x", all), triggered("b", "x", all), triggered("c", "x", all))
	results, err := in.AcceptEvent(t.Context(), "ns", paid(`{}`), "")
	if err != nil || results[0].Err != nil || !errors.Is(results[1].Err, engine.ErrTooManyWaiting) || results[2].Err != nil {
		t.Fatalf("%+v, %v", results, err)
	}
	f.full = nil
	again, _ := in.AcceptEvent(t.Context(), "ns", paid(`{}`), "")
	if !again[0].Repeat || again[1].Repeat || again[1].Err != nil || !again[2].Repeat {
		t.Errorf("%+v, want only the second to be new", again)
	}
}

func TestDataOfEvents(t *testing.T) {
	for _, test := range []struct{ contentType, data, want string }{
		{"", `{"a": 1}`, `{"a":1}`},
		{"application/json", "\n{}", `{}`},
		{"", ``, `{}`},
		{"application/x+json; v=1", `[1, "<"]`, `{"Data":[1,"<"]}`},
		{"", `null`, `{"Data":null}`},
		{"text/plain", `{"a": 1}<`, `{"Data":"{\"a\": 1}<"}`},
		{"image/png", "\x89PNG", `{"Data":"iVBORw=="}`},
	} {
		f := &fake{}
		in, _ := eventIntake(t, f, triggered("a", "x", all, plan.Trigger{Type: plan.OutcomePrefix + "*"}))
		e := paid(test.data)
		if e.DataContentType = test.contentType; test.data == "" {
			e.Data = nil
		}
		if _, err := in.AcceptEvent(t.Context(), "ns", e, ""); err != nil || len(f.accepted) != 1 || string(f.accepted[0].Call.Data) != test.want {
			t.Errorf("%s %q: %v, %+v, want the data %s", test.contentType, test.data, err, f.accepted, test.want)
		}
	}
	in, _ := eventIntake(t, &fake{}, triggered("a", "x", all))
	var data *DataError
	if _, err := in.AcceptEvent(t.Context(), "ns", paid(`{"a": 1, "A": 2}`), ""); !errors.As(err, &data) {
		t.Errorf("%v for data that templates cannot have", err)
	}
	in.catalog = &catalog.Catalog{}
	if _, err := in.AcceptEvent(t.Context(), "ns", paid(`{}`), ""); !errors.Is(err, ErrNotConfigured) {
		t.Errorf("%v before the configuration", err)
	}
}

// ended is a call of a webhook with its end.
func ended(hops int) (*store.Call, store.State, *store.Result) {
	at := time.Date(2026, 3, 1, 22, 15, 0, 0, time.UTC)
	return &store.Call{
			ID: uuid.MustParse("0197b1de-7c00-7000-8000-000000000001"), Webhook: plan.Key{Namespace: "ns", Name: "first"}, SystemName: "firstOne",
			CreatedAt: at, Hops: hops, Data: []byte(`{"Order":{"Id":"A-17"}}`), Event: &store.Event{ID: "e", Source: "/s", Type: "t"},
		}, store.State{Outcome: plan.OutcomeSucceeded, EndedAt: at.Add(time.Second), StatusCode: 201, Attempts: 2, Series: 3, Message: "201 Created"},
		&store.Result{Variables: []store.Variable{{Name: "code", Value: "X1"}}, Response: []byte(`{"promo":{"code":"X1"}}`)}
}

func TestAnOutcomeIsAnEvent(t *testing.T) {
	e, _, err := outcomeOf(ended(2))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	e.Attributes(func(name, value string) { got[name] = value })
	var data any
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	got["data"] = data
	const id = "0197b1de-7c00-7000-8000-000000000001"
	want := map[string]any{
		"id": id + ".3", "source": "/namespaces/ns/webhooks/first", "type": "io.maestra.webhooks.call.Succeeded", "specversion": "1.0",
		"subject": id, "time": "2026-03-01T22:15:01Z", "datacontenttype": "application/json", "webhookhops": "3",
		"data": map[string]any{
			"transactionId": id, "namespace": "ns", "webhook": "first", "systemName": "firstOne", "outcome": "Succeeded", "success": true,
			"branch": "yes", "statusCode": 201., "attempts": 2., "createdAt": "2026-03-01T22:15:00Z", "endedAt": "2026-03-01T22:15:01Z",
			"message": "201 Created", "event": map[string]any{"id": "e", "source": "/s", "type": "t"},
			"variables": map[string]any{"code": "X1"}, "response": map[string]any{"promo": map[string]any{"code": "X1"}},
			"data": map[string]any{"Order": map[string]any{"Id": "A-17"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, large := range map[string]string{"long": `{"a":"` + strings.Repeat("x", 1<<20-100) + `"}`, "deep": strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64)} {
		call, state, result := ended(0)
		call.Data = []byte(large)
		e, _, err := outcomeOf(call, state, result)
		if err != nil || !strings.HasSuffix(string(e.Data), `"variables":{"code":"X1"},"truncated":true}`) {
			t.Errorf("%s: %v, %.500s", name, err, e.Data)
		}
	}
}

func TestAnOutcomeTriggersCalls(t *testing.T) {
	f := &fake{}
	outcomes := plan.Trigger{Type: plan.OutcomePrefix + "*", Source: "/namespaces/ns/webhooks/first"}
	notReady := triggered("d", "", outcomes)
	notReady.NotReady = "its integration is missing"
	in, log := eventIntake(t, f, triggered("a", "x", all),
		triggered("b", `${Outcome} ${Data.Order.Id} ${Variables.code} ${Response.promo.code} ${Event.webhookhops} ${WebhookVariables.GetValue("webhooks.FirstOne.code")}`, outcomes),
		triggered("c", "${missing}", outcomes), notReady, triggered("handler", "${Webhook}", plan.Trigger{Type: plan.OutcomePrefix + "RenderFailed"}),
	)
	made := in.Follow(ended(2))
	wantSteps(t, f, "reserve triggered", "reserve triggered")
	if len(made) != 3 {
		t.Fatalf("made %+v", made)
	}
	b, c, handler := made[0], made[1], made[2]
	if string(b.Call.Body) != "Succeeded A-17 X1 X1 3 X1" || b.Call.Hops != 3 || b.Call.Event.Type != "io.maestra.webhooks.call.Succeeded" || b.State.Finished() || b.Call.Caller != "" {
		t.Errorf("b: %+v with the body %s", b, b.Call.Body)
	}
	if c.State.Outcome != plan.OutcomeRenderFailed || c.Report == nil {
		t.Errorf("c: %+v", c)
	}
	if string(handler.Call.Body) != "c" || handler.Call.Hops != 4 {
		t.Errorf("the handler: %+v with the body %s", handler, handler.Call.Body)
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "triggered=ns/d") || !strings.Contains(log.String(), made[0].Call.Event.ID[:36]) {
		t.Errorf("the log says %s", log)
	}
}

func TestTheChainEndsAtMaxHops(t *testing.T) {
	loop := plan.Trigger{Type: plan.OutcomePrefix + "*"}
	in, log := eventIntake(t, &fake{}, triggered("a", "${missing}", loop))
	made := in.Follow(ended(0)) // each call fails to render, and triggers the next
	if len(made) != plan.MaxHops-1 || made[len(made)-1].Call.Hops != plan.MaxHops-1 {
		t.Errorf("%d calls", len(made))
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "hops=8") {
		t.Errorf("the log says %s", log)
	}
	var many []plan.Webhook
	for n := range 10 {
		many = append(many, triggered(fmt.Sprint("w", n), "${missing}", loop))
	}
	in, log = eventIntake(t, &fake{}, many...)
	if made := in.Follow(ended(0)); len(made) != maxFollowing || !strings.Contains(log.String(), "too many calls at once") {
		t.Errorf("%d calls of a storm", len(made))
	}
}

// TestACallThatFailsAtIntakeTriggers: in the same step.
func TestACallThatFailsAtIntakeTriggers(t *testing.T) {
	f := &fake{}
	in, _ := eventIntake(t, f, triggered("a", "${missing}"), triggered("b", "${Webhook} ${Outcome} ${Data.x}", plan.Trigger{Type: plan.OutcomePrefix + "RenderFailed"}))
	r := in.Accept(t.Context(), plan.Key{Namespace: "ns", Name: "a"}, Request{Data: []byte(`{"x": 1}`), Caller: "ada"})
	if r.Err != nil || r.Entry.State.Outcome != plan.OutcomeRenderFailed || r.Entry.Call.Caller != "ada" {
		t.Fatalf("%+v", r)
	}
	wantSteps(t, f, "reserve triggered", "accept 2", "accepted 1")
	if diff := cmp.Diff([]string{"", "a RenderFailed 1"}, f.bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
	f.accept, f.steps = errors.New("the disk is gone"), nil
	if r := in.Accept(t.Context(), plan.Key{Namespace: "ns", Name: "a"}, Request{Data: []byte(`{"x": 1}`)}); r.Err == nil {
		t.Errorf("%+v", r)
	}
	wantSteps(t, f, "reserve triggered", "accept 2", "release")
}
