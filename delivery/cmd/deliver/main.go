// Command deliver takes a merged pull request to running pods. Each step of a pipeline is one of its subcommands, and each
// can be run again without harm.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := rootCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "deliver:", err)
		os.Exit(exitCode(err))
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "deliver",
		Short:         "from a merged pull request to running pods",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().String("root", ".", "folder of the project: where Pulumi.yaml and the git repository are")
	root.AddCommand(releaseCommands()...)
	root.AddCommand(reportCommands()...)
	return root
}
