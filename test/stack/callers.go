package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

const (
	// Caller is the service account of [Stack.Client].
	Caller = "webhook-caller"
	// Audience is what the tokens of callers are for.
	Audience = "webhook-dispatcher"
)

// roles are those of [Caller]. They let it send calls, read and cancel them.
var roles = []string{"webhook-operator-caller", "webhook-operator-call-reader", "stack-canceller"}

// callerObjects make [Caller]. No role of config/rbac has the right to cancel and
// no rights to Webhooks.
const callerObjects = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: ` + Caller + `, namespace: ` + Namespace + `}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: stack-canceller}
rules:
  - {apiGroups: [webhooks.maestra.io], resources: [webhooks/calls], verbs: [delete]}
`

// callerBinding gives [Caller] a role in all namespaces.
const callerBinding = `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: stack-ROLE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ROLE}
subjects:
  - {kind: ServiceAccount, name: ` + Caller + `, namespace: ` + Namespace + `}
`

// connect makes Client and the files of its credentials.
func (s *Stack) connect(ctx context.Context) error {
	objects := callerObjects
	for _, role := range roles {
		objects += strings.ReplaceAll(callerBinding, "ROLE", role)
	}
	apply := s.cluster.KubectlCommand(ctx, "apply", "-f", "-")
	apply.Stdin = strings.NewReader(objects)
	if out, err := apply.CombinedOutput(); err != nil {
		return fmt.Errorf("make the service account of callers: %w: %s", err, out)
	}
	ca, _, err := s.cluster.Kubectl(ctx, "-n", Namespace, "get", "configmap", "webhook-dispatcher-ca", "-o", `jsonpath={.data.ca\.crt}`)
	if err != nil {
		return err
	}
	token, err := s.cluster.Token(ctx, Namespace, Caller, Audience)
	if err != nil {
		return err
	}
	s.CA, s.Token = filepath.Join(s.Dir, "ca.crt"), filepath.Join(s.Dir, "token")
	for path, text := range map[string]string{s.CA: ca, s.Token: token} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	s.Client, err = s.clientOf(client.TokenFile(s.Token))
	return err
}

// ClientAs calls the dispatcher as a service account, which must exist.
func (s *Stack) ClientAs(ctx context.Context, namespace, serviceAccount string) (*client.Client, error) {
	token, err := s.cluster.Token(ctx, namespace, serviceAccount, Audience)
	if err != nil {
		return nil, err
	}
	return s.clientOf(func(context.Context) (string, error) { return token, nil })
}

// clientOf is a client with connections of its own.
func (s *Stack) clientOf(token func(context.Context) (string, error)) (*client.Client, error) {
	ca, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, err
	}
	http, err := client.NewHTTPClient(ca)
	if err != nil {
		return nil, err
	}
	http.Timeout = 30 * time.Second
	return &client.Client{BaseURL: s.url, HTTP: http, Token: token}, nil
}
