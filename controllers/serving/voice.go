package serving

import (
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

const (
	action = "Serve"

	// The reasons of events.
	reasonForeign         = "ServingSecretNotOwn"
	reasonMissing         = "ServingSecretMissing"
	reasonIncomplete      = "ServingSecretIncomplete"
	reasonBroken          = "ServingCertificateBroken"
	reasonExpired         = "ServingCertificateExpired"
	reasonAuthorityBroken = "ServingAuthorityBroken"
	reasonUsable          = "ServingCertificateUsable"

	lastGoodRemains = "; the dispatcher goes on with the certificate it has, if it has one"
)

// recorder writes events. It never blocks.
type recorder interface {
	Eventf(regarding, related runtime.Object, eventtype, reason, action, note string, args ...any)
}

// voice tells people what only they can mend, once, and when it is mended. It is used
// by one goroutine.
type voice struct {
	log      logr.Logger
	recorder recorder
	said     string // the problem that there is; empty for none
}

func (v *voice) warn(about *corev1.Secret, p *problem) {
	if v.said == p.text {
		return
	}
	v.said = p.text
	v.log.Info("the serving certificate cannot be used"+lastGoodRemains, "reason", p.text)
	v.recorder.Eventf(about, nil, corev1.EventTypeWarning, p.reason, action, "%s", p.text+lastGoodRemains)
}

func (v *voice) well(about *corev1.Secret) {
	if v.said == "" {
		return
	}
	v.said = ""
	v.log.Info("the serving certificate can be used again")
	v.recorder.Eventf(about, nil, corev1.EventTypeNormal, reasonUsable, action, "the serving certificate is in use")
}
