package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// startTimeout is what etcd, and then the API server, may take to answer. They
// need about 5 s together on an idle machine; a busy CI machine needs 30.
const startTimeout = 2 * time.Minute

// stopTimeout is what each may take to end.
const stopTimeout = 30 * time.Second

// Options are the choices of [Start]. The zero value is a bare cluster.
type Options struct {
	// InstallCRDs installs the CRDs of config/crd and waits until they are served.
	// An API server lets the first create within 2 s of that wait for 2 s.
	InstallCRDs bool

	// Dir is the folder for the kubeconfig, kubectl's cache, and the logs of etcd
	// and the API server. It is created if needed and left behind. If empty, it is
	// a temporary folder that Stop removes.
	Dir string
}

// Cluster is a running API server.
type Cluster struct {
	// Config is for clients with all rights (group system:masters) and with rate
	// limits that tests do not notice.
	Config *rest.Config

	// Kubeconfig is the path of a file with the same rights, readable by its
	// owner only.
	Kubeconfig string

	env     *envtest.Environment
	kubectl string
	dir     string
	// keepLogs is set when the servers did not start: the error points at them.
	keepLogs bool
	// cleanups run in reverse order.
	cleanups []func() error
}

// Start starts etcd and an API server from bin/ of this module, which it finds
// from the working directory upwards, and returns when requests are answered. It
// takes about 5 s and is not interrupted by ctx; if ctx has ended by then it stops
// what it has started and returns ctx's error. It fails if the programs are not
// built. The caller must call [Cluster.Stop], else both go on running.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	c := &Cluster{kubectl: filepath.Join(root, "bin", "kubectl")}
	if err := c.start(ctx, root, o); err != nil {
		if stopErr := c.Stop(); stopErr != nil {
			return nil, errors.Join(err, stopErr)
		}
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, root string, o Options) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, program := range []string{"etcd", "kube-apiserver", "kubectl"} {
		path := filepath.Join(root, "bin", program)
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("start a test cluster: %s is missing; run make tools", path)
		}
	}
	if err := c.makeDir(o.Dir); err != nil {
		return fmt.Errorf("start a test cluster: %w", err)
	}
	if err := c.startServers(filepath.Join(root, "bin")); err != nil {
		c.keepLogs = true
		return fmt.Errorf("start a test cluster (its logs are in %s): %w", c.dir, err)
	}
	if o.InstallCRDs {
		_, err := envtest.InstallCRDs(c.Config, envtest.CRDInstallOptions{
			Paths:              []string{filepath.Join(root, "config", "crd", "bases")},
			ErrorIfPathMissing: true,
		})
		if err != nil {
			return fmt.Errorf("install the CRDs of config/crd: %w", err)
		}
	}
	return ctx.Err()
}

func (c *Cluster) makeDir(dir string) error {
	if dir == "" {
		temporary, err := os.MkdirTemp("", "webhook-operator-kube-")
		if err != nil {
			return err
		}
		c.dir = temporary
		c.cleanups = append(c.cleanups, func() error {
			if c.keepLogs {
				return nil
			}
			return os.RemoveAll(temporary)
		})
		return nil
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	c.dir = absolute
	return os.MkdirAll(absolute, 0o700)
}

func (c *Cluster) startServers(bin string) error {
	existing := false
	c.env = &envtest.Environment{
		// Said outright, since else USE_EXISTING_CLUSTER in the environment would
		// point the tests at somebody's real cluster.
		UseExistingCluster:       &existing,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopTimeout,
	}
	etcdLog, err := c.createLog("etcd.log")
	if err != nil {
		return err
	}
	serverLog, err := c.createLog("kube-apiserver.log")
	if err != nil {
		return err
	}

	server := c.env.ControlPlane.GetAPIServer()
	server.Path = filepath.Join(bin, "kube-apiserver")
	server.Out, server.Err = serverLog, serverLog
	// envtest turns the ServiceAccount admission off. Here it is on: it is what
	// would put a token into every container.
	server.Configure().Disable("disable-admission-plugins")

	c.env.ControlPlane.Etcd = &envtest.Etcd{
		Path: filepath.Join(bin, "etcd"), Out: etcdLog, Err: etcdLog,
	}
	c.env.ControlPlane.KubectlPath = c.kubectl

	c.cleanups = append(c.cleanups, c.env.Stop)
	if c.Config, err = c.env.Start(); err != nil {
		return err
	}
	c.Kubeconfig = filepath.Join(c.dir, "kubeconfig")
	return os.WriteFile(c.Kubeconfig, c.env.KubeConfig, 0o600)
}

func (c *Cluster) createLog(name string) (*os.File, error) {
	file, err := os.Create(filepath.Join(c.dir, name))
	if err != nil {
		return nil, err
	}
	c.cleanups = append(c.cleanups, file.Close)
	return file, nil
}

// Stop ends the API server and etcd, and waits until both are gone. The second
// call does nothing.
func (c *Cluster) Stop() error {
	var errs []error
	for i := len(c.cleanups) - 1; i >= 0; i-- {
		errs = append(errs, c.cleanups[i]())
	}
	c.cleanups = nil
	return errors.Join(errs...)
}

// Kubectl runs kubectl with all rights and returns what it printed. The error
// of a failed command has what it wrote to stderr. It may be called concurrently.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (stdout, stderr string, err error) {
	var out, errOut bytes.Buffer
	cmd := c.KubectlCommand(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return out.String(), errOut.String(),
			fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(errOut.String()))
	}
	return out.String(), errOut.String(), nil
}

// KubectlCommand is a kubectl command that has not been started, for callers
// that connect its input and output themselves. It knows this cluster only.
func (c *Cluster) KubectlCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.kubectl, args...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + c.dir,
		"KUBECONFIG=" + c.Kubeconfig,
		"KUBECACHEDIR=" + filepath.Join(c.dir, "cache"),
	}
	return cmd
}

// moduleRoot is the nearest folder with a go.mod, from the working directory
// upwards. Tests run in the folder of their package.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module's root: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the module's root: no go.mod in the working directory or above it; run this within the repository")
		}
		dir = parent
	}
}
