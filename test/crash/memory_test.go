//go:build linux

package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	leastMemory  = 256 // MiB, the least that --memory-limit-mib allows
	integrations = 200 // of the flood
	concurrency  = 64  // of each of them
	floodCallers = 64
	floodTime    = 3 * time.Second
)

// TestMemoryIsNeverExceeded gives a dispatcher the least memory that it takes and
// all that it could need more for, at one time: large calls, alone and in batches,
// of integrations whose receivers hang or answer much, and more attempts than fit.
// Then it is killed, and has to go on from that backlog.
func TestMemoryIsNeverExceeded(t *testing.T) {
	r := bareRig(t)
	r.args = []string{fmt.Sprintf("--memory-limit-mib=%d", leastMemory)}
	r.cgroup = memoryCgroup(t)
	sink := startSink(t)
	r.serve(floodConfiguration(sink.address))
	r.start()
	f := newFlood(r.listen)
	f.large()
	f.small(t)
	r.checkMemory("under the flood")
	first := r.process
	r.process.kill()
	if !first.killed() {
		t.Fatalf("the dispatcher ended by itself: %s", first.cmd.ProcessState)
	}
	r.start()
	r.await("attempts after the restart", func() bool { return sink.hanging.Load() >= 500 })
	r.checkMemory("after a restart, with receivers that hang")
	close(sink.mercy)
	r.await("all calls to end", func() bool {
		if r.process.ended() {
			t.Fatalf("the dispatcher ended by itself: %s", r.process.cmd.ProcessState)
		}
		return f.ended(t)
	})
	r.checkMemory("after all calls had ended")
	t.Logf("answers: %v; outcomes: %v", f.answers, f.outcomes)
	for answer, n := range f.answers {
		switch answer {
		case handedIn, client.ProblemOverloaded, client.ProblemTooManyWaiting:
		default:
			t.Errorf("%d calls were answered %q", n, answer)
		}
	}
	if few := integrations * concurrency; f.answers[handedIn] <= few || f.answers[client.ProblemOverloaded] == 0 {
		t.Error("no large calls were taken, or none was refused")
	}
}

// handedIn is the answer to a call that was taken.
const handedIn = "taken"

// floodConfiguration is the integrations in/0… and their webhooks of the same
// names. Of eight, five have receivers that hang, one has one that answers with a
// body of 1.5 MiB, two just answer. Every second pair has the key, and every eighth
// renders nine times what it gets, nearly as much as a rendering may.
func floodConfiguration(receiver string) (ins []plan.Integration, webhooks []plan.Webhook) {
	for i := range integrations {
		key := plan.Key{Namespace: "ns", Name: strconv.Itoa(i)}
		retry := plan.DefaultRetry()
		retry.Delay = time.Second
		ins = append(ins, plan.Integration{
			Key: key, URL: "http://" + receiver, MaxConcurrency: concurrency, Timeout: 3 * time.Second,
			MaxWaiting: plan.DefaultMaxWaiting, MaxWaitingBytes: plan.DefaultMaxWaitingBytes, Retry: retry,
		})
		w := plan.Webhook{
			Key: key, UID: key.Name, Integration: key, SystemName: key.Name, Method: http.MethodPost,
			Suffix: []string{"/hangs", "/floods", "/hangs", "/answers", "/hangs", "/hangs", "/hangs", "/answers"}[i%8], HasBody: true, BodyContext: plan.BodyJSON,
			Body: `{"pad": "${pad}"}`, HasKey: i%4 >= 2,
		}
		if i%8 == 7 {
			w.Body = `{"pad": "` + strings.Repeat("${pad}", 9) + `"}`
		}
		webhooks = append(webhooks, w)
	}
	return ins, webhooks
}

// memoryCgroup makes a cgroup in which more than leastMemory is an out-of-memory
// kill; nil where that is not possible, so that only what the process itself
// holds is looked at.
func memoryCgroup(t *testing.T) *os.File {
	const root = "/sys/fs/cgroup"
	controllers, err := os.ReadFile(filepath.Join(root, "cgroup.subtree_control"))
	if err != nil || !strings.Contains(string(controllers), "memory") {
		return nil
	}
	dir, err := os.MkdirTemp(root, "webhook-operator-crash-")
	if err != nil {
		return nil
	}
	t.Cleanup(func() { _ = os.Remove(dir) }) // runs after the dispatcher in it was killed
	for file, value := range map[string]string{"memory.max": strconv.Itoa(leastMemory << 20), "memory.swap.max": "0"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0); err != nil && file == "memory.max" {
			return nil
		}
	}
	opened, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

// checkMemory holds the dispatcher's peak, as the kernel has seen it, to the limit.
func (r *rig) checkMemory(when string) {
	r.t.Helper()
	if r.process.ended() {
		r.t.Fatalf("%s: the dispatcher has ended: %s", when, r.process.cmd.ProcessState)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.process.cmd.Process.Pid))
	if err != nil {
		r.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "\nVmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	peak, err := strconv.Atoi(kib)
	if err != nil {
		r.t.Fatalf("read the peak of the dispatcher's memory: %v", err)
	}
	r.t.Logf("%s: a peak of %d MiB, %s after the dispatcher's start", when, peak>>10, time.Since(r.process.begun).Round(time.Millisecond))
	if peak > leastMemory<<10 {
		r.t.Errorf("%s: the dispatcher had %d MiB of memory and was given %d", when, peak>>10, leastMemory)
	}
}

