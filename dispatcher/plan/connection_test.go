package plan

import "testing"

func TestCheckParameterName(t *testing.T) {
	for _, name := range []string{"audience", "resource", "scopes", "Scope"} {
		if err := CheckParameterName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", "grant_type", "scope", "client_id", "client_secret"} {
		if CheckParameterName(name) == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}
