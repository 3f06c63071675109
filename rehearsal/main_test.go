//go:build unix

package rehearsal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/ekshost"
	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
	"github.com/slipway-eks/slipway/rehearsal/internal/kubeprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/stackfile"
	"github.com/slipway-eks/slipway/rehearsal/internal/toolchain"
)

// root is the project.
const root = ".."

// Shared by all tests: tools are made once a machine, node starts once a test binary.
var (
	chain *toolchain.Toolchain
	tools toolchain.Set
	host  *ekshost.Host
	// scratch outlives each single test.
	scratch string
)

// slipwayCommand builds the command once, for the tests that need a process of its own.
var slipwayCommand = sync.OnceValues(func() (string, error) { return chain.BuildSlipway(context.Background()) })

func TestMain(m *testing.M) {
	code, err := setUpAnd(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "setting up:", err)
		code = 1
	}
	os.Exit(code)
}

func setUpAnd(run func() int) (int, error) {
	ctx := context.Background()
	source, err := toolchain.Source(".")
	if err != nil {
		return 0, err
	}
	if chain, err = toolchain.New(source, os.Stderr); err != nil {
		return 0, err
	}
	if tools, err = chain.Ensure(ctx); err != nil {
		return 0, err
	}
	if scratch, err = os.MkdirTemp("", "slipway-test-"); err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	host, err = ekshost.Start(ctx, ekshost.Options{
		Node: tools.Node, Modules: tools.EKS, Dir: filepath.Join(scratch, "eks"), Log: os.Stderr,
	})
	if err != nil {
		return 0, err
	}
	defer func() { _ = host.Close() }()
	return run(), nil
}

// open opens a run of a program of a test's own, with settings of its own.
func open(t *testing.T, program pulumi.RunFunc, settings map[string]any, secrets ...string) *engine.Run {
	t.Helper()
	over, err := stackfile.Settings{}.With(settings)
	require.NoError(t, err)
	return openWith(t, engine.Options{
		Dir: t.TempDir(), Stack: "test", Program: program, Settings: over, Secrets: secrets,
		Project: workspace.Project{Name: tokens.PackageName("small")},
	})
}

// openWith adds what all runs share, and closes the run at the end of the test.
func openWith(t *testing.T, o engine.Options) *engine.Run {
	t.Helper()
	o.Tools, o.EKS = tools, host
	run, err := engine.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, run.Close()) })
	return run
}

// objectsOf returns the Kubernetes objects that the run's program made and that are there.
func objectsOf(t *testing.T, run *engine.Run) []kubeprovider.Object {
	t.Helper()
	objects, err := run.Cloud().Kube.Objects(t.Context())
	require.NoError(t, err)
	return objects
}
