// Package kube starts a real Kubernetes API server with a real etcd, for tests
// and for the playground.
//
// Guarantees: it is the API server of hack/tools/kube with the admission plugins
// and the authorization (RBAC) of a default installation, so a Pod Security
// level, a missing role or a CEL rule fails here as it would in a cluster. It
// listens on loopback. Everything it writes is in one folder, and nothing of the
// caller's own kubeconfig, cache or environment is read.
//
// Non-goals: there is no controller manager, scheduler or kubelet, so no pod
// runs, no StatefulSet makes a pod, and no namespace gets a default service
// account or ever finishes being deleted. etcd does not fsync: a power cut loses
// the cluster.
//
// Start at [Start].
package kube
