package manifests

import (
	"context"
	"fmt"
	"os"
	"testing"

	"k8s.io/client-go/kubernetes"

	"github.com/maestra-io/webhook-operator/test/kube"
)

const namespace = "webhook-operator-system"

// The cluster that all tests share, with all of config/default installed.
var (
	cluster *kube.Cluster
	clients *kubernetes.Clientset
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx := context.Background()
	var err error
	if cluster, err = kube.Start(ctx, kube.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := 1
	if clients, err = kubernetes.NewForConfig(cluster.Config); err == nil {
		_, _, err = cluster.Kubectl(ctx, "apply", "-k", "../../config/default")
	}
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, err)
	}
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
