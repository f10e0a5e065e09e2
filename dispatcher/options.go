package dispatcher

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Options configure a [Dispatcher].
type Options struct {
	// StoreDir is the folder of the store; it is made if it is not there. Needed.
	StoreDir string
	// ControlSocket is the path of the manager's Unix socket. Needed.
	ControlSocket string
	// Listen is the address of the HTTP API, host:port. Port 0 takes a free one.
	// Callers come over TLS, with the certificate that the manager sends, and are
	// authenticated. Needed.
	Listen string
	// InsecureHTTP takes calls over plain HTTP: whoever sees the network reads them and
	// the callers' tokens. It is for what ends TLS on this machine, and for tests.
	InsecureHTTP bool
	// InsecureNoAuth takes calls from everybody who reaches Listen, who can then also
	// read and cancel those of others. It is for tests.
	InsecureNoAuth bool
	// HealthAddress is where /healthz and /readyz are served; empty for nowhere.
	HealthAddress string
	// AllowLoopback, AllowLinkLocal and AllowPrivate allow requests to such
	// addresses. Metadata services are refused in any case.
	AllowLoopback  bool
	AllowLinkLocal bool
	AllowPrivate   bool
	// AllowCIDRs are ranges of such addresses that are allowed in addition; they
	// narrow nothing. DenyCIDRs are ranges that are refused in any case. AllowHosts, if
	// not empty, are patterns of the only hosts that may be called, see
	// [plan.MatchHost].
	AllowCIDRs []netip.Prefix
	DenyCIDRs  []netip.Prefix
	AllowHosts []string
	// EgressProxy, if not nil, is the proxy that all requests go through; integrations
	// can then name no other. See [ReadEgressProxy].
	EgressProxy *plan.Proxy
	// DrainTimeout is how long attempts under way may take to end when the
	// dispatcher stops; DefaultDrainTimeout if zero.
	DrainTimeout time.Duration
	// MemoryLimit is how many bytes of memory the process may use, at least 256
	// MiB; [DefaultMemoryLimit] if zero. New calls are refused when it comes near.
	// It does not set the runtime's own limit (debug.SetMemoryLimit).
	MemoryLimit uint64
	// DiskReserve is how many bytes of the store's disk stay free: new calls are
	// refused below that. If zero, a tenth of the disk, at least 256 MiB and at most
	// 2 GiB, but no more than a quarter.
	DiskReserve uint64
	// MaxStoreBytes is the size of the store past which new calls are refused; 0 is
	// no bound but the disk's.
	MaxStoreBytes uint64
	// MetricsPerWebhook counts calls and attempts in the metrics by webhook, too, and not
	// by integration only.
	MetricsPerWebhook bool
	// LogCalls says of which calls the log has a line when they end: [LogAllCalls], which
	// is meant by "", [LogFailedCalls] or [LogNoCalls].
	LogCalls string
	// OTLPEndpoint is the URL of an OpenTelemetry collector that traces are sent to, by
	// OTLP over HTTP; empty for no traces. TraceRatio is which part of the traces that
	// begin here is recorded, from 0 to 1.
	OTLPEndpoint string
	TraceRatio   float64
	// LogMaxAge is how long calls that have ended are kept with their log rows, at least
	// [MinLogMaxAge]; [DefaultLogMaxAge] if zero. An integration can only keep its own
	// for less.
	LogMaxAge time.Duration
	// LogMaxBytes is what the delivery log may take, before compression, at least
	// [MinLogMaxBytes]; [DefaultLogMaxBytes] if zero. Past it the oldest calls that have
	// ended are dropped.
	LogMaxBytes int64
	// Version is sent in User-Agent and to the manager, and shown in metrics and traces.
	Version string
	// Logger takes the log; slog.Default() if nil.
	Logger *slog.Logger
}

// DefaultDrainTimeout leaves a pod's 60 s of grace some room for the rest.
const DefaultDrainTimeout = 45 * time.Second

// tracing are the options of the tracer.
func (o *Options) tracing() *tracing.Options {
	return &tracing.Options{Endpoint: o.OTLPEndpoint, Ratio: o.TraceRatio, Version: o.Version, Logger: o.Logger}
}

// check fills defaults in and refuses what cannot work.
func (o *Options) check() error {
	if o.StoreDir == "" {
		return errors.New("no folder for the store is given; set --store-dir")
	}
	if o.ControlSocket == "" {
		return errors.New("no control socket is given; set --control-socket to the manager's")
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = DefaultDrainTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MemoryLimit == 0 {
		o.MemoryLimit = DefaultMemoryLimit
	}
	if o.MemoryLimit < minMemoryLimit {
		return fmt.Errorf("a memory limit of %d MiB is too small; give the dispatcher at least %d MiB", o.MemoryLimit/mib, minMemoryLimit/mib)
	}
	if err := o.checkLog(); err != nil {
		return err
	}
	if err := o.checkEgress(); err != nil {
		return err
	}
	if err := o.checkLogCalls(); err != nil {
		return err
	}
	if err := o.tracing().Check(); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(o.Listen); err != nil {
		return fmt.Errorf("the address to listen on, %q, is not of the form host:port", o.Listen)
	}
	return nil
}
