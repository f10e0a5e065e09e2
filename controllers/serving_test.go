package controllers_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/controllers/serving"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// door is a TLS server that shows what the control session brings, and callers who
// trust the published authorities alone.
type door struct {
	*world

	address string
	clock   atomic.Int64 // seconds after the machine's

	mu          sync.Mutex
	certificate *tls.Certificate
	pem         string
}

// newDoor is a world with a door; nothing runs in it yet.
func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{world: newWorld(t)}
	d.serving.Now = d.now
	d.shown = func(certificate string, key plan.Secret) {
		pair, err := tls.X509KeyPair([]byte(certificate), []byte(key.Reveal()))
		if err != nil {
			t.Errorf("what came over the session: %v", err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.certificate, d.pem = &pair, certificate
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.certificate == nil {
			return nil, errors.New("none yet")
		}
		return d.certificate, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	d.address = listener.Addr().String()
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = conn.(*tls.Conn).Handshake(); _ = conn.Close() }()
		}
	}()
	return d
}

func (d *door) now() time.Time { return time.Now().Add(time.Duration(d.clock.Load()) * time.Second) }

// secret and authorities read what there is; nil and empty if there is none.
func (d *door) secret(name string) *corev1.Secret {
	d.Helper()
	var secret corev1.Secret
	if err := d.Get(d.Context(), client.ObjectKey{Namespace: d.namespace, Name: name}, &secret); client.IgnoreNotFound(err) != nil {
		d.Fatal(err)
	}
	return &secret
}

func (d *door) authorities() string {
	d.Helper()
	var published corev1.ConfigMap
	err := d.Get(d.Context(), client.ObjectKey{Namespace: d.namespace, Name: serving.ConfigMapName}, &published)
	if client.IgnoreNotFound(err) != nil {
		d.Fatal(err)
	}
	return published.Data["ca.crt"]
}

// call connects as a caller who trusts these authorities alone.
func (d *door) call(name, authorities string) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(authorities))
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: name, Time: d.now}}
	conn, err := dialer.DialContext(d.Context(), "tcp", d.address)
	if err == nil {
		err = conn.Close()
	}
	return err
}

// open waits until callers who trust what is published get in, by a certificate that
// is not the one before.
func (d *door) open(before string) (now string) {
	d.Helper()
	d.within(20*time.Second, func() error {
		d.mu.Lock()
		now = d.pem
		d.mu.Unlock()
		if now == before {
			return errors.New("there is no new certificate")
		}
		return d.call("webhook-dispatcher."+d.namespace+".svc", d.authorities())
	})
	return now
}

// look makes the manager look at everything again.
func (d *door) look(secret string) {
	d.Helper()
	obj := d.secret(secret)
	if obj.Annotations == nil {
		obj.Annotations = map[string]string{}
	}
	obj.Annotations["looked-at"] = d.now().String()
	if err := d.Update(d.Context(), obj); err != nil {
		d.Fatal(err)
	}
}

// TestServingCertificate: callers who trust the published authority get in by each
// name, whatever is done to Secret and ConfigMap, and nothing is written without need.
func TestServingCertificate(t *testing.T) {
	d := newDoor(t)
	d.startManager()
	d.startDispatcher()
	first := d.open("")
	for _, name := range []string{
		"webhook-dispatcher", "webhook-dispatcher." + d.namespace, "webhook-dispatcher." + d.namespace + ".svc",
		"webhook-dispatcher." + d.namespace + ".svc.cluster.local", "localhost", "127.0.0.1", "::1",
	} {
		if err := d.call(name, d.authorities()); err != nil {
			t.Errorf("by the name %s: %v", name, err)
		}
	}
	if err := d.call("webhook-dispatcher.other", d.authorities()); err == nil {
		t.Error("callers get in by another namespace's name")
	}
	secret := d.secret(serving.SecretName)
	if secret.Type != corev1.SecretTypeTLS || len(secret.Data) != 4 {
		t.Errorf("the Secret is of the type %s and has %d keys", secret.Type, len(secret.Data))
	}

	writes := d.writes.count()
	d.stopManager()
	d.startManager()
	d.within(20*time.Second, func() error { return d.connected() })
	d.look(serving.SecretName)
	d.delete(&corev1.ConfigMap{}, serving.ConfigMapName)
	d.open("") // the ConfigMap is there again
	d.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + serving.ConfigMapName + "}\ndata: {ca.crt: mine, other: x}")
	d.open("")
	if now := d.open(""); now != first {
		t.Error("another certificate is shown, though only the ConfigMap had changed")
	}
	if got := d.writesTo(writes, d.namespace); len(got) != 2 {
		t.Errorf("writes: %q, want two, of the ConfigMap", got)
	}

	d.delete(&corev1.Secret{}, serving.SecretName)
	second := d.open(first)
	secret = d.secret(serving.SecretName)
	secret.Data["tls.key"] = []byte("broken")
	if err := d.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	d.open(second)
	if strings.Contains(d.log.String(), "PRIVATE") {
		t.Error("the manager's log shows a key")
	}
}

