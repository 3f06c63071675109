//go:build unix

package pulumicmd_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/pulumicmd"
)

func TestRun_handsDownNothingOfTheCallers(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("KUBECONFIG", "/home/me/.kube/config")
	cmd := command(t, `env; echo "$@"`, "PULUMI_HOME=/x")

	out, _, code, err := cmd.Run(t.Context(), t.TempDir(), nil, nil, nil, []string{"ADDED=1"}, "up", "--yes")
	require.NoError(t, err)
	assert.Zero(t, code)
	assert.NotContains(t, out, "production")
	assert.NotContains(t, out, "KUBECONFIG")
	for _, want := range []string{"PULUMI_HOME=/x", "ADDED=1", "PULUMI_AUTOMATION_API=true", "--non-interactive up --yes"} {
		assert.Contains(t, out, want)
	}
}

func TestRun_interruptsOnceAndLetsTheEngineFinish(t *testing.T) {
	t.Parallel()
	cmd := command(t, `trap 'echo saved; exit 3' INT; echo began; while :; do sleep 0.05; done`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began := &watcher{text: "began", seen: cancel}

	start := time.Now()
	out, _, code, err := cmd.Run(ctx, t.TempDir(), nil, []io.Writer{began}, nil, nil, "up")
	require.Error(t, err)
	assert.Equal(t, 3, code)
	assert.Equal(t, "began\nsaved\n", out)
	assert.Less(t, time.Since(start), 10*time.Second)
}

func TestNew_refusesACLIWithoutAVersion(t *testing.T) {
	t.Parallel()
	_, err := pulumicmd.New("pulumi", "", nil)
	require.ErrorContains(t, err, "version")
}

// command is a CLI that runs a script.
func command(t *testing.T, script string, env ...string) *pulumicmd.Command {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pulumi")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	cmd, err := pulumicmd.New(path, "v3.259.0", append(env, "PATH=/usr/bin:/bin"))
	require.NoError(t, err)
	assert.Equal(t, "3.259.0", cmd.Version().String())
	return cmd
}

// watcher calls seen when text was written.
type watcher struct {
	text string
	seen func()
	all  bytes.Buffer
}

func (w *watcher) Write(p []byte) (int, error) {
	n, err := w.all.Write(p)
	if strings.Contains(w.all.String(), w.text) {
		w.seen()
	}
	return n, err
}
