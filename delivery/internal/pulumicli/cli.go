// Package pulumicli runs the Pulumi CLI for a pipeline.
//
//	cli := pulumicli.CLI{Path: "pulumi", Root: ".", Out: os.Stdout, Err: os.Stderr}
//	said, err := cli.Up(ctx, "dev")
package pulumicli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-eks/slipway/delivery/internal/preview"
)

// stopDelay is what Pulumi gets, after an interrupt, to finish what it began and to save its state.
const stopDelay = 10 * time.Minute

// CLI is a Pulumi CLI and the project that it works on.
type CLI struct {
	// Path is the command.
	Path string
	// Root is the folder of Pulumi.yaml.
	Root string
	// Out and Err receive what the CLI prints, as it prints it.
	Out, Err io.Writer
}

// Preview says what Up would do, as the JSON that `pulumi preview --json` prints. Where Pulumi ended before it could
// plan anything, the JSON has what it said as its only diagnostic. An error of Pulumi's is returned with the JSON.
func (c CLI) Preview(ctx context.Context, stack string, args ...string) ([]byte, error) {
	var out, said bytes.Buffer
	c.Out, c.Err = &out, io.MultiWriter(c.Err, &said)
	failed := c.run(ctx, nil, append([]string{"preview", "--stack", stack, "--json"}, args...)...)
	if _, err := preview.Parse(out.Bytes()); err == nil {
		return out.Bytes(), failed
	}
	if failed == nil {
		return nil, errors.New("pulumi preview --json printed no preview")
	}
	message := strings.TrimSpace(said.String() + out.String())
	if message == "" {
		message = failed.Error()
	}
	text, err := json.MarshalIndent(map[string]any{
		"diagnostics": []preview.Diagnostic{{Message: message, Severity: "error"}},
	}, "", "    ")
	if err != nil {
		return nil, errors.Join(failed, err)
	}
	return append(text, '\n'), failed
}

// Up deploys, and returns what Pulumi said of each resource.
func (c CLI) Up(ctx context.Context, stack string, args ...string) ([]preview.Diagnostic, error) {
	folder, err := os.MkdirTemp("", "deliver-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for Pulumi's events: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // it holds inputs of resources
	log := filepath.Join(folder, "events.jsonl")
	failed := c.run(ctx, []string{"PULUMI_DEBUG_COMMANDS=true"}, // which gives the CLI the flag event-log
		append([]string{"up", "--stack", stack, "--yes", "--skip-preview", "--event-log", log}, args...)...)
	said, err := diagnostics(log)
	if failed != nil {
		return said, failed
	}
	return said, err
}

// Output returns one output of a stack, also a secret one.
func (c CLI) Output(ctx context.Context, stack, name string) (string, error) {
	var out bytes.Buffer
	c.Out = &out
	err := c.run(ctx, nil, "stack", "output", name, "--stack", stack, "--show-secrets")
	return strings.TrimSpace(out.String()), err
}

// run executes the CLI. When ctx ends it is interrupted once, which makes it finish in order; a second interrupt would
// end it at once, so it is in a process group of its own, to which no terminal sends one.
func (c CLI) run(ctx context.Context, env []string, args ...string) error {
	args = append([]string{"--non-interactive"}, args...)
	cmd := exec.CommandContext(ctx, c.Path, args...) //nolint:gosec // the CLI that the caller names
	cmd.Dir = c.Root
	cmd.Env = append(append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true"), env...)
	cmd.Stdout, cmd.Stderr = c.Out, c.Err
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopDelay
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("pulumi %s: %w", args[1], err)
	}
	return nil
}

// colors are Pulumi's own notation of terminal colors.
var colors = regexp.MustCompile(`<\{%[^%]*%\}>`)

// diagnostics reads what is said in a log of engine events. A log that is not there says nothing: Pulumi ended before
// it began.
func diagnostics(log string) ([]preview.Diagnostic, error) {
	file, err := os.Open(log) //nolint:gosec // this program named it
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading Pulumi's events: %w", err)
	}
	defer func() { _ = file.Close() }()
	var said []preview.Diagnostic
	for decoder := json.NewDecoder(file); ; {
		var event struct {
			Diagnostic *struct {
				URN, Message, Severity string
				Ephemeral              bool
			} `json:"diagnosticEvent"`
		}
		err := decoder.Decode(&event)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // one that was killed ends in a line's middle
			return said, nil
		}
		if err != nil {
			return said, fmt.Errorf("reading Pulumi's events: %w", err)
		}
		if d := event.Diagnostic; d != nil && !d.Ephemeral {
			said = append(said, preview.Diagnostic{
				URN: d.URN, Message: colors.ReplaceAllString(d.Message, ""), Severity: d.Severity,
			})
		}
	}
}
