//go:build unix

package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/rehearsal/internal/drill"
	"github.com/slipway-eks/slipway/rehearsal/internal/rehearse"
)

// errPlatform says that the drill's report, which is already written, is not good.
var errPlatform = errors.New("the platform broke its promises")

func drillCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Let something go wrong on a rehearsed stack, and see whether it keeps its promises",
		Long: `Let something go wrong on a rehearsed stack, and see whether it keeps its promises.

A drill takes place on the kept rehearsal of the stack, or on one of its own if none is kept. It prints what happens as it
happens, and then a verdict; it ends with an error if a promise was broken.`,
	}
	cmd.AddCommand(
		lossCommand("node-loss", "End the instance with the most pods", drill.NodeLoss),
		lossCommand("zone-loss", "End all instances of the zone with the most pods", drill.ZoneLoss),
		serviceCommand("spike", "Give a service so much load that it needs its most pods", drill.Spike),
		serviceCommand("bad-release", "Roll out an image of a service that never becomes ready", drill.BadRelease),
		figuresCommand(),
	)
	return cmd
}

func lossCommand(name, short string, perform func(context.Context, drill.Options) (*drill.Report, error)) *cobra.Command {
	f := flags{}
	cmd := &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.drill(cmd, perform) },
	}
	f.register(cmd)
	f.registerSpeed(cmd)
	return cmd
}

func serviceCommand(
	name, short string, perform func(context.Context, drill.Options, string) (*drill.Report, error),
) *cobra.Command {
	f := flags{}
	cmd := &cobra.Command{
		Use: name + " SERVICE", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.drill(cmd, func(ctx context.Context, o drill.Options) (*drill.Report, error) {
				return perform(ctx, o, args[0])
			})
		},
	}
	f.register(cmd)
	f.registerSpeed(cmd)
	return cmd
}

func (f *flags) drill(cmd *cobra.Command, perform func(context.Context, drill.Options) (*drill.Report, error)) error {
	options, err := f.options(cmd)
	if err != nil {
		return err
	}
	report, err := rehearse.Drill(cmd.Context(), options, perform)
	if report == nil {
		return err
	}
	if err == nil {
		err = report.WriteText(f.people(cmd))
	}
	if f.json {
		err = errors.Join(err, report.WriteJSON(cmd.OutOrStdout()))
	}
	if err == nil && !report.Kept {
		err = errPlatform
	}
	return err
}
