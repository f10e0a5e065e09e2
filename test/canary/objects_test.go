//go:build linux

package canary

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// dict is a part of a manifest.
type dict = map[string]any

// list is a list in a manifest.
type list = []any

// objects are the manifests of a world.
type objects struct {
	items list
	// calls are the ways that each integration is called by; one with none is broken,
	// and calls of it are refused.
	calls map[string][]string
}

// add adds an object.
func (o *objects) add(version, kind, name string, rest dict) {
	object := dict{"apiVersion": version, "kind": kind, "metadata": dict{"name": name}}
	for field, value := range rest {
		object[field] = value
	}
	o.items = append(o.items, object)
}

// secret adds a Secret of the given keys and values in turn.
func (o *objects) secret(name string, pairs ...string) {
	data := dict{}
	for i := 0; i+1 < len(pairs); i += 2 {
		data[pairs[i]] = base64.StdEncoding.EncodeToString([]byte(pairs[i+1]))
	}
	o.add("v1", "Secret", name, dict{"data": data})
}

// integration adds an integration and a Webhook of it that is called by ways; none if
// it cannot be called.
func (o *objects) integration(name, url string, spec dict, calls ...string) {
	spec["url"] = url
	if spec["timeout"] == nil {
		spec["timeout"] = "2s" // the shortest that a busy machine keeps
	}
	o.add(group, "WebhookIntegration", name, dict{"spec": spec})
	o.webhook(name, name, dict{
		"url":     "/" + name + "/${way}?q=${data}",
		"headers": list{dict{"name": "X-Own", "value": "${own}"}},
		"body":    `{"data": "${data}"}`,
	})
	o.calls[name] = calls
}

// webhook adds a Webhook.
func (o *objects) webhook(name, integration string, spec dict) {
	spec["integrationRef"] = dict{"name": integration}
	o.add(group, "Webhook", name, dict{"spec": spec})
}

// group is the API group and version of the two kinds.
const group = "webhooks.maestra.io/v1alpha1"

// key refers to the key "value" of a Secret or ConfigMap.
func key(name string) dict { return dict{"name": name, "key": "value"} }

// fromSecret is a header from a Secret.
func fromSecret(header, secret string) dict {
	return dict{"name": header, "valueFrom": dict{"secretKeyRef": key(secret)}}
}

// apply applies manifests by server-side apply, which keeps no copy of them in an
// annotation.
func (w *world) apply(items list) {
	w.t.Helper()
	manifests, err := json.Marshal(dict{"apiVersion": "v1", "kind": "List", "items": items})
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := cluster.KubectlCommand(w.t.Context(), "-n", namespace, "apply", "--server-side", "--force-conflicts", "-f", "-")
	cmd.Stdin = strings.NewReader(string(manifests))
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("kubectl apply: %v: %s", err, out)
	}
}

// good adds the integrations that work, and those whose other side does not.
func (w *world) good(t *testing.T, o *objects) {
	c := &w.canaries
	o.secret("header", "value", w.knows("headers", c.plant("header from a Secret", anyText)))
	o.secret("name", "value", w.knows("headers", c.plant("header from a Secret, fit for a name", headerName)))
	o.secret("data", "value", w.knows("headers", c.plant("header from a Secret that callers know, too", anyText)))
	w.canaries.all[len(w.canaries.all)-1].ofCaller = true
	o.add("v1", "ConfigMap", "header", dict{"data": dict{"value": w.knows("headers", c.plant("private header from a ConfigMap", anyText))}})
	private := list{
		fromSecret("X-Secret", "header"), fromSecret("X-Name", "name"), fromSecret("X-Data", "data"),
		dict{"name": "X-Literal", "value": w.knows("headers", c.plant("private literal header", anyText)), "private": true},
		dict{"name": "X-Config", "valueFrom": dict{"configMapKeyRef": key("header")}, "private": true},
	}
	o.integration("headers", w.plain, dict{"headers": private}, wayNames()...)
	o.webhook("unescaped", "headers", dict{"url": "/headers/${data}", "escaping": "None", "body": "${data}"})
	o.webhook("counts", "headers", dict{"url": "/headers/plain", "body": `{"n": ${data + 1}}`})

	o.secret("basic", "username", "reader", "password", w.knows("basic", c.plant("basic password", anyText)))
	o.integration("basic", w.plain, dict{"auth": dict{"basic": dict{"secretRef": dict{"name": "basic"}}}}, wayNames()...)

	comment := c.plant("text before a private key", anyText)
	c.add("client certificate's private key", string(w.client.seed))
	o.secret("client", "tls.crt", w.client.certificate, "tls.key", comment+"\n"+w.client.key)
	o.secret("bearer", "value", w.knows("bearer", c.plant("bearer token", anyText)))
	w.knows("bearer", w.client.key)
	o.integration("bearer", w.secure, dict{
		"auth": dict{"bearer": dict{"secretKeyRef": key("bearer")}},
		"tls":  dict{"caBundle": w.server.certificate, "clientCertificate": dict{"secretRef": dict{"name": "client"}}},
	}, wayNames()...)

	w.proxies(t, o)
	w.tokens(t, o)
	w.strange(t, o)

	o.secret("rotating", "value", c.plant("header before its rotation", anyText))
	o.integration("rotating", w.plain, dict{"headers": list{fromSecret("X-Secret", "rotating")}, "suspend": true}, "plain", "error")
	o.webhook("rotating-again", "rotating", dict{
		"url": "/rotating/${way}?id=${WebhookRequest.TransactionalId}", "body": `{"data": "${data}"}`, "retry": dict{"retries": 1, "delay": "1s"},
	})
}

