package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxSocketPath is the longest path of a socket in bytes: the address holds 108
// on Linux, and the last one ends the text.
const maxSocketPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// checkSocketPath judges a socket path before the kernel does, whose words for
// all of these are "invalid argument".
func checkSocketPath(path string) error {
	switch {
	case path == "":
		return errors.New("the control socket has no path")
	case strings.HasPrefix(path, "@") || strings.Contains(path, "\x00"):
		return fmt.Errorf("control socket %q is not a file: only a file's permissions say who may connect", path)
	case len(path) > maxSocketPath:
		return fmt.Errorf("control socket path %s has %d bytes, but a socket path holds at most %d: choose a shorter one", path, len(path), maxSocketPath)
	}
	return nil
}

// listenSocket makes the socket, readable and writable by this user alone from
// its first moment, and its folder if it is missing. A socket that a killed
// process left behind is replaced; one that somebody listens on is not, and
// nothing else is.
func listenSocket(ctx context.Context, path string) (net.Listener, error) {
	if err := checkSocketPath(path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the control socket: %w", err)
	}
	if err := removeStale(ctx, path); err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: modeBeforeBind}
	listener, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("restrict the control socket: %w", err), listener.Close())
	}
	return listener, nil
}

// modeBeforeBind sets the mode of the socket before it has a name. Linux gives
// it to the file, less the umask, so that there is no moment with a wider one.
// Other systems refuse; there the Chmod after Listen is what counts.
func modeBeforeBind(_, _ string, conn syscall.RawConn) error {
	return conn.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
}

// removeStale removes the socket at path if nobody listens on it.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the control socket: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is in the way of the control socket and is not a socket: remove it or choose another path", path)
	}
	conn, err := dialSocket(ctx, path)
	if err == nil {
		return errors.Join(fmt.Errorf("another process listens on the control socket %s", path), conn.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("find out who uses the control socket: %w", err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the control socket of a process that is gone: %w", err)
	}
	return nil
}

// dialSocket connects to the socket. It takes the place of gRPC's own dialing,
// whose targets are URLs, in which a path would have to be escaped.
func dialSocket(ctx context.Context, path string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", path)
}
