//go:build linux

package load

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// namespace is that of all objects.
const namespace = "load"

// world is a dispatcher as it is installed, a process of its own, configured
// over a real control session by the process of the benchmark.
type world struct {
	*process
	address string

	health  string
	dir     string // short: a socket's path has at most 107 bytes
	log     *os.File
	control *control.Server
	// configured is how long it took until the dispatcher had all objects.
	configured time.Duration
}

// pair is an integration and its one webhook.
type pair struct {
	in plan.Integration
	wh plan.Webhook
}

// newPair returns an integration, with room for all calls, and a webhook of the
// same name. Their request has the URL root/ID/NUMBER; with the key ID is the
// transaction id, without it is a text of the same length in the data.
func newPair(name, root string, key bool) pair {
	suffix := "/${order.id}/${n}"
	if key {
		suffix = "/${WebhookRequest.TransactionalId}/${n}"
	}
	p := pair{
		in: plan.Integration{
			Key: plan.Key{Namespace: namespace, Name: name}, URL: root, MaxConcurrency: plan.DefaultMaxConcurrency,
			MaxWaiting: 100_000_000, MaxWaitingBytes: 1 << 40, Timeout: plan.DefaultTimeout, Retry: plan.DefaultRetry(),
		},
		wh: plan.Webhook{
			Key: plan.Key{Namespace: namespace, Name: name}, UID: "uid-of-" + name, SystemName: name, Method: http.MethodPost,
			Suffix: suffix, HasBody: true, Body: bodyTemplate, BodyContext: plan.BodyJSON, HasKey: key,
		},
	}
	p.wh.Integration = p.in.Key
	return p
}

// newWorld starts a dispatcher over an empty store, and a manager's half of the
// control session with the given objects, and waits until it has them.
func newWorld(tb testing.TB, pairs ...pair) *world {
	tb.Helper()
	dir, err := os.MkdirTemp("", "load-")
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{dir: dir}
	tb.Cleanup(func() {
		w.complain(tb)
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	if w.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		tb.Fatal(err)
	}
	free, err := listen("calls", "health")
	if err != nil {
		tb.Fatal(err)
	}
	w.address, w.health = address(free["calls"]), address(free["health"])
	w.serveControl(tb)
	w.start(tb)
	begun := time.Now()
	for _, p := range pairs {
		w.control.SetIntegration(p.in)
		w.control.SetWebhook(p.wh)
	}
	w.control.Open()
	await(tb, patience, "the configuration to be taken", func() bool {
		for _, p := range pairs {
			for _, state := range []control.State{w.control.State(p.in.Ref()), w.control.State(p.wh.Ref())} {
				if !state.Answered {
					return false
				}
				if state.Error != "" {
					tb.Fatal(state.Error)
				}
			}
		}
		return w.healthy("/readyz")
	})
	w.configured = time.Since(begun)
	return w
}

// address closes a listener, so that its address is free, and returns it.
func address(l net.Listener) string {
	_ = l.Close()
	return l.Addr().String()
}

// serveControl runs the manager's half.
func (w *world) serveControl(tb testing.TB) {
	tb.Helper()
	w.control = control.NewServer(control.ServerOptions{Outcomes: func(reports []plan.Report) { w.control.Done(reports) }})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.control.Serve(ctx, w.socket()) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
}

func (w *world) socket() string { return filepath.Join(w.dir, "control.sock") }

// start starts the dispatcher and waits until it is healthy.
func (w *world) start(tb testing.TB) {
	tb.Helper()
	path, err := dispatcherProgram()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(path, "--control-socket="+w.socket(), "--store-dir="+filepath.Join(w.dir, "store"),
		"--listen="+w.address, "--insecure-http", "--insecure-no-auth", "--health-address="+w.health, "--allow-loopback", "--drain-timeout=5s")
	cmd.Stdout, cmd.Stderr = w.log, w.log
	w.process = start(tb, cmd)
	await(tb, 2*time.Minute, "the dispatcher to be healthy", func() bool {
		select {
		case <-w.done:
			tb.Fatal("the dispatcher ended before it was healthy")
		default:
		}
		return w.healthy("/healthz")
	})
}

// healthy reports whether a health check is answered 200.
func (w *world) healthy(path string) bool {
	response, err := http.Get("http://" + w.health + path)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// complain shows what the dispatcher logged that is no mere information, and all
// of it if the benchmark has failed.
func (w *world) complain(tb testing.TB) {
	log, err := os.ReadFile(filepath.Join(w.dir, "log"))
	if err != nil {
		tb.Error(err)
		return
	}
	const most = 20
	shown := 0
	for line := range bytes.Lines(log) {
		if (tb.Failed() || !bytes.Contains(line, []byte(`"level":"INFO"`))) && shown < most {
			tb.Logf("the dispatcher logged: %s", line)
			shown++
		}
	}
}

// usage is the CPU that the processes of a run have used, as of now.
type usage struct {
	at    time.Time
	spent map[string]time.Duration
}

// spent reads the CPU of processes by name, and of the callers, which are in
// this one.
func spent(tb testing.TB, processes map[string]*process) usage {
	tb.Helper()
	u := usage{at: time.Now(), spent: map[string]time.Duration{"callers": cpuOf(tb, "self")}}
	for name, p := range processes {
		u.spent[name] = p.cpu()
	}
	return u
}

// shares returns the percent of a core that each has used since before.
func (u usage) shares(before usage) map[string]float64 {
	shares := make(map[string]float64)
	for name, cpu := range u.spent {
		shares[name] = share(cpu-before.spent[name], u.at.Sub(before.at))
	}
	return shares
}

// reportShares reports them as NAME-%core.
func reportShares(b *testing.B, shares map[string]float64) {
	for name, value := range shares {
		b.ReportMetric(value, fmt.Sprintf("%s-%%core", name))
	}
}
