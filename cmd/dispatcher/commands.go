package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"

	"github.com/maestra-io/webhook-operator/dispatcher"
)

const checkUsage = `dispatcher check --store-dir DIR

Looks whether all that a store holds fits together, and prints the problems, a line
each, and a summary. It writes nothing but the lock file. A store that a dispatcher
has open cannot be checked; check a backup of it.
Exit code: 0 consistent, 1 there are problems, 2 it could not be checked.

`

const backupUsage = `dispatcher backup --store-dir DIR --to DIR2

Copies a store as it is at one moment; the copy is durable and whole as soon as it
is there. If a dispatcher has the store open, that process makes the copy, so DIR2
is a path as it sees it, and it is asked over DIR/admin.sock. Else the store is
opened as by a dispatcher of this version.

`

// check checks a store.
func check(args []string, stdout, stderr io.Writer) error {
	flags := newFlags()
	dir := flags.String("store-dir", "", "folder of the store, or of a backup")
	if done, err := parse(flags, args, checkUsage, stdout); done || err != nil {
		return err
	}
	return dispatcher.Check(*dir, stdout, commandLog(stderr))
}

// backup copies a store.
func backup(args []string, stdout, stderr io.Writer) error {
	flags := newFlags()
	dir := flags.String("store-dir", "", "folder of the store")
	to := flags.String("to", "", "folder of the copy, which must not exist and not be in the store's; on the same disk it costs little")
	if done, err := parse(flags, args, backupUsage, stdout); done || err != nil {
		return err
	}
	return dispatcher.Backup(context.Background(), *dir, *to, commandLog(stderr))
}

// commandLog is the log of a subcommand, for people.
func commandLog(stderr io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// newFlags makes a set of flags whose errors are returned, without the usage
// around them.
func newFlags() *flag.FlagSet {
	flags := flag.NewFlagSet("dispatcher", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// parse parses args; done says that they asked for help, which was given.
func parse(flags *flag.FlagSet, args []string, usage string, stdout io.Writer) (done bool, err error) {
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return true, err
	case err != nil:
		return false, fmt.Errorf("%w; see --help", err)
	case flags.NArg() > 0:
		return false, fmt.Errorf("unexpected argument %q; see --help", flags.Arg(0))
	}
	return false, nil
}
