package control

import (
	"fmt"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestSecretsStayInside plants a value and looks for it, and for the hash that
// covers it, wherever this package puts text.
func TestSecretsStayInside(t *testing.T) {
	const canary = "canary-4f1c9a"
	log := &textLog{}
	socket, m, r := newSocket(t), newManager(log.logger()), newRecorder()
	i := integration("api")
	i.Headers = []plan.Header{{Name: "Authorization", Value: plan.NewSecret(canary), Private: true}}
	huge := integration("huge")
	huge.Headers = []plan.Header{{Name: "Authorization", Value: plan.NewSecret(strings.Repeat(canary, maxMessage/len(canary))), Private: true}}
	broken := integration("broken")
	broken.URL, broken.Headers = "\xff", i.Headers
	r.refuse[i.Ref()] = "no"
	for _, x := range []plan.Integration{i, huge, broken} {
		m.SetIntegration(x)
	}
	m.Open()
	stopServer := m.start(t, socket)
	c := NewClient(ClientOptions{Socket: socket, Catalog: r, Logger: log.logger()})
	stopClient := connect(t, c)
	await(t, "the refusal", func() bool { return m.State(i.Ref()).Error == "no" })
	stopServer()
	await(t, "the client's log", func() bool { return strings.Contains(log.String(), "cannot be reached") })
	stopClient()

	hash := string(m.entries[i.Ref()].hash)
	texts := log.String()
	for _, x := range []plan.Integration{i, huge, broken} {
		texts += m.State(x.Ref()).Error
	}
	texts += fmt.Sprint(m.entries[i.Ref()].hash, r.applied)
	for name, secret := range map[string]string{"value": canary, "hash": hash, "hex hash": fmt.Sprintf("%x", hash), "quoted hash": fmt.Sprintf("%q", hash)} {
		if strings.Contains(texts, secret) {
			t.Errorf("the %s shows in:\n%s", name, texts)
		}
	}
	if !strings.Contains(log.String(), "control session begun") {
		t.Error("the log is empty, so this test proves nothing")
	}
}
