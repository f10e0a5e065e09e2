//go:build linux

package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// roleVariable names the part that this program plays when a benchmark has
// started it again as a process of its own.
const roleVariable = "LOAD_ROLE"

func TestMain(m *testing.M) {
	code, err := 0, error(nil)
	switch role := os.Getenv(roleVariable); role {
	case "":
		code, err = run(m)
	case "receiver":
		err = serveReceiver()
	case "client":
		err = serveBareClient()
	case "appender":
		err = serveAppender()
	default:
		err = fmt.Errorf("%s=%s is no part that this program plays", roleVariable, role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run runs the benchmarks and removes what was built for them.
func run(m *testing.M) (code int, err error) {
	if buildDir, err = os.MkdirTemp("", "load-bin-"); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(buildDir)) }()
	return m.Run(), nil
}

var buildDir string

// dispatcherProgram builds the dispatcher as `make build` does and returns its path.
var dispatcherProgram = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "dispatcher")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "./cmd/dispatcher")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the dispatcher: %w: %s", err, out)
	}
	return path, nil
})

// window is how long is measured: LOAD_SECONDS, or else usual.
func window(tb testing.TB, usual time.Duration) time.Duration {
	tb.Helper()
	return time.Duration(number(tb, "LOAD_SECONDS", usual.Seconds()) * float64(time.Second))
}

// number is the value of an environment variable, or else usual.
func number(tb testing.TB, variable string, usual float64) float64 {
	tb.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value <= 0 {
		tb.Fatalf("%s=%s is no positive number", variable, text)
	}
	return value
}

// pause waits. What it waits for is time itself: the length of a window or the
// next call of a schedule.
func pause(d time.Duration) { <-time.After(d) }

// await waits until the condition holds.
func await(tb testing.TB, limit time.Duration, what string, condition func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(limit); !condition(); pause(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("waited %s in vain for %s", limit, what)
		}
	}
}