// flood is what callers hand in, and what became of it.
type flood struct {
	base string
	http *http.Client
	pad  string // nearly 1 MiB, which does not compress

	mu       sync.Mutex
	taken    map[string]string // the integrations of calls answered 202, by transaction id, until they are known to have ended
	answers  map[string]int
	outcomes map[string]int
}

func newFlood(address string) *flood {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	pad := make([]byte, 1<<20-100)
	for i := range pad {
		pad[i] = letters[rand.IntN(len(letters))]
	}
	return &flood{
		base: "http://" + address, pad: string(pad),
		http:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: floodCallers, ExpectContinueTimeout: time.Minute}, Timeout: time.Minute},
		taken: map[string]string{}, answers: map[string]int{}, outcomes: map[string]int{},
	}
}

// small hands in as many small calls as each integration may have under way.
func (f *flood) small(t *testing.T) {
	batch := bytes.Repeat([]byte(`{"data": {"pad": "x"}}`+"\n"), concurrency)
	var next atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := next.Add(1) - 1; i < integrations; {
				switch status := f.post(strconv.FormatInt(i, 10), "application/x-ndjson", "", batch); status {
				case http.StatusOK:
					i = next.Add(1) - 1
				case http.StatusTooManyRequests:
					pause()
				default:
					t.Errorf("a batch of small calls was answered with status %d", status)
					return
				}
			}
		})
	}
	group.Wait()
}

// large hands in large calls from all callers at one time. A fifth of them come
// in batches as large as allowed, a fifth of the rest as many small values, a
// third with an idempotency key.
func (f *flood) large() {
	single := []byte(`{"pad": "` + f.pad + `"}`)
	values := []byte(`{"pad": "x", "values": [` + strings.Repeat("0,", 1<<19-50) + `0]}`)
	batch := bytes.Repeat([]byte(`{"data": `+string(single)+`}`+"\n"), 15)
	ctx, cancel := context.WithTimeout(context.Background(), floodTime)
	defer cancel()
	var group sync.WaitGroup
	var keys atomic.Int64
	for caller := range floodCallers {
		group.Go(func() {
			for n := caller; ctx.Err() == nil; n++ {
				to, key := strconv.Itoa(rand.IntN(integrations)), ""
				if n%3 == 0 {
					key = strconv.FormatInt(keys.Add(1), 10)
				}
				status := 0
				switch n % 5 {
				case 0:
					status = f.post(to, "application/x-ndjson", "", batch)
				case 1:
					status = f.post(to, "application/json", key, values)
				default:
					status = f.post(to, "application/json", key, single)
				}
				if status == http.StatusTooManyRequests {
					pause()
				}
			}
		})
	}
	group.Wait()
}

// post hands in a call, or a batch of them, and notes what was answered.
func (f *flood) post(to, contentType, key string, body []byte) (status int) {
	request, err := http.NewRequest(http.MethodPost, f.base+client.CallsPath("ns", to), bytes.NewReader(body))
	if err != nil {
		panic(err) // the address is wrong
	}
	request.Header.Set("Content-Type", contentType)
	// So that a refusal is read, and not lost to a connection that is closed on a
	// body which nobody wants.
	request.Header.Set("Expect", "100-continue")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := f.http.Do(request)
	if err != nil {
		f.note("error: "+err.Error()[max(0, len(err.Error())-40):], to, "")
		return 0
	}
	defer response.Body.Close()
	for answers := json.NewDecoder(response.Body); ; {
		var answer struct {
			client.BatchAnswer
			Type string `json:"type"`
		}
		err := answers.Decode(&answer)
		switch {
		case err == io.EOF:
			return response.StatusCode
		case err != nil:
			f.note("error: "+err.Error(), to, "")
			return 0
		case answer.Problem != nil:
			f.note(answer.Problem.Type, to, "")
		case answer.TransactionID != "":
			f.note(handedIn, to, answer.TransactionID)
		default:
			f.note(answer.Type, to, "")
		}
	}
}

// note counts an answer.
func (f *flood) note(answer, to, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[answer]++
	if id != "" {
		f.taken[id] = to
	}
}

// ended reports whether all calls that were taken have ended.
func (f *flood) ended(t *testing.T) bool {
	for id, to := range f.taken {
		response, err := f.http.Get(f.base + client.CallsPath("ns", to) + "/" + id)
		if err != nil {
			return false
		}
		var got client.Call
		err = json.NewDecoder(response.Body).Decode(&got)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("a call that was answered 202 is now answered %d: %v", response.StatusCode, err)
		}
		if got.State != client.StateFinished {
			return false
		}
		f.outcomes[got.Outcome]++
		delete(f.taken, id)
	}
	return true
}
