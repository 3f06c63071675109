//go:build unix

package rehearse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/slipway-eks/slipway/rehearsal/internal/clusters"
	"github.com/slipway-eks/slipway/rehearsal/internal/drill"
	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
	"github.com/slipway-eks/slipway/rehearsal/internal/status"
)

// Preview says what Up would change in the kept rehearsal, or in an empty account if none is kept.
func Preview(ctx context.Context, o Options) (*Report, error) {
	o.Keep = kept(o)
	return single(ctx, o, func(r *rehearsal) error {
		_, err := r.operate(ctx, "preview", r.run.Preview)
		return err
	})
}

// Up deploys the stack and keeps it.
func Up(ctx context.Context, o Options) (*Report, error) {
	o.Keep = true
	return single(ctx, o, func(r *rehearsal) error {
		up, err := r.operate(ctx, "up", r.run.Up)
		if err != nil {
			return err
		}
		r.report.Kept = r.run.Dir()
		r.report.Outputs = masked(up.Outputs)
		return nil
	})
}

// single runs one operation; what it fails with is in the report.
func single(ctx context.Context, o Options, do func(*rehearsal) error) (*Report, error) {
	start := time.Now()
	subject, err := Read(o.Root, o.Stack, start)
	if err != nil {
		return nil, err
	}
	r := &rehearsal{options: o, report: newReport(o.Stack, subject)}
	err = within(ctx, o, subject, func(run *engine.Run) error {
		r.run = run
		err := do(r)
		if err != nil && ctx.Err() == nil {
			r.fail("%s", err)
			err = nil
		}
		return err
	})
	r.report.Seconds = seconds(time.Since(start))
	r.report.Passed = err == nil && len(r.report.Failures) == 0
	return r.report, err
}

// kept says whether a rehearsal of the stack is kept.
func kept(o Options) bool {
	_, err := os.Stat(filepath.Join(o.Root, Folder, o.Stack))
	return err == nil
}

// Status says how the kept rehearsal's cluster stands.
func Status(ctx context.Context, o Options) (*status.Status, error) {
	var s *status.Status
	err := withCluster(ctx, o, func(c *clusters.Cluster) error {
		if err := c.Fleet().WaitSettled(ctx); err != nil {
			return err
		}
		var err error
		s, err = status.Read(ctx, c.Client(), c.Fleet().Nodes())
		return err
	})
	return s, err
}

// Serve runs the kept rehearsal's cluster until ctx ends, for kubectl and the like. ready is told the kubeconfig of the
// stack and the folder of the AWS CLI's stand-in, which it needs first on PATH.
func Serve(ctx context.Context, o Options, ready func(kubeconfig, path string) error) error {
	return withRun(ctx, o, func(run *engine.Run) error {
		kubeconfig, err := run.Pulumi(ctx, "stack", "output", "kubeconfig", "--show-secrets")
		if err != nil {
			return fmt.Errorf("reading the stack's output kubeconfig: %w", err)
		}
		if err := ready(kubeconfig, run.Shims()); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
}

// Drill lets something go wrong on the kept rehearsal or, if none is kept, on one of its own.
func Drill(
	ctx context.Context, o Options, perform func(context.Context, drill.Options) (*drill.Report, error),
) (*drill.Report, error) {
	subject, err := Read(o.Root, o.Stack, time.Now())
	if err != nil {
		return nil, err
	}
	o.Keep = kept(o)
	var report *drill.Report
	err = within(ctx, o, subject, func(run *engine.Run) error {
		if !o.Keep {
			r := &rehearsal{options: o, report: newReport(o.Stack, subject), run: run}
			if _, err := r.operate(ctx, "up", run.Up); err != nil {
				return err
			}
		}
		cluster, err := clusterOf(run)
		if err != nil {
			return err
		}
		report, err = perform(ctx, drill.Options{
			Cluster: cluster, Speed: run.Clusters().Speed,
			Say: func(e drill.Entry) { drill.WriteEntry(o.Progress, e) },
		})
		if report != nil {
			report.Shortened = append(run.Clusters().Timing.Shortened(), report.Shortened...)
		}
		return err
	})
	return report, err
}

// withCluster runs do with the cluster of the kept rehearsal.
func withCluster(ctx context.Context, o Options, do func(*clusters.Cluster) error) error {
	return withRun(ctx, o, func(run *engine.Run) error {
		cluster, err := clusterOf(run)
		if err != nil {
			return err
		}
		return do(cluster)
	})
}

func withRun(ctx context.Context, o Options, do func(*engine.Run) error) error {
	if !kept(o) {
		return fmt.Errorf("no rehearsal of %s is kept; make one with: slipway up --stack %s", o.Stack, o.Stack)
	}
	subject, err := Read(o.Root, o.Stack, time.Now())
	if err != nil {
		return err
	}
	o.Keep = true
	return within(ctx, o, subject, do)
}

// clusterOf returns the only cluster of a run.
func clusterOf(run *engine.Run) (*clusters.Cluster, error) {
	set := run.Cloud().Clusters
	names := set.Names()
	if len(names) != 1 {
		return nil, errors.New("the account has not exactly one cluster")
	}
	return set.Cluster(names[0])
}