// connected says whether the dispatcher has a session.
func (d *door) connected() error {
	_, err := d.session.Review(d.Context(), reviewOf(d.namespace))
	return err
}

// writesTo lists the writes to Secrets and ConfigMaps of a namespace after the first n.
func (d *door) writesTo(n int, namespace string) []string {
	return slices.DeleteFunc(d.writes.since(n), func(line string) bool {
		return !strings.Contains(line, "/"+namespace+"/secrets") && !strings.Contains(line, "/"+namespace+"/configmaps")
	})
}

// TestServingCertificateIsRenewed goes through eleven years. At each step those get in
// who read the authorities at the step before.
func TestServingCertificateIsRenewed(t *testing.T) {
	const day = 24 * time.Hour
	d := newDoor(t)
	d.startManager()
	d.startDispatcher()
	shown := d.open("")
	readBefore := d.authorities()
	for _, step := range []struct {
		after       time.Duration
		authorities int
	}{
		{61 * day, 1}, {6 * 365 * day, 1}, {500 * day, 2}, {20 * day, 2}, {41 * day, 2}, {61 * day, 2}, {4 * 365 * day, 1},
	} {
		d.clock.Add(int64(step.after.Seconds()))
		d.look(serving.SecretName)
		if step.after != 20*day { // within two thirds of 90 days
			shown = d.open(shown)
		}
		if err := d.call("localhost", readBefore); err != nil {
			t.Errorf("after %v: who read the authorities before does not get in: %v", step.after, err)
		}
		readBefore = d.authorities()
		if n := strings.Count(readBefore, "BEGIN"); n != step.authorities {
			t.Errorf("after %v: %d authorities, want %d", step.after, n, step.authorities)
		}
	}
}

// TestTwoManagersAtOnce: those of a rolling restart agree on one certificate, however
// often it is lost, and then are quiet.
func TestTwoManagersAtOnce(t *testing.T) {
	one, two := newDoor(t), newDoor(t)
	two.serving.Names = one.serving.Names
	two.namespace = one.namespace
	shown := ""
	for _, d := range []*door{one, two} {
		d.startManager()
		d.startDispatcher()
	}
	for range 5 {
		shown = one.open(shown)
		two.within(20*time.Second, func() error {
			two.mu.Lock()
			defer two.mu.Unlock()
			if two.pem != one.secretText() {
				return errors.New("the other has another certificate")
			}
			return nil
		})
		one.delete(&corev1.Secret{}, serving.SecretName)
	}
	one.open(shown)
	one.settles()
	two.settles()
}

func (d *door) secretText() string { return string(d.secret(serving.SecretName).Data["tls.crt"]) }

