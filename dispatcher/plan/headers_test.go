package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHeaders(t *testing.T) {
	inherited := []Header{
		{Name: "Authorization", Value: NewSecret("token"), Private: true},
		{Name: "Content-Type", Value: NewSecret("application/json")},
		{Name: "X-Tenant", Value: NewSecret("a")},
	}
	own := []RenderedHeader{{Name: "x-tenant", Value: "b"}, {Name: "webhookHeader", Value: "test"}}
	got := Headers(inherited, []string{"AUTHORIZATION"}, own)
	want := []RenderedHeader{{Name: "Content-Type", Value: "application/json"}, {Name: "x-tenant", Value: "b"}, {Name: "webhookHeader", Value: "test"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if all := Headers(inherited, nil, nil); len(all) != 3 || all[0].Value != "token" || !all[0].Private {
		t.Errorf("inherited headers alone: %v", all)
	}
}

func TestCheckHeaderName(t *testing.T) {
	for _, name := range []string{"Authorization", "x-a", "webhookHeader"} {
		if err := CheckHeaderName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", "a b", "a:b", "host", "Content-length", "TE", "transfer-encoding", "CONNECTION", "é"} {
		if CheckHeaderName(name) == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

func TestCheckHeaderValue(t *testing.T) {
	for _, value := range []string{"", "a b", "ü"} {
		if err := CheckHeaderValue("X", value); err != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
	for _, value := range []string{"a\r\nb", "a\nb", "a\x00"} {
		if CheckHeaderValue("X", value) == nil {
			t.Errorf("%q is accepted", value)
		}
	}
}
