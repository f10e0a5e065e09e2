// Command ui builds the web page: it bundles dispatcher/internal/ui/src, and the
// packages of dispatcher/internal/ui/vendor that it imports, to
// dispatcher/internal/ui/dist, which is committed and embedded in the dispatcher.
//
//	go run ./hack/ui                    build
//	go run ./hack/ui -check             fail if dist is not what the sources give
//	go run ./hack/ui -vendor            get the packages of vendor.json anew, with npm
//	go run ./hack/ui -fetch FILE PACKAGE@VERSION INTEGRITY PATH
//	                                    put one file of a package where tests look for it
//
// Only -vendor and -fetch need npm and a network.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hack/ui:", err)
		os.Exit(1)
	}
}

// run does what the arguments ask for. It is run in the root of the repository.
func run(args []string) error {
	flags := flag.NewFlagSet("ui", flag.ExitOnError)
	checkOnly := flags.Bool("check", false, "fail if the committed output is not what the sources give")
	vendorAnew := flags.Bool("vendor", false, "get the packages of vendor.json anew")
	fetch := flags.String("fetch", "", "put a file of a package `here`: PACKAGE@VERSION INTEGRITY PATH")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch {
	case *fetch != "":
		if flags.NArg() != 3 {
			return fmt.Errorf("-fetch needs PACKAGE@VERSION, its integrity and the path of a file in it; there are %d arguments", flags.NArg())
		}
		return fetchFile(ctx, *fetch, flags.Arg(0), flags.Arg(1), flags.Arg(2))
	case *vendorAnew:
		return vendor(ctx)
	}
	if err := vendorIsWhole(); err != nil {
		return err
	}
	files, err := build()
	if err != nil {
		return err
	}
	if *checkOnly {
		return check(files)
	}
	return write(files)
}
