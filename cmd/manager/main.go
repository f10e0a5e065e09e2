// Command manager reconciles WebhookIntegrations and Webhooks into the
// configuration of the dispatcher beside it, and writes their status.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/maestra-io/webhook-operator/controllers"
)

// version is set by the linker.
var version = "dev"

func main() {
	if err := run(ctrl.SetupSignalHandler(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

// run parses args and runs the manager until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := controllers.Options{Version: version}
	level := slog.LevelInfo
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are returned, without the usage around them
	flags.StringVar(&o.ControlSocket, "control-socket", "", "path of the Unix socket that the dispatcher connects to")
	flags.StringVar(&o.HealthAddress, "health-address", "", "address of /healthz and /readyz; none if empty")
	flags.StringVar(&o.MetricsAddress, "metrics-address", ":8444", "address of /metrics, over TLS with the serving certificate; none if empty or 0")
	flags.StringVar(&o.Serving.Namespace, "namespace", "", "namespace of the operator, where the serving certificate is kept; that of the pod if empty")
	flags.StringVar(&o.Serving.Service, "service-name", "webhook-dispatcher", "name of the Service in front of the dispatcher, for the serving certificate")
	flags.StringVar(&o.Serving.Secret, "serving-secret", "", "Secret of the type kubernetes.io/tls whose certificate the dispatcher shows to callers; one of the operator's own if empty")
	flags.TextVar(&level, "log-level", level, "least level that is logged: DEBUG, INFO, WARN or ERROR")
	showVersion := flags.Bool("version", false, "print the version and exit")
	config.RegisterFlags(flags) // --kubeconfig
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return nil
	case err != nil:
		return fmt.Errorf("%w; see --help", err)
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; see --help", flags.Arg(0))
	case *showVersion:
		_, err := fmt.Fprintln(stdout, version)
		return err
	case o.ControlSocket == "":
		return errors.New("--control-socket is missing; give the path of the socket that the dispatcher connects to")
	}
	if o.Serving.Namespace == "" {
		o.Serving.Namespace = namespaceOfPod()
	}
	if err := o.Check(); err != nil {
		return err
	}
	restConfig, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the API server: %w; give --kubeconfig or run inside a cluster", err)
	}
	o.RestConfig = restConfig
	o.Logger = logr.FromSlogHandler(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level}))
	ctrl.SetLogger(o.Logger)
	klog.SetLogger(o.Logger) // client-go's, which would write text to standard error
	return controllers.Run(ctx, o)
}

// namespaceOfPod is the namespace of the service account; empty outside of a cluster.
func namespaceOfPod() string {
	text, err := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
	if err != nil {
		return "" // the caller says what to do
	}
	return strings.TrimSpace(string(text))
}
