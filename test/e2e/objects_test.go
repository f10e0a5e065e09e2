package e2e

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Tests write as a person does, with kubectl, and look at what kubectl prints where
// that is the point. What they wait for they read with a client of their own: a
// kubectl costs a third of a second of a core.

// The resources that are read.
var (
	integrationResource = schema.GroupVersionResource{Group: "webhooks.maestra.io", Version: "v1alpha1", Resource: "webhookintegrations"}
	webhookResource     = schema.GroupVersionResource{Group: "webhooks.maestra.io", Version: "v1alpha1", Resource: "webhooks"}
	eventResource       = schema.GroupVersionResource{Group: "events.k8s.io", Version: "v1", Resource: "events"}
)

// list reads all objects of a resource in the namespace.
func (w *world) list(resource schema.GroupVersionResource) []unstructured.Unstructured {
	w.t.Helper()
	list, err := w.reads.Resource(resource).Namespace(w.namespace).List(w.t.Context(), metav1.ListOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return list.Items
}

// find reads one object, such as webhookintegrations/crm.
func (w *world) find(object string) unstructured.Unstructured {
	w.t.Helper()
	resource, name, _ := strings.Cut(object, "/")
	all := w.list(webhookResource.GroupVersion().WithResource(resource))
	i := slices.IndexFunc(all, func(o unstructured.Unstructured) bool { return o.GetName() == name })
	if i < 0 {
		w.t.Fatalf("there is no %s", object)
	}
	return all[i]
}

// isSeen reports whether an object's status speaks of its spec as it is.
func isSeen(o unstructured.Unstructured) bool {
	seen, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
	return seen == o.GetGeneration()
}

// conditionOf returns a field of a condition; empty if it is not there.
func conditionOf(o unstructured.Unstructured, conditionType, field string) string {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if condition, _ := c.(map[string]any); condition["type"] == conditionType {
			return fmt.Sprint(condition[field])
		}
	}
	return ""
}

// ready waits until all objects of the namespace are ready.
func (w *world) ready() {
	w.t.Helper()
	w.await("all objects to be ready", w.allReady)
}

// allReady reports whether there are objects and all of them are ready.
func (w *world) allReady() bool {
	w.t.Helper()
	all := append(w.list(integrationResource), w.list(webhookResource)...)
	return len(all) > 0 && !slices.ContainsFunc(all, func(o unstructured.Unstructured) bool {
		return !isSeen(o) || conditionOf(o, "Ready", "status") != "True"
	})
}

// condition reads a field of a condition of an object.
func (w *world) condition(object, conditionType, field string) string {
	w.t.Helper()
	return conditionOf(w.find(object), conditionType, field)
}

// becomes waits until a condition has a reason; until it is gone for none.
func (w *world) becomes(object, conditionType, reason string) {
	w.t.Helper()
	w.await(object+" to have "+conditionType+" with the reason "+reason, func() bool {
		o := w.find(object)
		return isSeen(o) && conditionOf(o, conditionType, "reason") == reason
	})
}

// shows waits until the last call of a Webhook is the one with the id, and returns
// a field of it.
func (w *world) shows(webhook, id, field string) string {
	w.t.Helper()
	var last map[string]any
	w.await("the status of call "+id, func() bool {
		last, _, _ = unstructured.NestedMap(w.find("webhooks/"+webhook).Object, "status", "lastCall")
		return last["transactionId"] == id
	})
	return fmt.Sprint(last[field])
}

// events are the types, reasons and notes of an object's events, sorted.
func (w *world) events(kind, name string) string {
	w.t.Helper()
	var lines []string
	for _, event := range w.list(eventResource) {
		regarding, _, _ := unstructured.NestedStringMap(event.Object, "regarding")
		if regarding["kind"] == kind && regarding["name"] == name {
			lines = append(lines, fmt.Sprintf("%s %s %s\n", event.Object["type"], event.Object["reason"], event.Object["note"]))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// hears waits until an object's events hold a text.
func (w *world) hears(kind, name, text string) {
	w.t.Helper()
	w.await("the event of "+name+": "+text, func() bool { return strings.Contains(w.events(kind, name), text) })
}
