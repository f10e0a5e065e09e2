package httpapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"sigs.k8s.io/yaml"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// mediaYAML is the media type of a manifest (RFC 9512).
const mediaYAML = "application/yaml"

// maxManifest bounds a spec, decompressed, in bytes: etcd keeps no larger object.
const maxManifest = 4 << 20

// errNoManifest is for a webhook of a manager that does not send manifests.
var errNoManifest = errors.New("the manager has not sent this Webhook's manifest, so there is none to copy; kubectl get webhook -o yaml shows it")

// getManifest returns a Webhook's manifest, without what the cluster adds to it, for
// another of its kind: GET …/manifest.
func (a *api) getManifest(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	part := q.choice("part", "sampleData")
	name, namespace := q.text("name", 253), q.text("namespace", 63)
	if name != "" && !isName(name) {
		q.wrong("name", "can be the name of no Webhook: names have small letters, digits, hyphens and dots")
	}
	if namespace != "" && !isLabel(namespace) {
		q.wrong("namespace", "can be the name of no namespace: names have small letters, digits and hyphens")
	}
	if part != nil && (name != "" || namespace != "") {
		q.wrong("part", "goes with neither name nor namespace")
	}
	if q.err != nil {
		a.problem(w, r, q.err)
		return
	}
	key := webhookOf(r)
	spec, err := a.spec(key)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	if part != nil {
		sample, ok := spec["sampleData"]
		if !ok {
			sample = json.RawMessage("{}")
		}
		writeJSON(w, http.StatusOK, mediaJSON, sample)
		return
	}
	text, err := manifest(key, spec, name, namespace)
	if err != nil {
		a.problem(w, r, fmt.Errorf("write the manifest of webhook %s: %w", key, err))
		return
	}
	w.Header().Set("Content-Type", mediaYAML)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(text) // an error means that the caller has gone
}

// spec is the spec of a webhook, as its author wrote it.
func (a *api) spec(key plan.Key) (map[string]json.RawMessage, error) {
	webhook, err := a.webhook(key)
	if err != nil {
		return nil, err
	}
	if len(webhook.Plan.Manifest) == 0 {
		return nil, errNoManifest
	}
	var spec map[string]json.RawMessage
	text, err := gzip.NewReader(bytes.NewReader(webhook.Plan.Manifest))
	if err == nil {
		err = json.NewDecoder(io.LimitReader(text, maxManifest)).Decode(&spec)
	}
	if err != nil {
		return nil, fmt.Errorf("read the manifest of webhook %s: %w", key, err)
	}
	return spec, nil
}

// manifest writes one in YAML. Under another name the webhook has another system name.
func manifest(key plan.Key, spec map[string]json.RawMessage, name, namespace string) ([]byte, error) {
	if name != "" && name != key.Name {
		delete(spec, "systemName")
		key.Name = name
	}
	if namespace != "" {
		key.Namespace = namespace
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "webhooks.maestra.io/v1alpha1", "kind": string(plan.KindWebhook),
		"metadata": map[string]string{"name": key.Name, "namespace": key.Namespace}, "spec": spec,
	})
	if err != nil {
		return nil, err
	}
	return yaml.JSONToYAML(text)
}
