//go:build linux

package crash

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// receiverEnv makes the test binary be the receiver, with its ledger in the file
// that it names.
const receiverEnv = "CRASH_RECEIVER"

// program is the dispatcher that TestMain has built.
var program string

func TestMain(m *testing.M) {
	if ledger := os.Getenv(receiverEnv); ledger != "" {
		fmt.Fprintln(os.Stderr, "receiver:", receive(ledger))
		os.Exit(1)
	}
	os.Exit(run(m))
}

// run builds the dispatcher and runs the tests.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "crash-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "dispatcher")
	build := exec.Command("go", "build", "-o", program, "./cmd/dispatcher")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the dispatcher: %v: %s\n", err, out)
		return 1
	}
	return m.Run()
}
