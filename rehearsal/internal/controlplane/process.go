//go:build unix

package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-eks/slipway/rehearsal/internal/child"
)

const (
	// pollInterval is how often a starting part is asked whether it is ready.
	pollInterval = 25 * time.Millisecond
	// tailSize and tailLines of a failed part's log are shown.
	tailSize, tailLines = 4096, 8
)

// errPortTaken means that another process took a port between our choosing it and a part's listening on it.
var errPortTaken = errors.New("a port was taken")

// process is a running part.
type process struct {
	part  part
	cmd   *exec.Cmd
	input io.Closer
	log   string
	// ended is closed when the process has ended.
	ended chan struct{}
}

// launch starts a part that writes its log below dir and gets nothing of our environment: a proxy or a configuration
// file of the user's would change what the part does.
func launch(dir string, of part, binary string, arguments []string) (*process, error) {
	log := filepath.Join(dir, "log", string(of)+".log")
	out, err := os.OpenFile(log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", of, err)
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command(binary, arguments...) // not bound to a context: it lives until it is stopped
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "PATH=/usr/bin:/bin", "TMPDIR=" + os.TempDir()}
	cmd.Stdout, cmd.Stderr = out, out
	child.Detach(cmd)
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", of, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", of, err)
	}
	p := &process{part: of, cmd: cmd, input: input, log: log, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // ProcessState has the result
		close(p.ended)
	}()
	return p, nil
}

// await asks until the part says that it is ready.
func (p *process) await(ctx context.Context, ready func(context.Context) error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return p.failure()
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (%w)%s", p.part, context.Cause(ctx), err, p.tail())
		case <-ticker.C:
		}
	}
}

// failure says why a part ended that should not have.
func (p *process) failure() error {
	tail := p.tail()
	err := fmt.Errorf("%s has ended by itself (%s)%s", p.part, p.cmd.ProcessState, tail)
	if strings.Contains(tail, "address already in use") {
		return fmt.Errorf("%w: %w", errPortTaken, err)
	}
	return err
}

// tail returns the end of the log, as the continuation of an error.
func (p *process) tail() string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return ""
	}
	data = bytes.TrimSpace(data[max(0, len(data)-tailSize):])
	lines := strings.Split(string(data), "\n")
	return "; the end of " + p.log + ":\n" + strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}

// stop asks the process to end, insists after the grace, and returns when it has ended.
func (p *process) stop(grace time.Duration) error {
	defer func() { _ = p.input.Close() }()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(grace):
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	return fmt.Errorf("%s did not end within %s and was killed", p.part, grace)
}