// TestGivenServingSecret: it is followed without a restart and never written, and while
// it is missing or broken the last good certificate stays and people are told.
func TestGivenServingSecret(t *testing.T) {
	maker := newDoor(t) // another operator, whose certificates are given
	maker.startManager()
	maker.startDispatcher()
	certificate := maker.open("")
	data := maker.secret(serving.SecretName).Data

	d := newDoor(t)
	d.serving.Secret = "given"
	d.startManager()
	d.startDispatcher()
	d.isTold("Warning", "there is no such Secret")
	give := func(tlsCrt, tlsKey, caCrt string) {
		t.Helper()
		given := &corev1.Secret{}
		given.Namespace, given.Name, given.Type = d.namespace, "given", corev1.SecretTypeTLS
		given.Data = map[string][]byte{"tls.crt": []byte(tlsCrt), "tls.key": []byte(tlsKey)}
		if caCrt != "" {
			given.Data["ca.crt"] = []byte(caCrt)
		}
		if err := d.Update(t.Context(), given); client.IgnoreNotFound(err) != nil {
			t.Fatal(err)
		} else if err != nil {
			if err := d.Create(t.Context(), given); err != nil {
				t.Fatal(err)
			}
		}
	}
	in := func() error { return d.call("localhost", string(data["ca.crt"])) }
	give(certificate, string(data["tls.key"]), string(data["ca.crt"]))
	d.within(20*time.Second, in)
	d.within(20*time.Second, func() error { return d.call("localhost", d.authorities()) })

	give(certificate, "PRIVATE-garbage", string(data["ca.crt"]))
	d.isTold("Warning", "failed to find any PEM data in key input")
	give(certificate, string(data["tls.key"]), "garbage")
	d.isTold("Warning", "its ca.crt has no certificate")
	d.delete(&corev1.Secret{}, "given")
	if err := in(); err != nil {
		t.Errorf("the last good certificate is gone: %v", err)
	}

	maker.delete(&corev1.Secret{}, serving.SecretName)
	maker.open(certificate)
	data = maker.secret(serving.SecretName).Data
	give(string(data["tls.crt"]), string(data["tls.key"]), "") // an issuer whom everybody knows
	d.within(20*time.Second, in)
	d.isTold("Normal", "in use")
	d.within(20*time.Second, func() error {
		if text := d.authorities(); text != "" {
			return fmt.Errorf("published: %q", text)
		}
		return nil
	})
	d.clock.Store(int64((91 * 24 * time.Hour).Seconds()))
	d.look("given")
	d.isTold("Warning", "its certificate expired at")
	if d.secret(serving.SecretName).UID != "" {
		t.Error("the operator has made a Secret of its own as well")
	}
	if strings.Contains(d.log.String(), "PRIVATE") {
		t.Error("the manager's log shows a key")
	}
	for _, write := range d.writesTo(0, d.namespace) {
		if strings.Contains(write, "/secrets") {
			t.Errorf("the manager has written a Secret: %s", write)
		}
	}
}

// TestForeignSecretIsNotOverwritten: somebody else's Secret of the operator's name is
// left alone, and people are told what to do.
func TestForeignSecretIsNotOverwritten(t *testing.T) {
	d := newDoor(t)
	d.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: " + serving.SecretName + "}\ndata: {a: Yg==}")
	d.startManager()
	d.startDispatcher()
	d.isTold("Warning", "set --serving-secret="+serving.SecretName)
	if data := d.secret(serving.SecretName).Data; len(data) != 1 {
		t.Errorf("the Secret now has %d keys", len(data))
	}
	d.delete(&corev1.Secret{}, serving.SecretName)
	d.open("")
	d.isTold("Normal", "in use")
}

// isTold waits for an event about the certificate.
func (d *door) isTold(kind, text string) {
	d.Helper()
	d.within(20*time.Second, func() error {
		var list eventsv1.EventList
		if err := d.List(d.Context(), &list, client.InNamespace(d.namespace)); err != nil {
			return err
		}
		for i := range list.Items {
			e := &list.Items[i]
			if e.Type == kind && strings.Contains(e.Note, text) {
				return nil
			}
		}
		return fmt.Errorf("no %s event says %q", kind, text)
	})
}

// TestServingNeedsNames: a bad name is said before anything runs.
func TestServingNeedsNames(t *testing.T) {
	for name, o := range map[string]serving.Options{
		"--namespace":      {Names: serving.Names{Service: "webhook-dispatcher"}},
		"--service-name":   {Names: serving.Names{Namespace: "a", Service: net.JoinHostPort("a", "1")}},
		"--serving-secret": {Names: serving.Names{Namespace: "a", Service: "b"}, Secret: "_"},
	} {
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s named", err, name)
		}
	}
}
