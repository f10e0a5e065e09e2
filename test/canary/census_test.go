//go:build linux

package canary

import (
	"bufio"
	"cmp"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// packages are the folders of code, and by which channel each shows something. A new
// one must be thought about, searched by TestNoSecretLeaves, and added here.
var packages = map[string]string{
	"api":         "no code that shows anything; what is in status is searched",
	"cmd":         "log, output for people",
	"config":      "no code",
	"controllers": "status, events, log, health, metrics",
	"dispatcher":  "HTTP answers, health, admin socket, output for people, log",
	"docs":        "no code",
	"hack":        "no part of what is installed",
	"test":        "no part of what is installed",

	"dispatcher/client":   "errors of package client",
	"dispatcher/compile":  "status",
	"dispatcher/control":  "status (refusals), log",
	"dispatcher/internal": "below",
	"dispatcher/parts":    "none; errors go to the state of calls and to status",
	"dispatcher/plan":     "none; errors go to the state of calls and to status",
	"dispatcher/response": "none; errors go to the state of calls and to status",
	"dispatcher/template": "none; errors go to the state of calls and to status",
	"dispatcher/trigger":  "none; errors go to status",

	"dispatcher/internal/access":     "log, HTTP answers",
	"dispatcher/internal/admission":  "none",
	"dispatcher/internal/catalog":    "none",
	"dispatcher/internal/export":     "HTTP answers",
	"dispatcher/internal/egress":     "none; errors go to the state of calls",
	"dispatcher/internal/engine":     "the store's records, log, traces",
	"dispatcher/internal/httpapi":    "HTTP answers, log, traces",
	"dispatcher/internal/intake":     "the store's records, HTTP answers, traces, log",
	"dispatcher/internal/limit":      "none",
	"dispatcher/internal/metrics":    "metrics",
	"dispatcher/internal/outbound":   "none; messages go to the state of calls",
	"dispatcher/internal/queuelog":   "none; numbers go to HTTP answers",
	"dispatcher/internal/redact":     "none",
	"dispatcher/internal/retry":      "none",
	"dispatcher/internal/scenario":   "tests only",
	"dispatcher/internal/signature":  "none",
	"dispatcher/internal/statistics": "none; numbers go to HTTP answers",
	"dispatcher/internal/store":      "the store, backups, log",
	"dispatcher/internal/tail":       "HTTP answers",
	"dispatcher/internal/token":      "none; errors go to the state of calls",
	"dispatcher/internal/tracing":    "traces, log",
	"dispatcher/internal/ui":         "files that are the same for everybody; what they show comes from HTTP answers",
}

// TestPackagesAreClassified fails when there is a folder that may show secrets and
// that nobody has thought of.
func TestPackagesAreClassified(t *testing.T) {
	found := map[string]bool{}
	for _, dir := range []string{"", "dispatcher", "dispatcher/internal"} {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if name := e.Name(); e.IsDir() && !strings.HasPrefix(name, ".") && name != "bin" {
				found[strings.TrimPrefix(dir+"/"+name, "/")] = true
			}
		}
	}
	same(t, "package", found, packages)
}

// subcommands are those of each program; TestNoSecretLeaves runs all of them.
var subcommands = map[string]string{"dispatcher check": "run", "dispatcher backup": "run"}

// TestSubcommandsAreRun fails when a program has a subcommand that is not in the list.
func TestSubcommandsAreRun(t *testing.T) {
	programs, err := filepath.Glob(filepath.Join(root, "cmd", "*", "*.go"))
	if err != nil || len(programs) == 0 {
		t.Fatal("no programs were found", err)
	}
	found := map[string]bool{}
	for _, path := range programs {
		ast.Inspect(parse(t, path), func(n ast.Node) bool {
			s, ok := n.(*ast.SwitchStmt)
			if !ok {
				return true
			}
			if on, ok := s.Tag.(*ast.IndexExpr); !ok || fmt.Sprint(on.X) != "args" {
				return true
			}
			for _, clause := range s.Body.List {
				for _, e := range clause.(*ast.CaseClause).List { //nolint:forcetypeassert // a switch has nothing else
					found[filepath.Base(filepath.Dir(path))+" "+constant(t, e, nil)] = true
				}
			}
			return true
		})
	}
	same(t, "subcommand", found, subcommands)
}

// writers are the files that write events, which TestNoSecretLeaves reads back.
var writers = map[string]string{
	"controllers/events.go": "announces changes of conditions",
	"controllers/setup.go":  "makes the recorder",

	"controllers/serving/serving.go": "makes another",
	"controllers/serving/voice.go":   "tells of the serving certificate",
}

