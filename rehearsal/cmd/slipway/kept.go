//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/rehearsal/internal/rehearse"
)

func upCommand() *cobra.Command {
	return operation("up", "Deploy a stack into a simulated account, and keep it", rehearse.Up)
}

func previewCommand() *cobra.Command {
	return operation("preview", "Say what up would change", rehearse.Preview)
}

func operation(
	name, short string, run func(context.Context, rehearse.Options) (*rehearse.Report, error),
) *cobra.Command {
	f := flags{}
	cmd := &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := f.options(cmd)
			if err != nil {
				return err
			}
			report, err := run(cmd.Context(), options)
			return f.finish(cmd, report, err)
		},
	}
	f.register(cmd)
	f.registerSpeed(cmd)
	return cmd
}

func statusCommand() *cobra.Command {
	f := flags{}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the nodes of a kept rehearsal with their pods, its autoscalers, and pods without a place",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := f.options(cmd)
			if err != nil {
				return err
			}
			s, err := rehearse.Status(cmd.Context(), options)
			if err != nil {
				return err
			}
			if f.json {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(s)
			}
			return s.WriteText(cmd.OutOrStdout())
		},
	}
	f.register(cmd)
	return cmd
}

func kubeconfigCommand() *cobra.Command {
	f := flags{}
	cmd := &cobra.Command{
		Use:   "kubeconfig",
		Short: "Run the cluster of a kept rehearsal for kubectl, until ctrl-C",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := f.options(cmd)
			if err != nil {
				return err
			}
			return rehearse.Serve(cmd.Context(), options, func(kubeconfig, path string) error {
				file := filepath.Join(filepath.Dir(path), "kubeconfig")
				if err := os.WriteFile(file, []byte(kubeconfig), 0o600); err != nil {
					return fmt.Errorf("writing the kubeconfig: %w", err)
				}
				fmt.Fprintf(f.people(cmd), "The cluster of %s runs until ctrl-C. In another shell:\n\n"+
					"  export PATH=%s:$PATH KUBECONFIG=%s\n  kubectl get pods --all-namespaces\n", options.Stack, path, file)
				return nil
			})
		},
	}
	f.register(cmd)
	return cmd
}

// registerSpeed adds the flag of commands that deploy or wait.
func (f *flags) registerSpeed(cmd *cobra.Command) {
	cmd.Flags().Float64Var(&f.speed, "speed", 0, "how much faster than in AWS nodes and pods are (default 20)")
}

// checkSpeed refuses what is no speed.
func (f *flags) checkSpeed() error {
	if f.speed < 0 || f.speed > 0 && f.speed < 1 {
		return errors.New("--speed: must be 1 or more")
	}
	return nil
}
