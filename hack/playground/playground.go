package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/maestra-io/webhook-operator/test/kube"
	"github.com/maestra-io/webhook-operator/test/receiver"
	"github.com/maestra-io/webhook-operator/test/stack"
)

const (
	// receiverAddress is where the samples send their requests.
	receiverAddress = "127.0.0.1:9090"
	// listenAddress is where the dispatcher takes calls, if it is free.
	listenAddress = "127.0.0.1:8443"
	// namespace is where the samples are.
	namespace = "default"
)

// playground is everything that runs.
type playground struct {
	out io.Writer
	bin string

	dir      string
	logs     []*os.File // of the manager and of the dispatcher
	cluster  *kube.Cluster
	receiver *receiver.Receiver
	stack    *stack.Stack
	begun    time.Time
	calls    map[string]string // the transaction ids of the samples' calls by webhook

	mu sync.Mutex // one request is printed at a time
}

// step prints what is being done, with the time since the beginning.
func (p *playground) step(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "%5.1fs  %s\n", time.Since(p.begun).Seconds(), fmt.Sprintf(format, args...))
}

// start starts everything.
func (p *playground) start(ctx context.Context) (err error) {
	p.begun = time.Now()
	if p.dir, err = os.MkdirTemp("", "webhook-playground-"); err != nil {
		return err
	}
	for _, name := range []string{"manager.log", "dispatcher.log"} {
		log, err := os.Create(filepath.Join(p.dir, name))
		if err != nil {
			return err
		}
		p.logs = append(p.logs, log)
	}
	p.step("starting a receiver on http://%s", receiverAddress)
	if p.receiver, err = receiver.Start(receiver.Options{Address: receiverAddress, Answer: p.print}); err != nil {
		return fmt.Errorf("%w; the samples need this address, so end whatever uses it", err)
	}
	p.step("starting etcd and the API server")
	if p.cluster, err = kube.Start(ctx, kube.Options{Dir: filepath.Join(p.dir, "cluster")}); err != nil {
		return err
	}
	p.step("kubectl apply -k config/default")
	if _, _, err := p.cluster.Kubectl(ctx, "apply", "-k", "config/default"); err != nil {
		return err
	}
	if _, _, err := p.cluster.Kubectl(ctx, "wait", "--for=condition=Established", "--timeout=30s",
		"crd/webhooks.webhooks.maestra.io", "crd/webhookintegrations.webhooks.maestra.io"); err != nil {
		return err
	}
	p.step("starting the manager and the dispatcher")
	p.stack, err = stack.Start(ctx, stack.Options{
		Cluster: p.cluster, Bin: p.bin, Listen: freeOr(listenAddress), ManagerLog: p.logs[0], DispatcherLog: p.logs[1],
	})
	return err
}

// freeOr is the address if nobody listens on it, else empty.
func freeOr(address string) string {
	l, err := net.Listen("tcp", address)
	if err != nil || l.Close() != nil {
		return ""
	}
	return address
}

// print shows a request as it came over the wire, and answers it.
func (p *playground) print(w http.ResponseWriter, r receiver.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "\n        the receiver got\n")
	for line := range strings.Lines(strings.TrimRight(string(r.Raw), "\r\n")) {
		fmt.Fprintf(p.out, "        | %s\n", strings.TrimRight(line, "\r\n"))
	}
	fmt.Fprintln(p.out)
	w.Header().Set("Content-Type", "application/json")
	answer := `{"received":true}`
	if strings.HasPrefix(r.URI, promocodesPath) {
		answer = promocode
	}
	_, _ = io.WriteString(w, answer)
}

// close ends everything, the last started first, and adds what went wrong to err.
func (p *playground) close(err error) error {
	if err != nil && p.cluster != nil {
		p.tail()
	}
	if p.cluster != nil {
		p.step("stopping")
	}
	errs := []error{err}
	if p.stack != nil {
		errs = append(errs, p.stack.Stop())
	}
	if p.receiver != nil {
		errs = append(errs, p.receiver.Close())
	}
	if p.cluster != nil {
		errs = append(errs, p.cluster.Stop())
	}
	for _, log := range p.logs {
		errs = append(errs, log.Close())
	}
	if p.dir != "" {
		errs = append(errs, os.RemoveAll(p.dir))
	}
	return errors.Join(errs...)
}

// tail prints the end of the processes' logs, which close is about to remove.
func (p *playground) tail() {
	for _, log := range p.logs {
		text, err := os.ReadFile(log.Name())
		if err != nil || len(text) == 0 {
			continue
		}
		lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
		fmt.Fprintf(p.out, "The last lines of %s:\n", filepath.Base(log.Name()))
		for _, line := range lines[max(0, len(lines)-20):] {
			fmt.Fprintln(p.out, "  ", line)
		}
	}
}
