package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/test/kube"
)

// The manager's service account in config/rbac.
const (
	Namespace      = "webhook-operator-system"
	ServiceAccount = "webhook-operator-manager"
)

// Options are what a [Stack] is made of.
type Options struct {
	// Cluster has config/default applied to it. Needed.
	Cluster *kube.Cluster
	// Bin holds the two programs, see [Build]. Needed.
	Bin string
	// Listen is the dispatcher's address; a free port of 127.0.0.1 if empty.
	Listen string
	// ManagerLog and DispatcherLog take what the processes write. Needed.
	ManagerLog, DispatcherLog io.Writer
	// ManagerFlags and DispatcherFlags come after the flags that every stack has.
	ManagerFlags, DispatcherFlags []string
}

// Stack is a running manager and dispatcher.
type Stack struct {
	// Client calls the dispatcher, as the service account [Caller] of [Namespace], which
	// may do everything in all namespaces.
	Client *client.Client
	// CA is the path of a file with the authority of the dispatcher's certificate, and
	// Token that of one with the token of Client.
	CA, Token string
	// Dir is the folder of all that the processes leave: the store, the sockets, and
	// temporary files in tmp.
	Dir string
	// StoreDir is the folder of the dispatcher's store.
	StoreDir string
	// ManagerHealth and DispatcherHealth are the addresses of the health checks.
	ManagerHealth, DispatcherHealth string
	// ManagerMetrics is the address of the manager's metrics; those of the dispatcher are
	// where Client calls it.
	ManagerMetrics string
	// Socket is the path of the control socket.
	Socket string

	cluster    *kube.Cluster
	url        string // of the dispatcher
	manager    *process
	dispatcher *process
}

// Start starts both and returns when the dispatcher has its configuration.
func Start(ctx context.Context, o Options) (_ *Stack, err error) {
	s := &Stack{cluster: o.Cluster}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	if s.Dir, err = os.MkdirTemp("", "webhook-operator-"); err != nil {
		return nil, err
	}
	s.StoreDir = filepath.Join(s.Dir, "store")
	if err := s.prepare(o); err != nil {
		return nil, err
	}
	// In the order of the pod: the dispatcher is there before the manager.
	if err := s.dispatcher.start(); err != nil {
		return nil, err
	}
	if err := s.manager.start(); err != nil {
		return nil, err
	}
	if err := s.WaitReady(ctx); err != nil {
		return nil, err
	}
	return s, s.connect(ctx)
}

// prepare makes the command lines of both processes.
func (s *Stack) prepare(o Options) error {
	kubeconfig, err := o.Cluster.KubeconfigAs(Namespace, ServiceAccount)
	if err != nil {
		return err
	}
	free, err := freeAddresses(4)
	if err != nil {
		return err
	}
	s.DispatcherHealth, s.ManagerHealth, s.ManagerMetrics = free[0], free[2], free[3]
	listen := o.Listen
	if listen == "" {
		listen = free[1]
	}
	s.url = "https://" + listen
	s.Socket = filepath.Join(s.Dir, "control.sock")
	temporary := filepath.Join(s.Dir, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return err
	}
	s.manager = &process{
		path: filepath.Join(o.Bin, "manager"), output: o.ManagerLog, env: []string{"KUBECONFIG=" + kubeconfig, "TMPDIR=" + temporary},
		args: append([]string{
			"--control-socket=" + s.Socket, "--health-address=" + s.ManagerHealth, "--metrics-address=" + s.ManagerMetrics, "--namespace=" + Namespace,
		}, o.ManagerFlags...),
	}
	s.dispatcher = &process{
		path: filepath.Join(o.Bin, "dispatcher"), output: o.DispatcherLog, env: []string{"TMPDIR=" + temporary},
		args: append([]string{
			"--control-socket=" + s.Socket, "--store-dir=" + s.StoreDir, "--listen=" + listen,
			"--health-address=" + s.DispatcherHealth, "--allow-loopback", "--drain-timeout=5s",
		}, o.DispatcherFlags...),
	}
	return nil
}

// WaitReady waits until the dispatcher has its configuration.
func (s *Stack) WaitReady(ctx context.Context) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.DispatcherHealth+"/readyz", nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			if err := response.Body.Close(); err != nil {
				return err
			}
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.manager.ended():
			return errors.New("the manager ended before the dispatcher was ready; its log says why")
		case <-s.dispatcher.ended():
			return errors.New("the dispatcher ended before it was ready; its log says why")
		case <-ctx.Done():
			return fmt.Errorf("wait for the dispatcher's configuration: %w", ctx.Err())
		}
	}
}

// KillDispatcher ends the dispatcher as kill -9 does.
func (s *Stack) KillDispatcher() error { return s.dispatcher.kill() }

// StartDispatcher starts the dispatcher again over the same store, and returns
// when it has its configuration.
func (s *Stack) StartDispatcher(ctx context.Context) error {
	if err := s.dispatcher.start(); err != nil {
		return err
	}
	return s.WaitReady(ctx)
}

// StopManager ends the manager in order.
func (s *Stack) StopManager() error { return s.manager.stop() }

// StartManager starts the manager again. The dispatcher connects by itself.
func (s *Stack) StartManager() error { return s.manager.start() }

// PIDs are the ids of both processes.
func (s *Stack) PIDs() (manager, dispatcher int) {
	return s.manager.cmd.Process.Pid, s.dispatcher.cmd.Process.Pid
}

// Abort ends both by SIGQUIT, upon which a Go program writes what all of its
// goroutines do to its log, as a panic does. Dir stays until Stop.
func (s *Stack) Abort() error { return errors.Join(s.manager.abort(), s.dispatcher.abort()) }

// Stop ends both in the order of a pod, the manager first, and removes the store.
func (s *Stack) Stop() error {
	var errs []error
	for _, p := range []*process{s.manager, s.dispatcher} {
		if p != nil {
			errs = append(errs, p.stop())
		}
	}
	if s.Dir != "" {
		errs = append(errs, os.RemoveAll(s.Dir))
	}
	return errors.Join(errs...)
}

// freeAddresses are n addresses of 127.0.0.1 that nobody listens on.
func freeAddresses(n int) (addresses []string, err error) {
	for range n {
		l, listenErr := net.Listen("tcp", "127.0.0.1:0")
		if listenErr != nil {
			return nil, listenErr
		}
		defer func() { err = errors.Join(err, l.Close()) }() // all are open at one time, so that they differ
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}
