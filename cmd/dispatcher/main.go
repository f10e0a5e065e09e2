// Command dispatcher takes webhook calls in, keeps them in a durable store and
// performs them. It runs beside the manager, which configures it over a socket.
// Its subcommands check and back up a store.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/maestra-io/webhook-operator/dispatcher"
)

// version is set by the linker.
var version = "dev"

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "dispatcher:", err)
		os.Exit(exitCode(os.Args[1:], err))
	}
}

// run runs the subcommand that args begin with, or the dispatcher until a signal.
// A second signal is not caught: it ends the process at once, which the store can
// stand at any moment.
func run(args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "check":
			return check(args[1:], stdout, stderr)
		case "backup":
			return backup(args[1:], stdout, stderr)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return serve(ctx, args, stdout, stderr)
}

// exitCode is 1, but for a check that did not come about, which is 2.
func exitCode(args []string, err error) int {
	if len(args) > 0 && args[0] == "check" && !errors.Is(err, dispatcher.ErrInconsistent) {
		return 2
	}
	return 1
}
