//go:build linux

package crash

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// patience is what a test waits for something that should come soon.
const patience = 60 * time.Second

// process is a program under test.
type process struct {
	cmd   *exec.Cmd
	begun time.Time
	done  chan struct{} // closed when it has ended
}

// startProcess starts a program that the kernel ends with the test, in a cgroup if
// one is given.
func startProcess(cmd *exec.Cmd, cgroup *os.File) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if cgroup != nil {
		cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(cgroup.Fd())
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, begun: time.Now(), done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is read from its state
		close(p.done)
	}()
	return p, nil
}

// ended reports whether the program has ended.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// killed reports whether it ended by SIGKILL.
func (p *process) killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// kill kills the program and waits until it has gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// rig is a dispatcher, the control server that configures it, and the receiver.
type rig struct {
	t        *testing.T
	dir      string // short: a socket's path has at most 107 bytes
	storeDir string
	ledger   string
	listen   string
	health   string
	orders   string // where the receiver takes orders
	log      *os.File
	args     []string // further arguments of the dispatcher
	cgroup   *os.File // that the dispatcher runs in; nil for the test's own
	process  *process // the dispatcher
	server   *control.Server
	in       plan.Integration
}

// newRig starts a receiver and a control server, and no dispatcher yet.
func newRig(t *testing.T) *rig {
	r := bareRig(t)
	r.configure(r.startReceiver())
	return r
}

// bareRig is a rig without a receiver and a control server.
func bareRig(t *testing.T) *rig {
	dir, err := os.MkdirTemp("", "crash-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	r := &rig{
		t: t, dir: dir, storeDir: filepath.Join(dir, "store"), ledger: filepath.Join(dir, "ledger"),
		listen: freeAddress(t), health: freeAddress(t),
	}
	if r.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the dispatcher's log:\n%s", tail(r.log.Name()))
		}
		_ = r.log.Close()
	})
	t.Cleanup(func() {
		if r.process != nil {
			r.process.kill()
		}
	})
	return r
}

// tail is the end of a file.
func tail(path string) []byte {
	text, _ := os.ReadFile(path)
	return text[max(0, len(text)-4096):]
}

// freeAddress is an address that nobody listens on. It is below the ports that
// the kernel gives to connections: one of the dispatcher's own could else take
// its place while it is dead.
func freeAddress(t *testing.T) string {
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 15000+rand.IntN(15000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port between 15000 and 30000 is free")
	return ""
}

// startReceiver starts the receiver's process and returns its address.
func (r *rig) startReceiver() string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), receiverEnv+"="+r.ledger)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	p, err := startProcess(cmd, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(p.kill)
	var address string
	if _, err := fmt.Fscan(bufio.NewReader(stdout), &address, &r.orders); err != nil {
		r.t.Fatalf("read the receiver's addresses: %v", err)
	}
	return address
}

// configure starts a control server with an integration and two webhooks, one
// with the idempotency key and one without. Both tell a call's number in the URL,
// so that even half a request is known.
func (r *rig) configure(receiver string) {
	in := plan.Integration{
		Key: plan.Key{Namespace: "ns", Name: "in"}, URL: "http://" + receiver, MaxConcurrency: 48,
		MaxWaiting: plan.DefaultMaxWaiting, MaxWaitingBytes: plan.DefaultMaxWaitingBytes,
		Timeout: timeoutSeconds * time.Second, Retry: plan.DefaultRetry(),
	}
	in.Retry.Retries, in.Retry.Delay = retries, 50*time.Millisecond
	without := plan.Webhook{
		Key: plan.Key{Namespace: "ns", Name: "without"}, UID: "u1", Integration: in.Key, SystemName: "without", Method: "POST",
		Suffix: "/without/${n}", HasBody: true, BodyContext: plan.BodyJSON, Body: `{"n": ${n}, "pad": "${pad}"}`,
	}
	with := without
	with.Key.Name, with.UID, with.SystemName, with.Suffix, with.HasKey = "with", "u2", "with", "/with/${n}", true
	with.Body = `{"n": ${n}, "id": "${WebhookRequest.TransactionalId}", "pad": "${pad}"}`
	with.Headers = []plan.HeaderTemplate{{Name: "X-Transaction", Value: "${WebhookRequest.TransactionalId}"}}

	r.in = in
	r.serve([]plan.Integration{in}, []plan.Webhook{with, without})
}