// proxies adds an integration for each behaviour of a proxy.
func (w *world) proxies(t *testing.T, o *objects) {
	for name, answer := range proxyAnswers {
		integration := "proxy-" + name
		password := w.knows(integration, w.canaries.plant("password of "+integration, visible))
		header := w.knows(integration, w.canaries.plant("header of "+integration, visible))
		w.proxied[integration] = newProxy(t, answer, password, header)
		o.secret(integration, "username", "reader", "password", password, "value", header)
		calls := []string{"plain"}
		if name == "connects" {
			calls = wayNames()
		}
		o.integration(integration, w.plain, dict{
			"headers": list{fromSecret("X-Secret", integration)},
			"egress":  dict{"proxy": dict{"url": "http://" + w.proxied[integration].address, "secretRef": dict{"name": integration}}},
		}, calls...)
	}
}

// tokens adds an integration for each behaviour of a token server, and one, signed,
// that gets a token.
func (w *world) tokens(t *testing.T, o *objects) {
	add := func(name string, spec dict, calls ...string) {
		secret := w.knows(name, w.canaries.plant("client secret of "+name, visible))
		token := w.knows(name, w.canaries.plant("access token of "+name, visible))
		server := newTokenServer(t, token, secret)
		w.servers[name] = server
		o.secret(name, "value", secret)
		style := "Header"
		if len(w.servers)%2 == 0 {
			style = "Body"
		}
		spec["auth"] = dict{"oauth2ClientCredentials": dict{
			"tokenURL": server.URL + "/" + strings.TrimPrefix(name, "token-"), "clientID": "client", "authStyle": style,
			"clientSecret": dict{"secretKeyRef": key(name)},
		}}
		o.integration(name, w.plain, spec, calls...)
	}
	for name := range tokenAnswers {
		add("token-"+name, dict{}, "plain")
	}
	text := w.canaries.signingSecret("signing key", 32)
	w.knows("token-good", text)
	o.secret("signing", "value", text)
	old := w.canaries.signingSecret("second signing key", 24)
	o.secret("signing-old", "value", w.knows("token-good", old))
	add("token-good", dict{"signing": dict{"secretKeyRefs": list{key("signing"), key("signing-old")}}}, wayNames()...)
}

// strange adds integrations whose receiver cannot be reached, or not be trusted.
func (w *world) strange(t *testing.T, o *objects) {
	secret := w.canaries.plant("header of receivers that fail", anyText)
	name := w.canaries.plant("header of receivers that fail, fit for a host", headerName)
	o.secret("strange", "value", secret, "name", name)
	private := func() list {
		return list{fromSecret("X-Secret", "strange"), dict{"name": "X-Name", "valueFrom": dict{"secretKeyRef": dict{"name": "strange", "key": "name"}}}}
	}
	told := secret + " " + name
	add := func(integration, url string, tls dict) {
		spec := dict{"headers": private()}
		if tls != nil {
			spec["tls"] = tls
		}
		o.integration(integration, url, spec, "plain")
	}
	named := newIdentity(t, told, name+".example", strings.ToLower(name)+".example")
	other := newReceiver(t, nil, named.secured()).address
	add("tls-untrusted", "https://"+other, nil)
	add("tls-named", "https://"+other, dict{"caBundle": named.certificate})
	add("tls-insecure", "https://"+other, dict{"insecureSkipVerify": true})
	add("tls-none", "https://"+says(t, told+"\r\n"), nil)
	add("http2", "https://"+goesAway(t, w.server, told), dict{"caBundle": w.server.certificate})
	add("ftp", "http://"+says(t, "220 "+told+"\r\n"), nil)
	add("private", "http://10.11.12.13", nil)
	add("metadata", "http://169.254.169.254", nil)
	add("nowhere", "http://no-such-host.invalid", nil)
	add("closed", "http://127.0.0.1:1", nil)
}
