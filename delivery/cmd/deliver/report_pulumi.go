package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/delivery/internal/failure"
	"github.com/slipway-eks/slipway/delivery/internal/preview"
	"github.com/slipway-eks/slipway/delivery/internal/pulumicli"
)

// pulumiOptions are those of both commands that run Pulumi.
type pulumiOptions struct {
	stack, pulumi, program string
}

func (o *pulumiOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.stack, "stack", "", "the stack")
	cmd.Flags().StringVar(&o.pulumi, "pulumi", "pulumi", "the Pulumi CLI")
	cmd.Flags().StringVar(&o.program, "program", "", "a compiled program that Pulumi runs, so that it compiles none")
}

func (r reporter) previewCommand() *cobra.Command {
	o, file := &pulumiOptions{}, ""
	cmd := &cobra.Command{
		Use:   "preview --stack STACK [-- ARGUMENTS OF pulumi preview]",
		Short: "write what `pulumi up` would do, as JSON",
		Long: `Runs pulumi preview and writes what it prints as JSON, for deliver comment. Exits as Pulumi does.
The file is written also where the preview failed: then it says why.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, func(cli pulumicli.CLI) error { return runPreview(cmd, cli, o.stack, file, args) })
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&file, "out", "preview.json", "file to write")
	return mustHave(cmd, "stack")
}

func runPreview(cmd *cobra.Command, cli pulumicli.CLI, stack, file string, args []string) error {
	fmt.Fprintf(cli.Err, "previewing stack %s, which takes some minutes\n", stack)
	var shown strings.Builder
	cli.Err = io.MultiWriter(cli.Err, &shown)
	text, failed := cli.Preview(cmd.Context(), stack, args...)
	if text == nil {
		return failed
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return errors.Join(failed, fmt.Errorf("writing the preview: %w", err))
	}
	digest, err := preview.Parse(text)
	if err != nil {
		return errors.Join(failed, err)
	}
	// With --json Pulumi says most problems in the JSON alone.
	for _, problem := range digest.Errors() {
		if !strings.Contains(shown.String(), problem.Text()) {
			fmt.Fprintln(cli.Err, problem.Text())
		}
	}
	explain(cli.Err, failure.Explain(digest.Diagnostics))
	return failed
}

func (r reporter) upCommand() *cobra.Command {
	o := &pulumiOptions{}
	cmd := &cobra.Command{
		Use:   "up --stack STACK [-- ARGUMENTS OF pulumi up]",
		Short: "deploy, and explain a failure",
		Long: `Runs pulumi up. Exits as Pulumi does. Where the cluster was not reached, a roll-out did not finish or the
configuration was refused, it says so, of what, and what to do.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, func(cli pulumicli.CLI) error {
				said, err := cli.Up(cmd.Context(), o.stack, args...)
				if err != nil {
					explain(cli.Err, withProbes(cmd.Context(), cli, o.stack, failure.Explain(said)))
				}
				return err
			})
		},
	}
	o.flags(cmd)
	return mustHave(cmd, "stack")
}

// withProbes adds what the kubelets warned of, where Pulumi did not say which probe failed.
func withProbes(ctx context.Context, cli pulumicli.CLI, stack string, reasons []failure.Reason) []failure.Reason {
	for i := range reasons {
		if len(reasons[i].Pods) == 0 || reasons[i].ProbeKnown || ctx.Err() != nil {
			continue
		}
		quiet := cli
		quiet.Err = io.Discard
		lines, err := quiet.Warnings(ctx, stack, reasons[i].Pods)
		if err != nil {
			lines = append(lines, "Which probe failed could not be asked: "+err.Error())
		}
		reasons[i].Details = append(lines, reasons[i].Details...)
	}
	return reasons
}

// run calls do with the CLI, and with the compiled program in the project if there is one.
func (o *pulumiOptions) run(cmd *cobra.Command, do func(pulumicli.CLI) error) error {
	root, err := cmd.Flags().GetString("root")
	if err != nil {
		return err
	}
	if o.program != "" {
		restore, err := pulumicli.UseProgram(root, o.program)
		if err != nil {
			return err
		}
		defer func() {
			if err := restore(); err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "deliver:", err)
			}
		}()
	}
	return do(pulumicli.CLI{Path: o.pulumi, Root: root, Out: cmd.OutOrStdout(), Err: cmd.ErrOrStderr()})
}
