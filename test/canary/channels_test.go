//go:build linux

package canary

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
)

// object is one of ours, as the API server has it.
type kubeObject struct {
	Kind     string
	Metadata struct{ Name string }
	Status   dict
}

// condition is one of a status.
type condition struct{ Type, Status, Reason, Message string }

// condition returns the condition of a type; its zero value if there is none.
func (o kubeObject) condition(kind string) condition {
	var conditions []condition
	text, err := json.Marshal(o.Status["conditions"])
	if err != nil || json.Unmarshal(text, &conditions) != nil {
		return condition{}
	}
	for _, c := range conditions {
		if c.Type == kind {
			return c
		}
	}
	return condition{}
}

// list reads the objects of kinds, and searches all but what people have written into
// them: their spec.
func (w *world) list(kinds ...string) (all []kubeObject) {
	w.t.Helper()
	for _, kind := range kinds {
		items, err := jsonList(kubectl(w.t, "get", "--raw", "/apis/"+group+"/namespaces/"+namespace+"/"+kind))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, item := range items {
			var o kubeObject
			var fields dict
			if err := json.Unmarshal(item, &o); err != nil {
				w.t.Fatal(err)
			}
			if err := json.Unmarshal(item, &fields); err != nil {
				w.t.Fatal(err)
			}
			delete(fields, "spec")
			text, err := json.Marshal(fields)
			if err != nil {
				w.t.Fatal(err)
			}
			w.searcher.search("status of "+kind, text)
			w.notePaths(kind, o.Status)
			all = append(all, o)
		}
	}
	return all
}

// inspect searches what can be read of running processes.
func (w *world) inspect() {
	w.t.Helper()
	w.list("webhookintegrations", "webhooks")
	w.events()
	w.scrape()
	for _, address := range []string{w.stack.DispatcherHealth, w.stack.ManagerHealth} {
		for _, path := range []string{"/healthz", "/readyz", "/readyz?verbose", "/metrics", "/debug/pprof/", "/" + escaped(w.ofCaller())} {
			w.request(http.MethodGet, "http://"+address+path, "", nil)
		}
	}
	manager, dispatcher := w.stack.PIDs()
	for program, pid := range map[string]int{"manager": manager, "dispatcher": dispatcher} {
		for _, file := range []string{"cmdline", "environ", "comm", "status"} {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
			if err != nil {
				w.t.Fatal(err)
			}
			w.searcher.search("/proc of the "+program, text)
		}
	}
}

// events searches the events, of which each integration that cannot be used has one.
func (w *world) events() {
	w.t.Helper()
	eventually(w.t, func() string {
		told := w.eventsOf(namespace)
		for name := range w.objects.calls {
			if strings.HasPrefix(name, "broken-") && !strings.Contains(told, "about "+name+"\n") {
				return "an event about " + name
			}
		}
		return ""
	})
}

// eventsOf searches the events of a namespace, and returns a line for each.
func (w *world) eventsOf(namespace string) (told string) {
	w.t.Helper()
	for _, path := range []string{"/api/v1/namespaces/" + namespace + "/events", "/apis/events.k8s.io/v1/namespaces/" + namespace + "/events"} {
		items, err := jsonList(kubectl(w.t, "get", "--raw", path))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, item := range items {
			w.searcher.search("events", item)
			var event struct {
				Reason    string
				Regarding struct{ Name string }
			}
			if err := json.Unmarshal(item, &event); err != nil {
				w.t.Fatal(err)
			}
			told += event.Reason + " about " + event.Regarding.Name + "\n"
		}
	}
	return told
}

// traces searches what a collector gets, once spans of all names have come.
func (w *world) traces(names ...string) {
	w.t.Helper()
	eventually(w.t, func() string {
		spans, err := w.collector.Spans()
		if err != nil {
			w.t.Fatal(err)
		}
		for _, name := range names {
			if !slices.ContainsFunc(spans, func(s *trace.Span) bool { return s.GetName() == name }) {
				return "a span " + name
			}
		}
		return ""
	})
	bodies, headers := w.collector.Requests()
	for i, body := range bodies {
		w.searcher.search("traces", body)
		w.searcher.search("traces", fmt.Append(nil, headers[i]))
	}
}

// end ends both processes with a dump of their goroutines, and searches what is left
// of them.
func (w *world) end() {
	w.t.Helper()
	if err := w.stack.Abort(); err != nil {
		w.t.Fatal(err)
	}
	for program, log := range w.logs {
		text := log.bytes()
		w.searcher.search("log and dump of the "+program, text)
		for _, part := range []string{"SIGQUIT", "goroutine 1 "} {
			if !bytes.Contains(text, []byte(part)) {
				w.t.Errorf("there is no %q in what the %s wrote at its end", part, program)
			}
		}
	}
	w.files(w.stack.Dir)
	w.store("the store", w.stack.StoreDir)
}

