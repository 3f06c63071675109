//go:build unix

package rehearsal_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/slipway-eks/slipway/stacks"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
	"github.com/slipway-eks/slipway/rehearsal/internal/rehearse"
)

// deployed is the dev stack after one update. Tests copy it, and so pay for the update once.
var deployed = deployOnce(root, "dev")

// deployOnce returns what deploys a stack of a project when it is called first, and returns the same ever after.
func deployOnce(root, stack string) func() (snapshot, error) {
	return sync.OnceValues(func() (snapshot, error) {
		dir := filepath.Join(scratch, "deployed-"+stack)
		options, err := platform(root, stack)
		if err != nil {
			return snapshot{}, err
		}
		ctx := context.Background()
		options.Dir, options.Tools, options.EKS = dir, tools, host
		run, err := engine.Open(ctx, options)
		if err != nil {
			return snapshot{}, err
		}
		defer func() { _ = run.Close() }()
		up, err := run.Up(ctx)
		if err != nil {
			return snapshot{}, err
		}
		state, err := run.State(ctx)
		return snapshot{dir: dir, up: up, state: state, turn: &sync.Mutex{}}, err
	})
}

// snapshot is a deployed stack that nothing changes any more.
type snapshot struct {
	dir   string
	up    *engine.Result
	state *apitype.DeploymentV3
	// turn belongs to the copy that is open: all of them have the address of the cluster that they were copied from.
	turn *sync.Mutex
}

// dev returns the deployed dev stack.
func dev(t *testing.T) snapshot {
	t.Helper()
	s, err := deployed()
	require.NoError(t, err)
	return s
}

// devCopy opens a copy of the deployed dev stack of the test's own, changed by change.
func devCopy(t *testing.T, change func(*engine.Options)) *engine.Run {
	t.Helper()
	options, err := platform(root, "dev")
	require.NoError(t, err)
	options.Dir = dev(t).copy(t)
	change(&options)
	return openWith(t, options)
}

// copy returns the folder of a copy of the test's own, once no other test has one open.
func (s snapshot) copy(t *testing.T) string {
	t.Helper()
	s.turn.Lock()
	t.Cleanup(s.turn.Unlock)
	dir := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.CopyFS(dir, os.DirFS(s.dir)))
	return dir
}

// platform describes a stack of a project.
func platform(root, stack string) (engine.Options, error) {
	subject, err := rehearse.Read(root, stack, time.Now())
	return engine.Options{
		Stack: stack, Program: stacks.DeployFrom(root), Project: subject.Project, Settings: subject.Settings,
		Secrets: subject.Secrets, Account: subject.Account, StackOutputs: subject.StackOutputs,
	}, err
}

// transformed returns program with a transform on the resources of one type, by name.
func transformed(program pulumi.RunFunc, typ, name string, transform func(pulumi.Map)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		err := ctx.RegisterResourceTransform(
			func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
				if args.Type != typ || args.Name != name {
					return nil
				}
				transform(args.Props)
				return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
			})
		if err != nil {
			return err
		}
		return program(ctx)
	}
}
