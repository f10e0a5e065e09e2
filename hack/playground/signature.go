package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/maestra-io/webhook-operator/test/receiver"
)

// signatureHeaders are those of Standard Webhooks 1.0, but for their values.
var signatureHeaders = []string{"webhook-id", "webhook-timestamp", "webhook-signature"}

// verify checks a request's signature as its receiver would.
func verify(r receiver.Request, id, secret string) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return fmt.Errorf("read the sample's signing secret: %w", err)
	}
	values := map[string]string{}
	for _, line := range r.HeaderLines() {
		name, value, _ := strings.Cut(line, ": ")
		values[strings.ToLower(name)] = value
	}
	if values["webhook-id"] != id {
		return fmt.Errorf("its webhook-id is %q, want %q", values["webhook-id"], id)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, values["webhook-timestamp"], r.Body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); values["webhook-signature"] != want {
		return errors.New("its webhook-signature is not that of its id, time and body")
	}
	return nil
}
