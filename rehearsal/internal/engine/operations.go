//go:build unix

package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/slipway-eks/slipway/rehearsal/internal/pulumicmd"
)

// noColor keeps terminal codes out of logs.
const noColor = "never"

// eventsDelay bounds the wait for the engine's last events. A CLI that was killed before it spoke never ends the stream.
const eventsDelay = 2 * time.Second

// Preview says what Up would do.
func (r *Run) Preview(ctx context.Context) (*Result, error) {
	return r.operate(ctx, "preview", func(stream chan<- events.EngineEvent) (auto.OutputMap, error) {
		_, err := r.stack.Preview(ctx, optpreview.EventStreams(stream), optpreview.Color(noColor),
			optpreview.ProgressStreams(r.log), optpreview.ErrorProgressStreams(r.log))
		return nil, err
	})
}

// PreviewJSON is what `pulumi preview --json` prints.
func (r *Run) PreviewJSON(ctx context.Context) ([]byte, error) {
	var out bytes.Buffer
	_, err := r.operate(ctx, "preview", func(stream chan<- events.EngineEvent) (auto.OutputMap, error) {
		_, err := r.stack.Preview(pulumicmd.WithArgs(ctx, "--json"), optpreview.EventStreams(stream), optpreview.Color(noColor),
			optpreview.ProgressStreams(&out), optpreview.ErrorProgressStreams(r.log))
		return nil, err
	})
	return out.Bytes(), err
}

// Up deploys the program.
func (r *Run) Up(ctx context.Context) (*Result, error) {
	return r.operate(ctx, "up", func(stream chan<- events.EngineEvent) (auto.OutputMap, error) {
		up, err := r.stack.Up(ctx, optup.EventStreams(stream), optup.Color(noColor),
			optup.ProgressStreams(r.log), optup.ErrorProgressStreams(r.log))
		return up.Outputs, err
	})
}

// Refresh compares the state with what is deployed.
func (r *Run) Refresh(ctx context.Context) (*Result, error) {
	return r.operate(ctx, "refresh", func(stream chan<- events.EngineEvent) (auto.OutputMap, error) {
		_, err := r.stack.Refresh(ctx, optrefresh.EventStreams(stream), optrefresh.Color(noColor),
			optrefresh.ProgressStreams(r.log), optrefresh.ErrorProgressStreams(r.log))
		return nil, err
	})
}

// Destroy removes all that is deployed. Protection is lifted first: it has no meaning in a simulated account.
func (r *Run) Destroy(ctx context.Context) (*Result, error) {
	return r.operate(ctx, "destroy", func(stream chan<- events.EngineEvent) (auto.OutputMap, error) {
		if _, err := r.Pulumi(ctx, "state", "unprotect", "--all", "--yes"); err != nil {
			return nil, fmt.Errorf("lifting protection: %w", err)
		}
		_, err := r.stack.Destroy(ctx, optdestroy.EventStreams(stream), optdestroy.Color(noColor),
			optdestroy.ProgressStreams(r.log), optdestroy.ErrorProgressStreams(r.log))
		return nil, err
	})
}

// State is the state after the last operation.
func (r *Run) State(ctx context.Context) (*apitype.DeploymentV3, error) {
	exported, err := r.stack.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("exporting state: %w", err)
	}
	state := &apitype.DeploymentV3{}
	if err := json.Unmarshal(exported.Deployment, state); err != nil {
		return nil, fmt.Errorf("reading state: %w", err)
	}
	return state, nil
}

// Pulumi runs the CLI with arguments of the caller's on the stack, and returns what it printed.
func (r *Run) Pulumi(ctx context.Context, args ...string) (string, error) {
	workspace := r.stack.Workspace()
	out, said, _, err := workspace.PulumiCommand().Run(ctx, workspace.WorkDir(), nil, nil, nil, nil,
		append(args, "--stack", r.stack.Name())...)
	if err != nil {
		return out, fmt.Errorf("%w: %s", err, strings.TrimSpace(said))
	}
	return out, nil
}

// operate runs one operation and makes its result out of the engine's events.
func (r *Run) operate(
	ctx context.Context, name string, run func(chan<- events.EngineEvent) (auto.OutputMap, error),
) (*Result, error) {
	record, err := os.OpenFile(r.dir.log("events.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening event record: %w", err)
	}
	defer func() { _ = record.Close() }()
	r.cloud.reset()

	result, start := &Result{Operation: name}, time.Now()
	stream, collected := make(chan events.EngineEvent), make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(collected)
		collect(stream, stop, record, result)
	}()
	var outputs auto.OutputMap
	outputs, err = run(stream)
	select {
	case <-collected:
	case <-time.After(eventsDelay):
		close(stop)
		<-collected
	}
	result.Outputs, result.Took = outputs, time.Since(start)
	if err != nil {
		return result, r.failure(ctx, result, err)
	}
	return result, nil
}

// failure says what went wrong in the engine's own words; the Automation API's error repeats the whole output.
func (r *Run) failure(ctx context.Context, result *Result, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s: interrupted: %w", result.Operation, cause)
	}
	if auto.IsConcurrentUpdateError(err) {
		return fmt.Errorf("%s: the state is locked: %w", result.Operation, err)
	}
	if len(result.Errors) == 0 {
		return fmt.Errorf("%s: %w", result.Operation, err)
	}
	problems := make([]error, 0, len(result.Errors))
	for _, problem := range result.Errors {
		problems = append(problems, errors.New(problem))
	}
	return fmt.Errorf("%s: %w", result.Operation, errors.Join(problems...))
}

// collect reads events into result until the stream ends, or stop.
func collect(stream <-chan events.EngineEvent, stop <-chan struct{}, record io.Writer, result *Result) {
	encoder := json.NewEncoder(record)
	for {
		select {
		case event, open := <-stream:
			if !open {
				return
			}
			_ = encoder.Encode(event.EngineEvent) // for people to read; a full disk shows elsewhere
			result.add(event.EngineEvent)
		case <-stop:
			return
		}
	}
}
