package serving

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// problem is something that only people can mend: it is said once, and waited for. Its
// reason is that of the event; events with the same one are counted, not said.
type problem struct{ reason, text string }

func (p *problem) Error() string { return p.text }

// read reads the Secret; it is nil if there is none.
func (k *keeper) read(ctx context.Context) (*corev1.Secret, error) {
	var secret corev1.Secret
	err := k.client.Get(ctx, client.ObjectKey{Namespace: k.Namespace, Name: k.secretName()}, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read Secret %s/%s: %w", k.Namespace, k.secretName(), err)
	}
	return &secret, nil
}

// own renews the operator's own Secret, and creates it if it is missing. A write that
// somebody else was quicker with fails, and the next look starts from theirs.
func (k *keeper) own(ctx context.Context) (data map[string][]byte, err error) {
	secret, err := k.read(ctx)
	if err != nil {
		return nil, err
	}
	if secret != nil && secret.Labels[ownLabel] != ownValue {
		return nil, &problem{reasonForeign, fmt.Sprintf("Secret %s/%s has not the label %s=%s, so it is not the operator's to write; set --serving-secret=%s to use it as it is, or delete it",
			k.Namespace, SecretName, ownLabel, ownValue, SecretName)}
	}
	var now map[string][]byte
	if secret != nil {
		now = secret.Data
	}
	data, err = renew(k.Now(), k.Names, now)
	if err != nil || same(now, data) {
		return data, err
	}
	if secret == nil {
		err = k.client.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: k.Namespace, Name: SecretName, Labels: map[string]string{ownLabel: ownValue}},
			Type:       corev1.SecretTypeTLS,
			Data:       data,
		})
	} else {
		secret.Data = data
		err = k.client.Update(ctx, secret)
	}
	if err != nil {
		return nil, fmt.Errorf("write Secret %s/%s: %w", k.Namespace, SecretName, err)
	}
	k.voice.log.Info("serving certificate or its authority made", "secret", SecretName)
	return data, nil
}

// given judges a Secret that somebody else keeps.
func (k *keeper) given(ctx context.Context) (data map[string][]byte, err error) {
	secret, err := k.read(ctx)
	if err != nil {
		return nil, err
	}
	broken := func(reason, format string, args ...any) error {
		return &problem{reason, fmt.Sprintf("the serving certificate cannot be taken from Secret %s/%s: %s", k.Namespace, k.Secret, fmt.Sprintf(format, args...))}
	}
	if secret == nil {
		return nil, broken(reasonMissing, "there is no such Secret")
	}
	for _, key := range []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey} {
		if len(secret.Data[key]) == 0 {
			return nil, broken(reasonIncomplete, "it has no %s", key)
		}
	}
	// The words of package tls are about forms and never quote the key.
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, broken(reasonBroken, "%v", err)
	}
	if !k.Now().Before(pair.Leaf.NotAfter) {
		return nil, broken(reasonExpired, "its certificate expired at %s", pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if authorities := secret.Data[authorityKey]; len(authorities) > 0 {
		if _, err := cert.ParseCertsPEM(authorities); err != nil {
			return nil, broken(reasonAuthorityBroken, "its %s has no certificate in PEM", authorityKey)
		}
	}
	return secret.Data, nil
}

// publish makes the ConfigMap have the authorities and nothing else. Without any it
// stays away, or becomes empty: callers then know the issuer without our help.
func (k *keeper) publish(ctx context.Context, authorities string) error {
	wanted := map[string]string{}
	if authorities != "" {
		wanted[authorityKey] = authorities
	}
	var there corev1.ConfigMap
	err := k.client.Get(ctx, client.ObjectKey{Namespace: k.Namespace, Name: ConfigMapName}, &there)
	switch {
	case apierrors.IsNotFound(err) && authorities == "":
		return nil
	case apierrors.IsNotFound(err):
		err = k.client.Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: k.Namespace, Name: ConfigMapName, Labels: map[string]string{ownLabel: ownValue}},
			Data:       wanted,
		})
	case err != nil:
		return fmt.Errorf("read ConfigMap %s/%s: %w", k.Namespace, ConfigMapName, err)
	case len(there.Data) == len(wanted) && there.Data[authorityKey] == authorities && len(there.BinaryData) == 0:
		return nil
	default:
		there.Data, there.BinaryData = wanted, nil
		err = k.client.Update(ctx, &there)
	}
	if err != nil {
		return fmt.Errorf("write ConfigMap %s/%s: %w", k.Namespace, ConfigMapName, err)
	}
	k.voice.log.Info("authorities published", "configMap", ConfigMapName)
	return nil
}
