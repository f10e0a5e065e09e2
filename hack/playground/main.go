// Command playground runs the whole product on this machine: a real API server
// and etcd, the manager and the dispatcher with the rights and settings they
// have in a cluster, and a receiver that prints what it gets. It applies the
// samples, sends each of them a call, and shows what came of it.
//
//	make playground          # stays up until Ctrl-C
//	make playground ONCE=1   # checks the result and ends
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	// A terminal that is closed, or a pager that has gone, must not leave the
	// cluster running: the one is a signal like Ctrl-C, the other a failed write.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "playground:", err)
		os.Exit(1)
	}
}

// run parses args and runs the playground.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("playground", flag.ContinueOnError)
	once := flags.Bool("once", false, "check that the samples' calls arrived, then end")
	bin := flags.String("bin", "bin", "folder of the programs")
	if err := flags.Parse(args); err != nil {
		return err
	}
	log.SetLogger(logr.Discard()) // else the library that starts the API server prints a stack after 30 s
	p := &playground{out: out, bin: *bin}
	defer func() {
		if ctx.Err() != nil && !*once {
			err = nil // interrupted, at whatever step
		}
		err = p.close(err)
	}()
	if err := p.start(ctx); err != nil {
		return err
	}
	if err := p.demonstrate(ctx); err != nil {
		return err
	}
	if *once {
		return p.check(ctx)
	}
	p.explain()
	<-ctx.Done()
	return nil
}
