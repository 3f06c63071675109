// Command kwok is KWOK (https://kwok.sigs.k8s.io), which plays the kubelets of simulated nodes. It takes KWOK's own
// flags. It is a module of its own, because KWOK is made for an older Kubernetes than the control plane.
//
// It differs from KWOK's own command in one thing: it ends with its standard input. Whoever starts it holds the other
// end of a pipe, which the system closes however that process ends. So a killed rehearsal leaves nothing running.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

// orphanGrace is what KWOK gets to end in order after its starter is gone.
const orphanGrace = 5 * time.Second

func main() {
	go endWithInput()
	if err := run(signals.SetupSignalContext()); err != nil {
		fmt.Fprintln(os.Stderr, "kwok:", err)
		os.Exit(1)
	}
}

// run reads the configuration files before the flags, as KWOK's own command does: they are the flags' defaults.
func run(ctx context.Context) error {
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsWhitelist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ = log.InitFlags(ctx, flags)
	ctx, err := config.InitFlags(ctx, flags)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	command := cmd.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(flags)
	return command.ExecuteContext(ctx)
}

// endWithInput asks this process to stop when its input ends, and insists after a while.
func endWithInput() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
	time.Sleep(orphanGrace)
	os.Exit(1)
}