// serve starts a control server with a whole configuration.
func (r *rig) serve(integrations []plan.Integration, webhooks []plan.Webhook) {
	r.server = control.NewServer(control.ServerOptions{
		Logger:   slog.New(slog.DiscardHandler),
		Outcomes: func(reports []plan.Report) { r.server.Done(reports) },
	})
	for _, in := range integrations {
		r.server.SetIntegration(in)
	}
	for _, webhook := range webhooks {
		r.server.SetWebhook(webhook)
	}
	r.server.Open()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.server.Serve(ctx, r.socket()) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
}

// suspend keeps all calls waiting, or lets them go on.
func (r *rig) suspend(on bool) {
	r.t.Helper()
	r.in.Suspend = on
	r.server.SetIntegration(r.in)
	if r.process != nil {
		r.await("the dispatcher to take the change", func() bool { return r.server.State(r.in.Ref()).Answered })
	}
}

func (r *rig) socket() string { return filepath.Join(r.dir, "control.sock") }

// exec starts the dispatcher and does not wait for anything.
func (r *rig) exec() {
	r.t.Helper()
	cmd := exec.Command(program, append([]string{
		"--control-socket=" + r.socket(), "--store-dir=" + r.storeDir, "--listen=" + r.listen, "--health-address=" + r.health,
		"--insecure-http", "--insecure-no-auth", "--allow-loopback", "--drain-timeout=1s", "--log-level=WARN",
	}, r.args...)...)
	cmd.Stdout, cmd.Stderr = r.log, r.log
	var err error
	if r.process, err = startProcess(cmd, r.cgroup); err != nil {
		r.t.Fatal(err)
	}
}

// start starts the dispatcher and waits until it has its configuration.
func (r *rig) start() {
	r.t.Helper()
	r.exec()
	r.await("the dispatcher to be ready", func() bool {
		if r.process.ended() {
			r.t.Fatalf("the dispatcher ended by itself: %s", r.process.cmd.ProcessState)
		}
		response, err := http.Get("http://" + r.health + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// order tells the receiver to kill the dispatcher at the next such moment; an
// empty moment takes that back.
func (r *rig) order(when moment, delay time.Duration) {
	r.t.Helper()
	pid := 0
	if when != "" {
		pid = r.process.cmd.Process.Pid
	}
	response, err := http.Get(fmt.Sprintf("http://%s/?pid=%d&when=%s&delay=%s", r.orders, pid, when, delay))
	if err != nil {
		r.t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		r.t.Fatalf("the receiver answered the order to kill with %s", response.Status)
	}
}

// await waits until the condition holds.
func (r *rig) await(what string, condition func() bool) {
	r.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			r.t.Fatalf("waited %s in vain for %s", patience, what)
		}
	}
}

// requests reads the ledger: what the receiver got for each call, in order. The
// two lines of a request that was answered early become one.
func (r *rig) requests() map[int][]line {
	r.t.Helper()
	text, err := os.ReadFile(r.ledger)
	if err != nil {
		r.t.Fatal(err)
	}
	requests := map[int][]line{}
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var l line
		err := decoder.Decode(&l)
		if errors.Is(err, io.EOF) {
			return requests
		}
		if err != nil {
			r.t.Fatalf("read the receiver's ledger: %v", err)
		}
		of := requests[l.N]
		if l.K <= len(of) {
			of[l.K-1] = l
		} else {
			requests[l.N] = append(of, l)
		}
	}
}
