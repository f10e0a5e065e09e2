//go:build linux

package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a running program of which CPU and memory are known.
type process struct {
	tb   testing.TB
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// start starts a program, which ends with the benchmark at the latest.
func start(tb testing.TB, cmd *exec.Cmd) *process {
	tb.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", filepath.Base(cmd.Path), err)
	}
	p := &process{tb: tb, cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is read from its state
		close(p.done)
	}()
	tb.Cleanup(p.kill)
	return p
}

// kill ends the program as kill -9 does, unless it has ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// stop ends the program in order.
func (p *process) stop() {
	p.tb.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		p.tb.Fatalf("%s did not end within a minute of SIGTERM", filepath.Base(p.cmd.Path))
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.tb.Fatalf("%s ended with exit code %d", filepath.Base(p.cmd.Path), code)
	}
}

// cpu is the CPU time that the program has used.
func (p *process) cpu() time.Duration { return cpuOf(p.tb, strconv.Itoa(p.cmd.Process.Pid)) }

// cpuOf reads the CPU time of a process; "self" is this one.
func cpuOf(tb testing.TB, pid string) time.Duration {
	tb.Helper()
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		tb.Fatal(err)
	}
	// The name, in parentheses, may hold anything; utime and stime are the 12th
	// and 13th field after it, in ticks that are a hundredth of a second on Linux.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			tb.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// share is CPU time as percent of one core.
func share(cpu, window time.Duration) float64 { return 100 * float64(cpu) / float64(window) }

// memory is what a process holds, in MiB.
type memory struct{ resident, peak, anonymous float64 }

// memory reads what the program holds now.
func (p *process) memory() memory {
	p.tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.tb.Fatal(err)
	}
	value := func(name string) float64 {
		_, rest, _ := strings.Cut(string(status), "\n"+name+":")
		kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		n, err := strconv.ParseFloat(kib, 64)
		if err != nil {
			p.tb.Fatalf("read %s of %s: %v", name, filepath.Base(p.cmd.Path), err)
		}
		return n / 1024
	}
	return memory{resident: value("VmRSS"), peak: value("VmHWM"), anonymous: value("RssAnon")}
}

// settle waits until the program does nothing (less than 5 % of a core over two
// seconds) and its memory does not shrink, but no longer than a minute.
func (p *process) settle() {
	p.tb.Helper()
	const span = 2 * time.Second
	for range 30 {
		cpu, resident := p.cpu(), p.memory().resident
		pause(span)
		if share(p.cpu()-cpu, span) < 5 && resident-p.memory().resident < 1 {
			return
		}
	}
	p.tb.Log("the dispatcher did not settle within a minute")
}

// part is this program as another process, see roleVariable.
type part struct {
	*process
	// addresses by name; "control" is there always.
	addresses map[string]string
}

// startPart starts this program again in another role.
func startPart(tb testing.TB, role string, env ...string) *part {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(append(os.Environ(), roleVariable+"="+role), env...)
	cmd.Stderr = os.Stderr
	read, write, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = read.Close() }()
	cmd.Stdout = write
	p := &part{process: start(tb, cmd)}
	_ = write.Close() // the child has it
	line, err := bufio.NewReader(read).ReadBytes('\n')
	if err != nil {
		tb.Fatalf("the %s has not said where it listens: %v", role, err)
	}
	if err := json.Unmarshal(line, &p.addresses); err != nil {
		tb.Fatal(err)
	}
	return p
}

// announce tells the benchmark where a part listens.
func announce(listeners map[string]net.Listener) error {
	addresses := make(map[string]string)
	for name, l := range listeners {
		addresses[name] = l.Addr().String()
	}
	return json.NewEncoder(os.Stdout).Encode(addresses)
}

// listen opens a listener on a free port for each name.
func listen(names ...string) (map[string]net.Listener, error) {
	listeners := make(map[string]net.Listener)
	for _, name := range names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		listeners[name] = l
	}
	return listeners, nil
}

// ask sends a part in as JSON and decodes its answer into out, unless that is nil.
func (p *part) ask(path string, in, out any) {
	p.tb.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		p.tb.Fatal(err)
	}
	response, err := http.Post("http://"+p.addresses["control"]+path, "application/json", bytes.NewReader(body))
	if err != nil {
		p.tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		p.tb.Fatalf("%s: status %d, %v: %s", path, response.StatusCode, err, answer)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(answer, out); err != nil {
		p.tb.Fatal(err)
	}
}

// answering serves a path of ask: f gets what was sent and returns what to answer.
func answering[In, Out any](f func(In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		out, err := f(in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(out)
	}
}
