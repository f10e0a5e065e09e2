package controllers

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
)

// TestSpecChanged: a watch that was broken off tells of a deletion and a new
// object by one update, in which the generation may be the same.
func TestSpecChanged(t *testing.T) {
	object := func(uid string, generation int64) *v1alpha1.WebhookIntegration {
		obj := &v1alpha1.WebhookIntegration{}
		obj.SetUID(types.UID(uid))
		obj.Generation = generation
		return obj
	}
	for name, test := range map[string]struct {
		after *v1alpha1.WebhookIntegration
		want  bool
	}{
		"status":   {object("a", 1), false},
		"spec":     {object("a", 2), true},
		"made new": {object("b", 1), true},
	} {
		if got := specChanged.Update(event.UpdateEvent{ObjectOld: object("a", 1), ObjectNew: test.after}); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}
