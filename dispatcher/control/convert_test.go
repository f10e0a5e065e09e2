package control

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	pb "github.com/maestra-io/webhook-operator/dispatcher/control/controlpb"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestConversionsAreExact fills every field of the plan, whatever fields there
// are, so that one without its line in convert.go comes back empty.
func TestConversionsAreExact(t *testing.T) {
	t.Run("integration", func(t *testing.T) {
		var want plan.Integration
		fill(t, reflect.ValueOf(&want).Elem(), new(int64))
		got := integrationFromPB(overTheWire(t, integrationToPB(&want)))
		compareFilled(t, want, *got)
	})
	t.Run("webhook", func(t *testing.T) {
		var want plan.Webhook
		fill(t, reflect.ValueOf(&want).Elem(), new(int64))
		got := webhookFromPB(overTheWire(t, webhookToPB(&want)))
		compareFilled(t, want, *got)
	})
	t.Run("report", func(t *testing.T) {
		var want plan.Report
		fill(t, reflect.ValueOf(&want).Elem(), new(int64))
		got := reportFromPB(overTheWire(t, reportToPB(&want)))
		compareFilled(t, want, got)
	})
	t.Run("refs", func(t *testing.T) {
		for _, kind := range []plan.Kind{plan.KindIntegration, plan.KindWebhook} {
			want := plan.Ref{Kind: kind, Key: plan.Key{Namespace: "shop", Name: "order"}}
			if got := refFromPB(overTheWire(t, refToPB(want))); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		if got := refFromPB(&pb.Ref{Kind: 99}).Kind; got != "" {
			t.Errorf("an unknown kind became %q", got)
		}
	})
}

func TestZeroValuesSurvive(t *testing.T) {
	i := plan.Integration{NotReady: "Secret api-token is missing."}
	compareFilled(t, i, *integrationFromPB(overTheWire(t, integrationToPB(&i))))
	w := plan.Webhook{}
	compareFilled(t, w, *webhookFromPB(overTheWire(t, webhookToPB(&w))))
	r := plan.Report{}
	compareFilled(t, r, reportFromPB(overTheWire(t, reportToPB(&r))))
}

func TestHeaderValueMayBeAnyBytes(t *testing.T) {
	value := "caf\xe9 \xff"
	i := plan.Integration{Headers: []plan.Header{{Name: "X-Token", Value: plan.NewSecret(value), Private: true}}}
	if got := integrationFromPB(overTheWire(t, integrationToPB(&i))).Headers[0].Value.Reveal(); got != value {
		t.Errorf("got %q", got)
	}
}

func compareFilled[T any](t *testing.T, want, got T) {
	t.Helper()
	secrets := cmp.Comparer(func(a, b plan.Secret) bool { return a.Reveal() == b.Reveal() })
	if diff := cmp.Diff(want, got, secrets); diff != "" {
		t.Errorf("came back different (-sent +got):\n%s", diff)
	}
}

// overTheWire encodes and decodes m.
func overTheWire[M proto.Message](t *testing.T, m M) M {
	t.Helper()
	encoded, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	decoded := m.ProtoReflect().New().Interface()
	if err := proto.Unmarshal(encoded, decoded); err != nil {
		t.Fatal(err)
	}
	return decoded.(M)
}

// fill gives v and everything in it a value of its own, none of them zero.
func fill(t *testing.T, v reflect.Value, next *int64) {
	t.Helper()
	*next++
	switch v.Interface().(type) {
	case plan.Secret:
		v.Set(reflect.ValueOf(plan.NewSecret("secret" + time.Duration(*next).String())))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(1_700_000_000, *next).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text " + time.Duration(*next).String())
	case reflect.Int, reflect.Int64:
		v.SetInt(*next)
	case reflect.Uint64:
		v.SetUint(uint64(*next))
	case reflect.Uint8:
		v.SetUint(uint64(*next & 0x7f))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), next)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(t, v.Index(i), next)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), next)
		}
	default:
		t.Fatalf("a field of type %s is new to this test", v.Type())
	}
}
