package controllers

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
)

// ApplyWebhookStatus lets tests write a status as a reconciler does that read
// obj some time ago.
func ApplyWebhookStatus(ctx context.Context, c client.Client, obj *v1alpha1.Webhook, status v1alpha1.WebhookStatus) error {
	return applyStatus(ctx, c, fieldOwner, kindWebhook, obj, status)
}

// StripMetadata is the transform of cached Secrets and ConfigMaps.
var StripMetadata = stripMetadata