// TestEventsAreKnown fails when something else writes events.
func TestEventsAreKnown(t *testing.T) {
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case e.IsDir() && (name == "test" || name == "hack" || name == "bin" || strings.HasPrefix(e.Name(), ".") && name != "."):
			return filepath.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		ast.Inspect(parse(t, path), func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && slices.Contains([]string{"Eventf", "AnnotatedEventf", "GetEventRecorder", "GetEventRecorderFor", "NewRecorder", "EventList"}, id.Name) {
				found[name] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "file that writes events", found, writers)
}

// same compares what is there with what is known.
func same[V any](t *testing.T, what string, found map[string]bool, known map[string]V) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if _, ok := known[name]; !ok {
			t.Errorf("%s %s is new: see what it shows, have TestNoSecretLeaves search that, and add it to the list", what, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if !found[name] {
			t.Errorf("%s %s is in the list but not there", what, name)
		}
	}
}

// routes fails if a route of the API was not asked, or not for an error too.
func (w *world) routes(t *testing.T) {
	routes := routesOf(t, filepath.Join(root, "dispatcher", "internal", "httpapi", "routes.go"))
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r, http.NotFoundHandler())
	}
	good, bad := map[string]bool{}, map[string]bool{}
	for _, a := range w.requests.asked {
		request, err := http.NewRequestWithContext(t.Context(), a.method, "http://x"+(&url.URL{Path: a.path}).EscapedPath(), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		_, pattern := mux.Handler(request)
		if a.status < 400 {
			good[pattern] = true
		} else {
			bad[pattern] = true
		}
	}
	for _, r := range routes {
		if !good[r] || !bad[r] {
			t.Errorf("route %q was not asked by TestNoSecretLeaves both for a success and for an error", r)
		}
	}
}

// routesOf reads the route table: every composite literal of a method of package http
// and a pattern in the function routes.
func routesOf(t *testing.T, path string) (routes []string) {
	t.Helper()
	ast.Inspect(parse(t, path), func(n ast.Node) bool {
		f, ok := n.(*ast.FuncDecl)
		if !ok || f.Name.Name != "routes" {
			return true
		}
		constants := map[string]string{}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, name := range n.Names {
					constants[name.Name] = constant(t, n.Values[i], constants)
				}
			case *ast.CompositeLit:
				if n.Type == nil { // of one route; the list's has a type
					method, ok := n.Elts[0].(*ast.SelectorExpr)
					if !ok {
						t.Fatalf("a route's method is written in a way that this test cannot read")
					}
					routes = append(routes, strings.ToUpper(strings.TrimPrefix(method.Sel.Name, "Method"))+" "+constant(t, n.Elts[1], constants))
				}
			}
			return true
		})
		return false
	})
	if len(routes) == 0 {
		t.Fatalf("no routes were found in %s; read the table as it is now", path)
	}
	return routes
}

// constant evaluates an expression of strings.
func constant(t *testing.T, e ast.Expr, constants map[string]string) string {
	t.Helper()
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	case *ast.Ident:
		if text, ok := constants[e.Name]; ok {
			return text
		}
	case *ast.BinaryExpr:
		return constant(t, e.X, constants) + constant(t, e.Y, constants)
	}
	t.Fatalf("%v is no constant that this test can read", e)
	return ""
}

// parse reads a Go file.
func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// listeners fails if a process listens where nobody has looked.
func (w *world) listeners(t *testing.T) {
	manager, dispatcher := w.stack.PIDs()
	same(t, "listener of the dispatcher", listening(t, dispatcher), map[string]string{
		w.address(): "HTTP API", w.stack.DispatcherHealth: "health", filepath.Join(w.stack.StoreDir, "admin.sock"): "backups",
	})
	same(t, "listener of the manager", listening(t, manager), map[string]string{
		w.stack.ManagerHealth: "health", w.stack.Socket: "control session", w.stack.ManagerMetrics: "metrics",
	})
}

// listening lists the addresses and paths on which a process listens, and every UDP
// socket that it has bound.
func listening(t *testing.T, pid int) map[string]bool {
	t.Helper()
	held := map[string]bool{}
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(files) == 0 {
		t.Fatal("no open files were found", err)
	}
	for _, file := range files {
		if to, err := os.Readlink(file); err == nil { // else it was closed meanwhile
			held[strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")] = true
		}
	}
	found := map[string]bool{}
	rows := func(name string, inode, least int, listens func([]string) string) {
		file, err := os.Open(fmt.Sprintf("/proc/%d/net/%s", pid, name))
		if err != nil {
			return // a machine without IPv6 has no such file
		}
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < least || !held[fields[inode]] {
				continue
			}
			if address := listens(fields); address != "" {
				found[address] = true
			}
		}
	}
	const listen, accepts = "0A", "00010000"
	for _, name := range []string{"tcp", "tcp6"} {
		rows(name, 9, 10, func(f []string) string {
			if f[3] != listen {
				return ""
			}
			return address(t, f[1])
		})
	}
	for _, name := range []string{"udp", "udp6"} {
		rows(name, 9, 10, func(f []string) string {
			if f[2] != "00000000:0000" && strings.Trim(f[2], "0:") != "" {
				return "" // connected, as for looking up a name
			}
			return name + " " + address(t, f[1])
		})
	}
	rows("unix", 6, 7, func(f []string) string {
		if f[3] != accepts {
			return ""
		}
		return cmp.Or(strings.Join(f[7:], " "), "a nameless Unix socket")
	})
	return found
}

// address reads an address of /proc/net/tcp: words of 32 bits in the machine's order.
func address(t *testing.T, text string) string {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	ip, err := hex.DecodeString(host)
	if err != nil {
		t.Fatal(err)
	}
	for word := range slices.Chunk(ip, 4) {
		slices.Reverse(word)
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort(net.IP(ip).String(), strconv.FormatUint(n, 10))
}