// files searches files as they are, for what the records of a store do not show: what
// was removed from it, and temporary files. Records of calls are among that, too, so
// what callers know is not looked for.
func (w *world) files(dir string) {
	w.t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), "backup"):
			return filepath.SkipDir // its files are those of the store under second names
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text = bytes.TrimRight(text, "\x00") // room that was taken ahead
		w.searcher.searchFile("files of the processes", text, func(c canary) bool { return c.ofCaller })
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// store searches all that a store holds, decompressed, record by record.
func (w *world) store(name, dir string) {
	w.t.Helper()
	db, err := pebble.Open(dir, &pebble.Options{ReadOnly: true, Logger: silent{}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.NewIter(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]int{}
	for rows.First(); rows.Valid(); rows.Next() {
		kind, _, _ := strings.Cut(string(rows.Key()), "/")
		found[kind]++
		// The one exception: the record of a call whose caller sent a secret.
		var except func(canary) bool
		if kind == "c" {
			except = func(c canary) bool { return c.ofCaller }
		}
		channel := name + ", " + kind + "/"
		w.searcher.searchBut(channel, rows.Key(), except)
		w.searcher.searchBut(channel, rows.Value(), except)
	}
	if err := rows.Error(); err != nil {
		w.t.Fatal(err)
	}
	for _, kind := range []string{"c", "s", "l"} {
		if found[kind] == 0 {
			w.t.Errorf("%s has no records %s/, so that nothing was searched", name, kind)
		}
	}
}

// silent is a log of Pebble's.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}

// commands searches what the programs say to those who run them.
func (w *world) commands() {
	w.t.Helper()
	admin := &recorder{searcher: w.searcher, unix: filepath.Join(w.stack.StoreDir, "admin.sock")}
	ours := w.requests
	w.requests = admin
	backup := filepath.Join(w.stack.Dir, "backup")
	for _, body := range []string{object("to", backup), object("to", backup), object("to", w.ofCaller()), w.ofCaller()} {
		w.request(http.MethodPost, "http://dispatcher/backup", body, nil)
	}
	w.request(http.MethodGet, "http://dispatcher/"+escaped(w.ofCaller()), "", nil)
	w.requests = ours
	w.store("a backup", backup)

	store := "--store-dir=" + w.stack.StoreDir
	w.refuses("dispatcher", "check", store)
	w.accepts("dispatcher", "check", "--store-dir="+backup)
	w.accepts("dispatcher", "backup", store, "--to="+backup+"-2")
	w.refuses("dispatcher", "backup", store, "--to="+backup+"-2")
	w.accepts("dispatcher", "--help")
	w.accepts("manager", "--help")
	w.wrongFlags()
}

// wrongFlags has both programs refuse what holds a secret.
func (w *world) wrongFlags() {
	w.t.Helper()
	secret := w.operator.password
	serve := []string{"--store-dir=" + w.t.TempDir(), "--control-socket=" + filepath.Join(w.t.TempDir(), "s"), "--listen=127.0.0.1:0"}
	for _, proxy := range []string{
		"http://operator:" + secret + "@127.0.0.1:1", secret, "http://" + secret, "http://127.0.0.1:" + secret,
		"http://127.0.0.1/" + secret, "http://127.0.0.1?" + secret, "http://127.0.0.1#" + secret, "socks5://x:" + escaped(secret) + "@127.0.0.1",
		"http://127.0.0.1%" + secret, "ht tp://" + secret,
	} {
		w.refuses("dispatcher", append(serve, "--egress-proxy="+proxy)...)
	}
	for _, credentials := range []string{secret, ":" + secret, "x:" + secret + "\x01", "x:" + strings.Repeat(secret, 100), "\n" + secret} {
		w.refuses("dispatcher", append(serve, "--egress-proxy=http://127.0.0.1:1", "--egress-proxy-credentials="+write(w.t, credentials))...)
	}
	// The credentials in place of the path of their file.
	w.refuses("dispatcher", append(serve, "--egress-proxy=http://127.0.0.1:1", "--egress-proxy-credentials=operator:"+secret)...)
	for _, kubeconfig := range []string{
		"users:\n- name: x\n  user:\n    token: " + secret + "\n   password: " + secret,
		`{"kind":"Config","users":[{"user":{"token":[` + jsonOf(secret) + `]}}]}`,
		`{"kind":"Config","users":` + jsonOf(secret) + `}`,
		"token: " + secret,
		`{"apiVersion":"v1","kind":"Config","current-context":"x","clusters":[{"name":"x","cluster":{"server":"https://127.0.0.1:1","certificate-authority-data":` + jsonOf(basicOf(secret, "")) + `}}],` +
			`"contexts":[{"name":"x","context":{"cluster":"x","user":"x"}}],"users":[{"name":"x","user":{"token":` + jsonOf(secret) + `,"client-key-data":` + jsonOf(basicOf(secret, "")) + `,"client-certificate-data":` + jsonOf(basicOf(secret, "")) + `}}]}`,
	} {
		w.refuses("manager", "--control-socket="+filepath.Join(w.t.TempDir(), "s"), "--namespace=x", "--kubeconfig="+write(w.t, kubeconfig))
	}
}

// accepts runs a program that must succeed.
func (w *world) accepts(program string, args ...string) {
	w.t.Helper()
	if err := w.command(program, args...); err != nil {
		w.t.Errorf("the %s failed: %v", program, err)
	}
}

// refuses runs a program that must fail.
func (w *world) refuses(program string, args ...string) {
	w.t.Helper()
	if w.command(program, args...) == nil {
		w.t.Errorf("the %s took what it should refuse", program)
	}
}

// command runs a program to its end and searches what it writes.
func (w *world) command(program string, args ...string) error {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), filepath.Join(bin, program), args...)
	cmd.Env = []string{"HOME=" + w.t.TempDir()}
	out, err := cmd.CombinedOutput()
	w.searcher.search("output of the "+program+" for people", out)
	return err
}
