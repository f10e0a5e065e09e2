//go:build linux

package load

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// appender is the limit of intake, a process of its own: a net/http server that
// appends each body to a file, fdatasynced before the answer, and does nothing
// else. Bodies that come during a sync share the next one.
type appender struct {
	file  *os.File
	queue chan *appending
	pool  sync.Pool
}

// appending is a body that waits to be written.
type appending struct {
	body bytes.Buffer
	done chan error
}

// appendGroup is how many bodies share one sync at most.
const appendGroup = 1024

// appendFolder is the variable that names the folder of the appender's file.
const appendFolder = "LOAD_APPEND"

// serveAppender runs the appender.
func serveAppender() error {
	file, err := os.Create(filepath.Join(os.Getenv(appendFolder), "log"))
	if err != nil {
		return err
	}
	listeners, err := listen("data", "control")
	if err != nil {
		return err
	}
	a := &appender{file: file, queue: make(chan *appending, appendGroup)}
	a.pool.New = func() any { return &appending{done: make(chan error, 1)} }
	failed := make(chan error, 2)
	go func() { failed <- http.Serve(listeners["data"], a) }()
	go func() { failed <- a.run() }()
	if err := announce(listeners); err != nil {
		return err
	}
	return <-failed
}

// ServeHTTP takes a body.
func (a *appender) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one := a.pool.Get().(*appending)
	defer a.pool.Put(one)
	one.body.Reset()
	if _, err := io.Copy(&one.body, r.Body); err != nil {
		return
	}
	a.queue <- one
	if err := <-one.done; err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// run writes what waits, syncs, answers, and again.
func (a *appender) run() error {
	group := make([]*appending, 0, appendGroup)
	var joined []byte
	for first := range a.queue {
		group = append(group[:0], first)
		for len(group) < appendGroup && len(a.queue) > 0 {
			group = append(group, <-a.queue)
		}
		joined = joined[:0]
		for _, one := range group {
			joined = append(joined, one.body.Bytes()...)
		}
		_, err := a.file.Write(joined)
		if err == nil {
			err = syscall.Fdatasync(int(a.file.Fd()))
		}
		for _, one := range group {
			one.done <- err
		}
		if err != nil {
			return fmt.Errorf("append to the log: %w", err)
		}
	}
	return nil
}

// startAppender starts the appender and returns it with its address.
func startAppender(tb testing.TB) (p *part, address string) {
	tb.Helper()
	p = startPart(tb, "appender", appendFolder+"="+tb.TempDir())
	return p, p.addresses["data"]
}
