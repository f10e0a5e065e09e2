package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/admission"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/httpapi"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/metrics"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/queuelog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tail"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/ui"
)

// Dispatcher is one data plane over one store. Make it with [Open], then call
// [Dispatcher.Run] once.
type Dispatcher struct {
	options Options
	log     *slog.Logger
	store   *store.Pebble
	room    *admission.Controller
	sender  *outbound.Sender
	engine  *engine.Engine
	intake  *intake.Intake
	config  *configuration
	control *control.Client
	serving *serving
	tail    *tail.Broadcaster
	queues  queuelog.Log
	metrics *metrics.Metrics
	access  *access.Controller // nil if callers are not authenticated
	api     *http.Server
	health  *http.Server
	admin   *http.Server
	tracer  *tracing.Tracer // nil without traces
	calls   *callLog        // nil if calls are not logged

	apiListener    net.Listener
	healthListener net.Listener // nil without HealthAddress
	adminListener  net.Listener // nil if there can be none
}

// Run opens a dispatcher and runs it until ctx ends.
func Run(ctx context.Context, o Options) error {
	d, err := Open(o)
	if err != nil {
		return err
	}
	return d.Run(ctx)
}

// Open opens the store, takes over what waits in it, and listens. Nothing is
// served or sent before [Dispatcher.Run]. An error leaves nothing open.
func Open(o Options) (_ *Dispatcher, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	d := &Dispatcher{options: o, log: o.Logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if err = d.listen(); err != nil {
		return nil, err
	}
	memory := share(o.MemoryLimit)
	d.config, d.serving = &configuration{log: o.Logger}, &serving{log: o.Logger}
	if err = d.observe(memory); err != nil {
		return nil, err
	}
	if d.store, err = store.Open(o.StoreDir, store.Options{Logger: o.Logger, MemoryBytes: memory.store, Committed: d.metrics.Committed}); err != nil {
		return nil, err
	}
	if d.adminListener, err = listenAdmin(o.StoreDir); err != nil {
		d.log.Warn("there is no admin socket, so no backup can be made while this process runs", "error", err)
	}
	d.sender, err = outbound.New(outbound.Options{
		Policy: o.policy(), Proxy: o.EgressProxy,
		UserAgent: "webhook-operator/" + o.Version, MaxIdle: memory.idle,
	})
	if err != nil {
		return nil, err
	}
	d.control = control.NewClient(control.ClientOptions{
		Socket: o.ControlSocket, Catalog: d.config, Serving: d.serving.set, Logger: o.Logger, Version: o.Version,
	})
	d.engine, err = engine.New(engine.Options{
		Store: d.store, Sender: d.sender, Logger: o.Logger, Report: d.control.Report, Jitter: rand.Float64,
		Follow: d.follow, Ended: d.ended, Tracer: d.tracer, CacheBytes: memory.cache, InFlightBytes: memory.inFlight,
	})
	if err != nil {
		return nil, err
	}
	d.config.engine = d.engine
	return d, d.serve(memory)
}

// listen makes the listeners for callers and for health checks.
func (d *Dispatcher) listen() (err error) {
	if d.apiListener, err = net.Listen("tcp", d.options.Listen); err != nil {
		return fmt.Errorf("listen for calls: %w", err)
	}
	if d.options.HealthAddress == "" {
		return nil
	}
	if d.healthListener, err = net.Listen("tcp", d.options.HealthAddress); err != nil {
		return fmt.Errorf("listen for health checks: %w", err)
	}
	return nil
}

// follow is intake's, which is made before any call ends.
func (d *Dispatcher) follow(call *store.Call, state store.State, result *store.Result) []*store.Entry {
	return d.intake.Follow(call, state, result)
}

// serve makes the HTTP servers.
func (d *Dispatcher) serve(memory budget) error {
	reserve, err := d.reserve()
	if err != nil {
		return err
	}
	d.room = admission.New(admission.Options{
		Disk: d.store, ReserveBytes: reserve, MaxStoreBytes: d.options.MaxStoreBytes,
		MemoryLimit: d.options.MemoryLimit, RequestBytes: memory.requests,
	})
	d.intake = intake.New(intake.Options{
		Catalog: &d.config.catalog, Store: d.store, Queue: d.engine, DataBytes: memory.data, CallBytes: memory.calls, Logger: d.log,
		Accepted: d.accepted, Tracer: d.tracer,
	})
	d.serveCalls(d.intake, memory)
	d.health = newServer(healthHandler(d.unready), d.log)
	d.admin = newServer(adminHandler(d.store, d.log), d.log)
	return nil
}

// serveCalls makes the server of the API.
func (d *Dispatcher) serveCalls(calls *intake.Intake, memory budget) {
	stopping := make(chan struct{})
	o := httpapi.Options{
		Intake: calls, Engine: d.engine, Admission: d.room, Calls: d.store, Logger: d.log, Tracer: d.tracer,
		Log: d.store, Catalog: &d.config.catalog, Tail: d.tail, Queues: &d.queues, MaxExports: memory.exports,
		Stopping: stopping, MaxWaits: max(1, memory.connections/2), Page: ui.Handler(), Metrics: d.metrics.Handler(), Counter: d.metrics,
	}
	if !d.options.InsecureNoAuth {
		d.access = access.New(access.Options{Reviewer: reviews{d.control, d.metrics}, MaxEntries: memory.verdicts, Logger: d.log})
		o.Access = d.access
	}
	d.api = newServer(httpapi.New(o), d.log)
	d.api.RegisterOnShutdown(func() { close(stopping) })
	if !d.options.InsecureHTTP {
		d.api.TLSConfig, d.api.HTTP2 = d.serving.config(), http2Config()
	}
	d.apiListener = boundConnections(d.api, d.apiListener, memory.connections, d.overloaded())
}

// unready says why calls cannot be taken in yet; nil if they can.
func (d *Dispatcher) unready() error {
	switch {
	case !d.config.catalog.Complete():
		return errors.New("no configuration has arrived yet")
	case !d.options.InsecureHTTP && !d.serving.ready():
		return errNoCertificate
	}
	return nil
}

// warn logs what of the options opens the API to others.
func (d *Dispatcher) warn() {
	if d.options.InsecureHTTP {
		d.log.Warn("calls are taken over plain HTTP: whoever sees the network reads them and the callers' tokens")
	}
	if d.options.InsecureNoAuth {
		d.log.Warn("callers are not authenticated: whoever reaches the address may send, read and cancel calls of every Webhook", "address", d.Address())
	}
}

// Address is the address that calls are taken on.
func (d *Dispatcher) Address() string { return d.apiListener.Addr().String() }

// HealthAddress is the address of the health checks; empty without them.
func (d *Dispatcher) HealthAddress() string {
	if d.healthListener == nil {
		return ""
	}
	return d.healthListener.Addr().String()
}

// Close closes a dispatcher that was opened and not run.
func (d *Dispatcher) Close() error { return d.close() }

// Run serves until ctx ends or something fails that cannot go on, then stops
// taking calls, lets attempts under way end, and closes the store. What waits
// stays in the store. It returns nil if ctx ended it.
func (d *Dispatcher) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serveUntil(ctx, d.api, d.apiListener) })
	if d.healthListener != nil {
		group.Go(func() error { return serveUntil(ctx, d.health, d.healthListener) })
	}
	if d.adminListener != nil {
		group.Go(func() error { return serveUntil(ctx, d.admin, d.adminListener) })
	}
	group.Go(func() error { return d.control.Run(ctx) })
	group.Go(func() error { d.room.Run(ctx); return nil })
	group.Go(func() error { d.queues.Run(ctx, d.engine.Depths); return nil })
	group.Go(func() error { return d.forgetKeys(ctx) })
	group.Go(func() error { return d.sweepLog(ctx) })
	group.Go(func() error {
		select {
		case err := <-d.engine.Failed():
			return fmt.Errorf("the store failed, so nothing can be accepted or sent until a restart: %w", err)
		case <-ctx.Done():
			return nil
		}
	})
	d.warn()
	d.log.Info("dispatcher started", "address", d.Address(), "store", d.options.StoreDir, "version", d.options.Version)
	stop := context.AfterFunc(ctx, d.engine.Stop)
	defer stop()
	err := group.Wait()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.options.DrainTimeout)
	defer cancel()
	d.engine.Drain(drain)
	err = errors.Join(err, d.close())
	d.log.Info("dispatcher stopped")
	return err
}

