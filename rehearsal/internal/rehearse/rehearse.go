//go:build unix

package rehearse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/rehearsal/ekshost"
	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
	"github.com/slipway-eks/slipway/rehearsal/internal/toolchain"
)

// Options say what to rehearse.
type Options struct {
	// Root is the folder of Pulumi.yaml.
	Root string
	// Stack is the stack's name.
	Stack string
	// Keep leaves what was deployed, for the next rehearsal to update.
	Keep bool
	// Speed is how much faster than in AWS time passes for nodes and pods. Default: engine.DefaultSpeed.
	Speed float64
	// Timing is what else is shortened.
	Timing controlplane.Timing
	// Program is the stack's program.
	Program pulumi.RunFunc
	// Tools are the Pulumi CLI and its companions.
	Tools toolchain.Set
	// Progress receives a line a step.
	Progress io.Writer
	// Verbose also receives what the Pulumi CLI says. Optional.
	Verbose io.Writer
}

// Run rehearses a stack. Broken promises are in the report; the error is for a rehearsal that could not take place.
func Run(ctx context.Context, o Options) (*Report, error) {
	start := time.Now()
	subject, err := Read(o.Root, o.Stack, start)
	if err != nil {
		return nil, err
	}
	r := &rehearsal{options: o, report: newReport(o.Stack, subject)}
	err = within(ctx, o, subject, func(run *engine.Run) error {
		r.run = run
		return r.perform(ctx)
	})
	r.report.Seconds = seconds(time.Since(start))
	r.report.Passed = err == nil && len(r.report.Failures) == 0
	return r.report, err
}

// Destroy ends a kept rehearsal. With force, it does not ask the engine to, but only forgets.
func Destroy(ctx context.Context, o Options, force bool) (*Report, error) {
	kept := filepath.Join(o.Root, Folder, o.Stack)
	if _, err := os.Stat(kept); err != nil {
		return nil, fmt.Errorf("no rehearsal of %s is kept in %s", o.Stack, filepath.Join(o.Root, Folder))
	}
	if force {
		return &Report{Stack: o.Stack, Passed: true}, forget(o)
	}
	start := time.Now()
	subject, err := Read(o.Root, o.Stack, start)
	if err != nil {
		return nil, err
	}
	o.Keep = true
	r := &rehearsal{options: o, report: newReport(o.Stack, subject)}
	err = within(ctx, o, subject, func(run *engine.Run) error {
		r.run = run
		return r.destroy(ctx)
	})
	r.report.Seconds = seconds(time.Since(start))
	r.report.Passed = err == nil && len(r.report.Failures) == 0
	if r.report.Passed {
		err = forget(o)
	}
	return r.report, err
}

func forget(o Options) error {
	place, err := take(o.Root, o.Stack, true)
	if err != nil {
		return err
	}
	return errors.Join(place.remove(), place.lock.Release())
}

// within runs do with everything started, and stops and removes all of it afterwards.
func within(ctx context.Context, o Options, subject Subject, do func(*engine.Run) error) (err error) {
	place, err := take(o.Root, o.Stack, o.Keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, place.lock.Release()) }()
	if !o.Keep {
		defer func() { err = errors.Join(err, place.remove()) }()
	}
	host, stop, err := startEKS(ctx, o.Tools, place.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	run, err := engine.Open(ctx, engine.Options{
		Dir: place.dir, Tools: o.Tools, EKS: host, Log: o.Verbose, Stack: o.Stack, Program: o.Program,
		Project: subject.Project, Settings: subject.Settings, Secrets: subject.Secrets, Account: subject.Account,
		StackOutputs: subject.StackOutputs,
		Clusters:     engine.Clusters{Speed: o.Speed, Timing: o.Timing},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	return do(run)
}

func startEKS(ctx context.Context, tools toolchain.Set, dir string) (*ekshost.Host, func() error, error) {
	if err := os.MkdirAll(filepath.Join(dir, "log"), 0o700); err != nil {
		return nil, nil, fmt.Errorf("making a folder for logs: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, "log", "eks.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("opening log: %w", err)
	}
	host, err := ekshost.Start(ctx, ekshost.Options{
		Node: tools.Node, Modules: tools.EKS, Dir: filepath.Join(dir, "eks"), Log: log,
	})
	if err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, nil, errors.Join(fmt.Errorf("%w\n%s", err, said), log.Close())
	}
	return host, func() error { return errors.Join(host.Close(), log.Close()) }, nil
}
