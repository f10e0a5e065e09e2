package serving

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Names say where callers reach the dispatcher.
type Names struct {
	// Namespace is the operator's own: of the Service, the Secret and the ConfigMap.
	Namespace string
	// Service is the name of the Service in front of the dispatcher.
	Service string
}

// check says which flag to mend.
func (n Names) check() error {
	if n.Namespace == "" {
		return errors.New("the operator's namespace is not known: set --namespace, or run inside a cluster")
	}
	if problems := validation.IsDNS1123Label(n.Namespace); problems != nil {
		return fmt.Errorf("--namespace %q is no name of a namespace: %s", n.Namespace, problems[0])
	}
	if problems := validation.IsDNS1035Label(n.Service); problems != nil {
		return fmt.Errorf("--service-name %q is no name of a Service: %s", n.Service, problems[0])
	}
	return nil
}

// dns are the names under which a pod of the cluster finds the Service, and localhost,
// for kubectl port-forward. A cluster may have another domain than cluster.local; the
// others work there as well.
func (n Names) dns() []string {
	inNamespace := n.Service + "." + n.Namespace
	return []string{n.Service, inNamespace, inNamespace + ".svc", inNamespace + ".svc.cluster.local", "localhost"}
}

// loopback are the addresses of kubectl port-forward.
func loopback() []net.IP { return []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback} }

// cover reports whether a certificate's names are exactly these.
func (n Names) cover(dns []string, addresses []net.IP) bool {
	return slices.Equal(dns, n.dns()) && slices.EqualFunc(addresses, loopback(), net.IP.Equal)
}
