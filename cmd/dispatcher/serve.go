package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher"
)

// usage begins the help.
const usage = `dispatcher [flags]         takes calls in and sends them, until SIGTERM; a second one ends it at once
dispatcher check [flags]   looks whether a store that is not in use fits together; see its --help
dispatcher backup [flags]  copies a store, also while a dispatcher has it open; see its --help

`

// serve runs the dispatcher until ctx ends.
func serve(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := dispatcher.Options{Version: version}
	level := slog.LevelInfo
	flags := newFlags()
	flags.StringVar(&o.StoreDir, "store-dir", "", "folder of the durable store; made if it is not there")
	flags.StringVar(&o.ControlSocket, "control-socket", "", "path of the manager's Unix socket")
	flags.StringVar(&o.Listen, "listen", ":8443", "address to take calls on, over TLS with the certificate that the manager sends")
	flags.BoolVar(&o.InsecureHTTP, "insecure-http", false, "take calls over plain HTTP: whoever sees the network reads them and the callers' tokens")
	flags.BoolVar(&o.InsecureNoAuth, "insecure-no-auth", false, "do not authenticate callers: whoever reaches --listen may send, read and cancel calls of every Webhook")
	flags.StringVar(&o.HealthAddress, "health-address", "", "address of /healthz and /readyz; none if empty")
	readEgress := egressFlags(flags, &o)
	flags.BoolVar(&o.MetricsPerWebhook, "metrics-per-webhook", false, "count calls and attempts in /metrics by webhook, too: about 15 more series for each")
	flags.DurationVar(&o.DrainTimeout, "drain-timeout", dispatcher.DefaultDrainTimeout, "how long requests under way may take to end on SIGTERM")
	memory := flags.Uint64("memory-limit-mib", 0, "memory that the process may use, in MiB, at least 256; new calls are refused when it comes near (default the cgroup's limit, else 1024)")
	reserve := flags.Uint64("disk-reserve-mib", 0, "room that stays free on the store's disk, in MiB; new calls are refused below it (default a tenth of the disk, from 256 to 2048)")
	size := flags.Uint64("max-store-mib", 0, "size of the store, in MiB, past which new calls are refused; no bound but the disk if 0")
	flags.StringVar(&o.LogCalls, "log-calls", dispatcher.LogAllCalls, "of which calls the log has a line when they end, at the level INFO: all, failed or none")
	flags.StringVar(&o.OTLPEndpoint, "otlp-endpoint", "", "URL of an OpenTelemetry collector that traces are sent to by OTLP over HTTP, such as https://collector:4318; no traces if empty. Headers and certificates come from the environment (OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_CERTIFICATE, …)")
	flags.Float64Var(&o.TraceRatio, "trace-ratio", 1, "which part of the traces that begin here is recorded, from 0 to 1; a caller that sends traceparent decides for its own")
	flags.DurationVar(&o.LogMaxAge, "log-max-age", dispatcher.DefaultLogMaxAge, "how long calls that have ended are kept with their log rows, at least 1h; integrations can only keep theirs for less")
	logSize := flags.Uint64("log-max-mib", dispatcher.DefaultLogMaxBytes>>20, "what the delivery log may take, in MiB, at least 64; past it the oldest calls that have ended are dropped")
	flags.TextVar(&level, "log-level", level, "least level that is logged: DEBUG, INFO, WARN or ERROR")
	showVersion := flags.Bool("version", false, "print the version and exit")
	switch done, err := parse(flags, args, usage, stdout); {
	case err != nil && strings.Contains(err.Error(), "not defined: -insecure-listen"):
		return errors.New("--insecure-listen is gone: callers are authenticated and come over TLS, so that --listen may be any address; to do without, set --insecure-no-auth and --insecure-http")
	case done || err != nil:
		return err
	case *showVersion:
		_, err := fmt.Fprintln(stdout, version)
		return err
	}
	if err := readEgress(); err != nil {
		return err
	}
	o.MemoryLimit, o.DiskReserve, o.MaxStoreBytes = *memory<<20, *reserve<<20, *size<<20
	o.LogMaxBytes = mebibytes(*logSize)
	limitMemory(&o)
	// net/http quotes answers that nobody asked for in the standard log, and a
	// receiver may have put anything into them.
	log.SetOutput(io.Discard)
	o.Logger = slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level}))
	return dispatcher.Run(ctx, o)
}

// mebibytes is a number of MiB in bytes, as far as an int64 holds it.
func mebibytes(n uint64) int64 {
	return int64(min(n, math.MaxInt64>>20)) << 20 //nolint:gosec // bounded
}

// limitMemory fills in the memory limit and has the runtime collect garbage in
// time for it, unless GOMEMLIMIT says otherwise.
func limitMemory(o *dispatcher.Options) {
	if o.MemoryLimit == 0 {
		o.MemoryLimit = cmp.Or(dispatcher.MemoryLimit(), dispatcher.DefaultMemoryLimit)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		// The rest is for the program itself, 20 MiB with what the kernel keeps for
		// it, and for what the runtime takes before a collection has ended.
		debug.SetMemoryLimit(int64(o.MemoryLimit - o.MemoryLimit/16 - 24<<20))
	}
}
