package dispatcher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

const (
	// adminSocket is the name, in the store's folder, of the socket over which the
	// running dispatcher is asked for what only it can do. It speaks HTTP: POST
	// /backup with {"to": "/absolute/path"} is answered with 200, or a problem.
	adminSocket = "admin.sock"
	// maxSocketPath is the longest path of a socket in bytes.
	maxSocketPath = len(syscall.RawSockaddrUnix{}.Path) - 1
	// maxAdminBody bounds what is read of a request: a path has 4096 bytes.
	maxAdminBody = 16 << 10
)

// adminPath is the path of the socket of the dispatcher over a store.
func adminPath(storeDir string) (string, error) {
	path := filepath.Join(storeDir, adminSocket)
	if len(path) > maxSocketPath {
		return "", fmt.Errorf("the path %s has %d bytes, but that of a socket has at most %d; give the store a shorter one", path, len(path), maxSocketPath)
	}
	return path, nil
}

// listenAdmin makes the socket, for this user alone. It must be called with the
// store's lock held: then a socket that is there is that of a killed process.
func listenAdmin(storeDir string) (net.Listener, error) {
	path, err := adminPath(storeDir)
	if err != nil {
		return nil, err
	}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("%s is in the way and is no socket; remove it", path)
	default:
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	// The mode is set before the socket has a name where the system can do so.
	config := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) error {
		return conn.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
	}}
	listener, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// adminHandler serves the socket.
func adminHandler(s interface{ Backup(dir string) error }, log *slog.Logger) http.Handler {
	var busy sync.Mutex
	mux := http.NewServeMux()
	mux.HandleFunc("POST /backup", func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			To string `json:"to"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody)).Decode(&request); err != nil || !filepath.IsAbs(request.To) {
			adminProblem(w, http.StatusBadRequest, errors.New(`the request is not {"to": "/absolute/path"}`))
			return
		}
		if !busy.TryLock() {
			adminProblem(w, http.StatusConflict, errors.New("another backup is under way; wait for its end"))
			return
		}
		defer busy.Unlock()
		if err := s.Backup(request.To); err != nil {
			log.Warn("backup failed", "error", err)
			adminProblem(w, http.StatusUnprocessableEntity, err)
			return
		}
		log.Info("backup made", "to", request.To)
		w.WriteHeader(http.StatusOK)
	})
	return mux
}

// adminProblem answers with a problem document (RFC 9457).
func adminProblem(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(client.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: err.Error()})
}
