//go:build linux

package canary

import (
	"encoding/base64"
	"strings"
)

// broken adds integrations whose secrets cannot be used, so that errors are made of
// them.
func (w *world) broken(o *objects) {
	plant := func(what string) string { return w.canaries.plant("broken: "+what, anyText) }
	https := strings.Replace(w.plain, "http:", "https:", 1)
	add := func(name string, spec dict, pairs ...string) {
		o.secret(name, pairs...)
		url := w.plain
		if spec["tls"] != nil {
			url = https
		}
		o.integration(name, url, spec)
	}
	header := func(name string) dict { return dict{"headers": list{fromSecret("X-Secret", name)}} }
	add("broken-line", header("broken-line"), "value", plant("header with a line break")+"\n"+plant("second line of a header"))
	add("broken-utf8", header("broken-utf8"), "value", plant("header that is not UTF-8")+"\xff")
	add("broken-long", header("broken-long"), "value", plant("header that is too long")+strings.Repeat("x", 9000))
	add("broken-key", header("broken-key"), "other", plant("value under another key"))
	o.add("v1", "ConfigMap", "broken-config", dict{"data": dict{"value": plant("header of a ConfigMap") + "\nx"}})
	o.integration("broken-config", w.plain, dict{"headers": list{dict{"name": "X-Config", "valueFrom": dict{"configMapKeyRef": key("broken-config")}, "private": true}}})

	bearer := func(name string) dict { return dict{"auth": dict{"bearer": dict{"secretKeyRef": key(name)}}} }
	add("broken-bearer", bearer("broken-bearer"), "value", "Bearer "+plant("bearer token with its scheme"))
	add("broken-control", bearer("broken-control"), "value", plant("bearer token with a control character")+"\x01")
	add("broken-space", bearer("broken-space"), "value", " "+plant("bearer token with spaces")+" ")
	basic := func(name string) dict { return dict{"auth": dict{"basic": dict{"secretRef": dict{"name": name}}}} }
	add("broken-colon", basic("broken-colon"), "username", plant("user name with a colon")+":x", "password", plant("password of a bad user name"))
	add("broken-password", basic("broken-password"), "username", "reader", "password", plant("password with a line break")+"\r\nx")
	add("broken-client", dict{"auth": dict{"oauth2ClientCredentials": dict{
		"tokenURL": w.plain + "/token", "clientID": "client", "clientSecret": dict{"secretKeyRef": key("broken-client")},
	}}}, "value", plant("client secret with a line break")+"\nx")

	signing := func(name string) dict { return dict{"signing": dict{"secretKeyRefs": list{key(name)}}} }
	add("broken-short", signing("broken-short"), "value", w.canaries.signingSecret("broken: signing key that is too short", 18))
	add("broken-base64", signing("broken-base64"), "value", "whsec_"+plant("signing key that is not base64"))
	add("broken-private", signing("broken-private"), "value", "whsk_"+plant("signing key that is asymmetric"))

	certificate := func(name string) dict {
		return dict{"tls": dict{"clientCertificate": dict{"secretRef": dict{"name": name}}}}
	}
	pemOf := func(kind, text string) string {
		return "-----BEGIN " + kind + "-----\n" + base64.StdEncoding.EncodeToString([]byte(text)) + "\n-----END " + kind + "-----\n"
	}
	add("broken-pem", certificate("broken-pem"), "tls.crt", w.client.certificate, "tls.key", pemOf("PRIVATE KEY", plant("private key that is none")))
	add("broken-text", certificate("broken-text"), "tls.crt", w.client.certificate, "tls.key", plant("private key that is not PEM"))
	add("broken-kind", certificate("broken-kind"), "tls.crt", w.client.certificate, "tls.key", pemOf("PUBLIC KEY", plant("private key of another kind")))
	add("broken-chain", certificate("broken-chain"), "tls.crt", pemOf("CERTIFICATE", plant("certificate that is none")), "tls.key", w.client.key)
	add("broken-swapped", certificate("broken-swapped"), "tls.crt", w.client.key, "tls.key", w.client.certificate)
	add("broken-bundle", dict{"tls": dict{"caBundleFrom": dict{"secretKeyRef": key("broken-bundle")}}},
		"value", w.client.certificate+w.client.key+plant("text in a CA bundle"))

	proxy := func(name, url string) dict {
		return dict{"egress": dict{"proxy": dict{"url": url, "secretRef": dict{"name": name}}}}
	}
	add("broken-proxy", proxy("broken-proxy", w.plain), "username", plant("proxy's user name with a colon")+":", "password", plant("password of a bad proxy user"))
	add("broken-proxy-line", proxy("broken-proxy-line", w.plain), "username", "reader", "password", plant("proxy password with a line break")+"\nx")
}
