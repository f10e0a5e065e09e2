package control

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestSocketIsPrivateAndGoesAway(t *testing.T) {
	socket := filepath.Join(filepath.Dir(newSocket(t)), "run", "control.sock")
	m := newManager(nil)
	m.Open()
	stop := m.start(t, socket)
	await(t, "the socket", func() bool { _, err := os.Lstat(socket); return err == nil })
	for path, want := range map[string]fs.FileMode{socket: 0o600, filepath.Dir(socket): 0o700} {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
	stop()
	if _, err := os.Lstat(socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end the socket is still there: %v", err)
	}
}

// TestSocketIsPrivateFromItsFirstMoment looks at the file before listenSocket
// has had the chance to change its mode.
func TestSocketIsPrivateFromItsFirstMoment(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	socket := newSocket(t)
	config := net.ListenConfig{Control: modeBeforeBind}
	listener, err := config.Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	info, err := os.Lstat(socket)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("with umask 0 the new socket has mode %o", got)
	}
}

func TestSocketOfAKilledProcessIsReplaced(t *testing.T) {
	socket := newSocket(t)
	killed, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	killed.SetUnlinkOnClose(false)
	if err := killed.Close(); err != nil {
		t.Fatal(err)
	}
	m, r := newManager(nil), newRecorder()
	m.SetWebhook(webhook("a"))
	m.Open()
	m.start(t, socket)
	connect(t, NewClient(ClientOptions{Socket: socket, Catalog: r}))
	await(t, "a session", m.accepted(webhookRef("a")))
}

func TestWhatIsInTheWayStays(t *testing.T) {
	used := newSocket(t)
	listener, err := net.Listen("unix", used)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	file := newSocket(t)
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{used: "another process listens", file: "is not a socket: remove it"} {
		err := NewServer(ServerOptions{}).Serve(t.Context(), path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("what was there is gone: %v", err)
		}
	}
}

func TestSocketPath(t *testing.T) {
	dir := filepath.Dir(newSocket(t))
	longest := filepath.Join(dir, strings.Repeat("s", maxSocketPath-len(dir)-1))
	listener, err := listenSocket(t.Context(), longest)
	if err != nil {
		t.Fatalf("a path of %d bytes: %v", len(longest), err)
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]string{
		longest + "s": "holds at most 107",
		"":            "has no path",
		"@control":    "is not a file",
	} {
		c := NewClient(ClientOptions{Socket: path, Catalog: newRecorder()})
		for half, run := range map[string]func(context.Context) error{
			"server": func(ctx context.Context) error { return NewServer(ServerOptions{}).Serve(ctx, path) },
			"client": c.Run,
		} {
			if err := run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one with %q", half, err, want)
			}
		}
	}
}
