package controllers

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// Command is "usher manager": the operator, until the command's context ends.
func Command() *cobra.Command {
	o := Options{Registry: metrics.Registry}
	var level, kubeconfig, kubecontext string
	cmd := &cobra.Command{
		Use:   "manager",
		Short: "Run the operator",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var threshold slog.Level
			if err := threshold.UnmarshalText([]byte(strings.ToUpper(level))); err != nil {
				return fmt.Errorf("--log-level %q: write debug, info, warn or error", level)
			}
			o.Log = logr.FromSlogHandler(slog.NewJSONHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: threshold}))
			ctrllog.SetLogger(o.Log)
			klog.SetLogger(o.Log)
			cfg, err := restConfig(kubeconfig, kubecontext)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return run(ctx, cfg, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Image, "runtime-image", os.Getenv("USHER_IMAGE"), "image of the runtime (USHER_IMAGE)")
	flags.StringVar(&o.Namespace, "namespace", cmp.Or(os.Getenv("POD_NAMESPACE"), "usher-system"), "namespace of the operator (POD_NAMESPACE)")
	flags.BoolVar(&o.LeaderElection, "leader-elect", true, "of several operators let only one act")
	flags.StringVar(&o.MetricsAddress, "metrics-bind-address", ":9090", "address of the metrics; 0 for none")
	flags.StringVar(&o.HealthAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 for none")
	flags.StringVar(&level, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig file; without one the pod's own account (KUBECONFIG)")
	flags.StringVar(&kubecontext, "context", "", "context of the kubeconfig file; its current one when empty")
	return cmd
}

func run(ctx context.Context, cfg *rest.Config, o Options) error {
	m, err := New(cfg, o)
	if err != nil {
		return err
	}
	return m.Start(ctrl.LoggerInto(ctx, o.Log))
}

// restConfig reads a kubeconfig file, or without one takes the pod's account.
func restConfig(path, context string) (*rest.Config, error) {
	var cfg *rest.Config
	var err error
	if path == "" && context == "" {
		if cfg, err = rest.InClusterConfig(); err != nil {
			return nil, fmt.Errorf("finding the cluster: %w; outside of one give --kubeconfig", err)
		}
	} else {
		cfg, err = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
			&clientcmd.ClientConfigLoadingRules{Precedence: strings.Split(path, ":")},
			&clientcmd.ConfigOverrides{CurrentContext: context}).ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("reading the kubeconfig %s: %w", path, err)
		}
	}
	cfg.UserAgent = "usher-operator"
	// The API server's own fairness bounds us; the client's would slow a large start down.
	cfg.QPS = -1
	return cfg, nil
}
