package engine

import (
	"context"
	"errors"
	"github.com/google/uuid"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

var (
	ErrFinished    = errors.New("finished")
	ErrNotFinished = errors.New("not finished")
	ErrNotRendered = errors.New("not rendered")
)

func (e *Engine) Watch(id uuid.UUID) (ended <-chan struct{}, stop func()) { return nil, func() {} }
func (e *Engine) Cancel(ctx context.Context, webhook plan.Key, id uuid.UUID) (ended bool, err error) {
	return false, nil
}
func (e *Engine) Redeliver(ctx context.Context, webhook plan.Key, id uuid.UUID) error { return nil }
