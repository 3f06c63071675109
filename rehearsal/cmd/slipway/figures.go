//go:build unix

package main

import (
	"context"
	_ "embed" // the text around the figures
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/rehearsal/internal/drill"
	"github.com/slipway-eks/slipway/rehearsal/internal/rehearse"
)

//go:embed figures.md
var figuresText string

// figuresCommand writes what every drill finds on some stacks.
func figuresCommand() *cobra.Command {
	out := ""
	cmd := &cobra.Command{
		Use:   "figures FOLDER:STACK...",
		Short: "Perform every drill on some stacks and write the figures into a document",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var rows strings.Builder
			var broken []error
			for _, arg := range args {
				root, stack, found := strings.Cut(arg, ":")
				if !found {
					return fmt.Errorf("%q: want FOLDER:STACK", arg)
				}
				reports, err := everyDrill(cmd, root, stack)
				if err != nil {
					return fmt.Errorf("%s: %w", stack, err)
				}
				for _, r := range reports {
					rows.WriteString(row(stack, r))
					for _, b := range r.Broken {
						broken = append(broken, fmt.Errorf("%s, %s: %s", stack, r.Drill, b))
					}
				}
			}
			if err := os.WriteFile(out, []byte(strings.Replace(figuresText, "ROWS\n", rows.String(), 1)), 0o644); err != nil {
				return fmt.Errorf("writing the figures: %w", err)
			}
			return errors.Join(broken...)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the document to write")
	_ = cmd.MarkFlagRequired("out") // fails only for a flag that does not exist
	return cmd
}

// everyDrill deploys a stack once and performs all drills on it, those about a service on the one that may have the most
// pods.
func everyDrill(cmd *cobra.Command, root, stack string) ([]*drill.Report, error) {
	f := flags{stack: stack, root: root}
	options, err := f.options(cmd)
	if err != nil {
		return nil, err
	}
	var reports []*drill.Report
	_, err = rehearse.Drill(cmd.Context(), options, func(ctx context.Context, o drill.Options) (*drill.Report, error) {
		service, err := drill.LargestService(ctx, o)
		if err != nil {
			return nil, err
		}
		var last *drill.Report
		for _, perform := range []func() (*drill.Report, error){
			func() (*drill.Report, error) { return drill.NodeLoss(ctx, o) },
			func() (*drill.Report, error) { return drill.ZoneLoss(ctx, o) },
			func() (*drill.Report, error) { return drill.Spike(ctx, o, service) },
			func() (*drill.Report, error) { return drill.BadRelease(ctx, o, service) },
		} {
			if last, err = perform(); err != nil {
				return nil, err
			}
			// Each drill is to find the platform as it is when nothing has gone wrong.
			if err := drill.Rebalance(ctx, o); err != nil {
				return nil, err
			}
			reports = append(reports, last)
		}
		return last, nil
	})
	return reports, err
}

// row is a line of the table. Seconds are rounded: they differ a little from run to run.
func row(stack string, r *drill.Report) string {
	verdict := "kept"
	if !r.Kept {
		verdict = "**broken**: " + strings.Join(r.Broken, "; ")
	}
	lowest := ""
	share := 2.0
	for _, s := range r.Services {
		if now := float64(s.Lowest) / float64(max(s.Wanted, 1)); !s.AddOn && s.Wanted > 1 && now < share {
			share, lowest = now, fmt.Sprintf("%d of %d", s.Lowest, s.Wanted)
		}
	}
	subject := ""
	if r.Drill == "spike" || r.Drill == "bad-release" {
		subject = " " + r.Subject
	}
	return fmt.Sprintf("| %s | %s%s | %s | %s | %d, %d, %d | %d | %.0f s |\n", stack, r.Drill, subject, verdict, lowest,
		r.NodesBefore, r.NodesLeast, r.NodesAfter, len(r.Pending), roundTo(r.RecoverySeconds, 10))
}

func roundTo(x, unit float64) float64 { return float64(int(x/unit+0.5)) * unit }