// forgetInterval is how often old idempotency keys are dropped.
const forgetInterval = time.Hour

// forgetKeys drops old idempotency keys until ctx ends.
func (d *Dispatcher) forgetKeys(ctx context.Context) error {
	tick := time.NewTicker(forgetInterval)
	defer tick.Stop()
	for {
		if err := d.store.Forget(time.Now()); err != nil {
			return fmt.Errorf("drop old idempotency keys: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// close closes what is open, the store last.
func (d *Dispatcher) close() error {
	var errs []error
	if d.engine != nil {
		d.engine.Drain(context.Background()) // nothing is under way, or it was drained before
	}
	if d.sender != nil {
		d.sender.Close()
	}
	d.calls.close()
	d.flushTraces()
	// The admin socket's file goes before the lock: after that it may be another's.
	for _, l := range []net.Listener{d.adminListener, d.healthListener, d.apiListener} {
		if l != nil {
			if err := l.Close(); !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	return errors.Join(errs...)
}

// Bounds of the HTTP servers. A caller that is slower than this is no caller.
const (
	readHeaderTimeout = 10 * time.Second // from the connection on, so a TLS handshake has as long
	readTimeout       = 30 * time.Second
	writeTimeout      = 2 * time.Minute // from the headers on, so a stalled disk is in it
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 24 << 10 // a token has up to 16 KiB; a path and an idempotency key less than 1
	shutdownTimeout   = 5 * time.Second
)

// newServer makes an HTTP server with all bounds set.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: serverLog(log), DisableGeneralOptionsHandler: true,
	}
}

// serveUntil serves until ctx ends, then lets requests under way end. Those that
// take longer than shutdownTimeout are cut off; nobody was told that their calls
// are accepted.
func serveUntil(ctx context.Context, s *http.Server, l net.Listener) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		stopped <- s.Shutdown(grace)
	})
	serve := s.Serve
	if s.TLSConfig != nil {
		serve = func(l net.Listener) error { return s.ServeTLS(l, "", "") } // the certificate is in the config
	}
	if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve HTTP on %s: %w", l.Addr(), err)
	}
	if err := <-stopped; errors.Is(err, context.DeadlineExceeded) {
		return s.Close()
	} else if err != nil {
		return errors.Join(fmt.Errorf("end the requests under way on %s: %w", l.Addr(), err), s.Close())
	}
	return nil
}
