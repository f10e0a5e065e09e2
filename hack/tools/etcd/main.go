// Command etcd is the etcd server, for the API server that tests and the
// playground start. The server's own main package is not importable as a tool
// of another module without its whole release tree, so it is this one call.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
