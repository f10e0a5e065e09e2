package controllers

import (
	"errors"
	"net/http" //nolint:depguard // the parameter of a health check; no request is made

	"sigs.k8s.io/controller-runtime/pkg/healthz"
)

// check is ready once the bootstrap is done.
func (b *bootstrap) check() healthz.Checker {
	return func(*http.Request) error {
		select {
		case <-b.open:
			return nil
		default:
			return errors.New("the configuration has not been read yet")
		}
	}
}
