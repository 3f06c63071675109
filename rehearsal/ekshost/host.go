//go:build unix

// Package ekshost runs the real pulumi-eks component provider under node, for an engine that attaches to its port.
//
//	host, err := ekshost.Start(ctx, ekshost.Options{Node: "node", Modules: folder, Dir: scratch, Log: log})
//	defer host.Close()
//	env := fmt.Sprintf("PULUMI_DEBUG_PROVIDERS=eks:%d", host.Port())
package ekshost

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-eks/slipway/rehearsal/internal/child"
)

const (
	// startDelay bounds how long node may take to load the provider, on a slow machine and from a cold disk.
	startDelay = 2 * time.Minute
	// stopDelay bounds how long node may take to end after its input closed.
	stopDelay = 3 * time.Second
)

//go:embed preload.js shims
var files embed.FS

// Options say what to run.
type Options struct {
	// Node is the node executable.
	Node string
	// Modules is the folder whose node_modules holds the provider.
	Modules string
	// Dir is a scratch folder.
	Dir string
	// Log receives what the provider says.
	Log io.Writer
}

// Host is the running provider.
type Host struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	port   int
	exited chan struct{}
}

// Start starts the provider and waits until it listens. It serves any number of engines, until Close.
func Start(ctx context.Context, o Options) (*Host, error) {
	if err := unpack(o.Dir); err != nil {
		return nil, err
	}
	cmd := exec.Command(o.Node, "-r", filepath.Join(o.Dir, "preload.js"),
		filepath.Join(o.Modules, "node_modules", "@pulumi", "eks", "cmd", "provider", "index.js"))
	cmd.Dir = o.Dir
	cmd.Env = environment(o.Dir)
	cmd.Stderr = o.Log
	child.Detach(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("preparing the pulumi-eks provider: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("preparing the pulumi-eks provider: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the pulumi-eks provider: %w", err)
	}
	h := &Host{cmd: cmd, stdin: stdin, exited: make(chan struct{})}
	first := make(chan string, 1)
	go h.listen(stdout, o.Log, first)
	if h.port, err = h.await(ctx, first); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// Port is the port that the provider listens on, at 127.0.0.1.
func (h *Host) Port() int { return h.port }

// PID is the id of the node process.
func (h *Host) PID() int { return h.cmd.Process.Pid }

// Close ends the provider and waits until it is gone.
func (h *Host) Close() error {
	_ = h.stdin.Close() // the end of its input ends the process
	select {
	case <-h.exited:
		return nil
	case <-time.After(stopDelay):
	}
	if err := h.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing the pulumi-eks provider: %w", err)
	}
	<-h.exited
	return nil
}

// listen passes on the first line, which is the port, copies the rest to the log and waits for the process to end.
func (h *Host) listen(stdout io.Reader, log io.Writer, first chan<- string) {
	defer close(h.exited)
	reader := bufio.NewReader(stdout)
	line, _ := reader.ReadString('\n')
	first <- line
	_, _ = io.Copy(log, reader) // ends with the process
	_ = h.cmd.Wait()
}

func (h *Host) await(ctx context.Context, first <-chan string) (int, error) {
	select {
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for the pulumi-eks provider: %w", context.Cause(ctx))
	case <-time.After(startDelay):
		return 0, fmt.Errorf("the pulumi-eks provider did not start within %s", startDelay)
	case line := <-first:
		port, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return 0, fmt.Errorf("the pulumi-eks provider did not start: it said %q instead of its port", line)
		}
		return port, nil
	}
}

// environment holds nothing of the caller's: an AWS_PROFILE would change the kubeconfig that the provider makes, and a
// proxy would take its calls elsewhere.
func environment(dir string) []string {
	return []string{
		"PATH=" + filepath.Join(dir, "shims"),
		"HOME=" + dir,
		"TMPDIR=" + dir,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// unpack writes the embedded files below dir.
func unpack(dir string) error {
	return fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, path)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		data, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o755)
	})
}
