//go:build unix

// Package pulumicmd runs the Pulumi CLI for the Automation API with an environment of its own.
//
// The Automation API's own runner hands down the caller's whole environment, and with it AWS credentials, proxies and
// kubeconfigs that a rehearsal must not see.
package pulumicmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/blang/semver"

	"github.com/slipway-eks/slipway/rehearsal/internal/child"
)

// stopDelay is what the engine gets, after an interrupt, to finish the operations it began and to save its state.
const stopDelay = 20 * time.Second

// Command is an auto.PulumiCommand.
type Command struct {
	path    string
	version semver.Version
	env     []string
}

// New returns the CLI of a version at path. It sees the variables in env and those that an operation adds, no others.
func New(path, version string, env []string) (*Command, error) {
	parsed, err := semver.ParseTolerant(version)
	if err != nil {
		return nil, fmt.Errorf("reading the Pulumi CLI's version: %w", err)
	}
	return &Command{path: path, version: parsed, env: env}, nil
}

// Version is the version of the CLI.
func (c *Command) Version() semver.Version { return c.version }

// argsKey is the key of a context's arguments.
type argsKey struct{}

// WithArgs returns a context in which the CLI gets arguments that the Automation API has no option for.
func WithArgs(ctx context.Context, args ...string) context.Context {
	return context.WithValue(ctx, argsKey{}, args)
}

func added(ctx context.Context) []string {
	args, _ := ctx.Value(argsKey{}).([]string)
	return args
}

// Run executes the CLI. When ctx ends it is interrupted once, which makes it finish in order.
func (c *Command) Run(
	ctx context.Context, workdir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string,
) (string, string, int, error) {
	args = append(args, added(ctx)...)
	cmd := exec.CommandContext(ctx, c.path, append([]string{"--non-interactive"}, args...)...)
	cmd.Dir = workdir
	cmd.Env = append(append(append([]string{}, c.env...), env...), "PULUMI_AUTOMATION_API=true")
	cmd.Stdin = stdin
	var out, said bytes.Buffer
	cmd.Stdout = io.MultiWriter(append(append([]io.Writer{}, stdout...), &out)...)
	cmd.Stderr = io.MultiWriter(append(append([]io.Writer{}, stderr...), &said)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopDelay
	child.Detach(cmd)

	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("running pulumi %s: %w", strings.Join(args[:min(2, len(args))], " "), err)
	}
	code := -1
	if cmd.ProcessState != nil {
		code = cmd.ProcessState.ExitCode()
	}
	return out.String(), said.String(), code, err
}
