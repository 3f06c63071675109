//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/slipway-eks/slipway/stacks"
	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/rehearsal/internal/rehearse"
	"github.com/slipway-eks/slipway/rehearsal/internal/toolchain"
)

// errBroken says that the report, which is already written, is not good.
var errBroken = errors.New("a promise was broken")

// flags are those that all commands share.
type flags struct {
	root    string
	stack   string
	json    bool
	verbose bool
	speed   float64
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "slipway",
		Short:         "Rehearse a platform on Amazon EKS without a cloud account",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		rehearseCommand(), upCommand(), previewCommand(), statusCommand(), drillCommand(), kubeconfigCommand(), destroyCommand(),
	)
	return root
}

func rehearseCommand() *cobra.Command {
	f, keep := flags{}, false
	cmd := &cobra.Command{
		Use:   "rehearse",
		Short: "Take a stack through preview, update, refresh and destroy, in a simulated account",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := f.options(cmd)
			if err != nil {
				return err
			}
			options.Keep = keep
			report, err := rehearse.Run(cmd.Context(), options)
			return f.finish(cmd, report, err)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&keep, "keep", false, "keep what is deployed, so that the next rehearsal updates it")
	return cmd
}

func destroyCommand() *cobra.Command {
	f, force := flags{}, false
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "End a kept rehearsal",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := f.options(cmd)
			if err != nil {
				return err
			}
			report, err := rehearse.Destroy(cmd.Context(), options, force)
			return f.finish(cmd, report, err)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "only forget it, without asking the engine to destroy it")
	return cmd
}

func (f *flags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.stack, "stack", "", "name of the stack, whose settings are in Pulumi.<stack>.yaml")
	cmd.Flags().StringVar(&f.root, "root", "", "folder of Pulumi.yaml (default: found from the current folder upwards)")
	cmd.Flags().BoolVar(&f.json, "json", false, "write the report as JSON to standard output, and all else to standard error")
	cmd.Flags().BoolVar(&f.verbose, "verbose", false, "also show what the Pulumi CLI says")
	_ = cmd.MarkFlagRequired("stack") // fails only for a flag that does not exist
}

// options finds the project and the tools.
func (f *flags) options(cmd *cobra.Command) (rehearse.Options, error) {
	if err := f.checkSpeed(); err != nil {
		return rehearse.Options{}, err
	}
	root, err := f.findRoot()
	if err != nil {
		return rehearse.Options{}, err
	}
	source, err := toolchain.Source(".")
	if err != nil {
		return rehearse.Options{}, err
	}
	tools, err := toolchain.New(source, cmd.ErrOrStderr())
	if err != nil {
		return rehearse.Options{}, err
	}
	set, err := tools.Find(cmd.Context())
	if err != nil {
		return rehearse.Options{}, err
	}
	o := rehearse.Options{
		Root: root, Stack: f.stack, Tools: set, Program: stacks.DeployFrom(root), Progress: f.people(cmd),
		Speed: f.speed,
	}
	if f.verbose {
		o.Verbose = cmd.ErrOrStderr()
	}
	fmt.Fprintf(o.Progress, "Rehearsing %s with Pulumi %s, in a simulated account\n", f.stack, set.PulumiVersion)
	return o, nil
}

// finish writes the report, if there is one.
func (f *flags) finish(cmd *cobra.Command, report *rehearse.Report, err error) error {
	if report == nil {
		return err
	}
	if err == nil {
		report.WriteText(f.people(cmd))
	}
	if f.json {
		err = errors.Join(err, report.WriteJSON(cmd.OutOrStdout()))
	}
	if err == nil && !report.Passed {
		err = errBroken
	}
	return err
}

// people is where text goes that no program reads.
func (f *flags) people(cmd *cobra.Command) io.Writer {
	if f.json {
		return cmd.ErrOrStderr()
	}
	return cmd.OutOrStdout()
}

// findRoot returns the folder of Pulumi.yaml, here or above.
func (f *flags) findRoot() (string, error) {
	if f.root != "" {
		return filepath.Abs(f.root)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the project: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "Pulumi.yaml")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("finding the project: no Pulumi.yaml here or above; name its folder with --root")
		}
		dir = parent
	}
}
