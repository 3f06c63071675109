//go:build unix

package rehearsal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
)

// The rehearsal calls the program as a function. This runs the binary that `pulumi up` runs, the way it runs it.
func TestProgram_registersTheSameAsABinary(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "program")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, ".")
	build.Dir, build.Env = root, append(os.Environ(), "GOWORK=off")
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)
	run := devCopy(t, func(*engine.Options) {})

	out, err := run.Pulumi(t.Context(), "preview", "--json", "--show-sames",
		"--exec-kind=auto.inline", "--client="+serve(t, binary))
	require.NoError(t, err, out)
	var preview struct {
		Steps []struct {
			Op  string `json:"op"`
			URN string `json:"urn"`
		} `json:"steps"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &preview))
	var want, got []string
	for _, step := range dev(t).up.Steps {
		want = append(want, string(step.URN))
	}
	for _, step := range preview.Steps {
		got = append(got, step.URN)
		assert.Contains(t, []string{"same", "read"}, step.Op, step.URN)
	}
	slices.Sort(want)
	slices.Sort(got)
	assert.Equal(t, want, got)
}

// serve starts a language host that runs binary for every program, and returns its address.
func serve(t *testing.T, binary string) string {
	t.Helper()
	cancel := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(server *grpc.Server) error {
			folder, err := filepath.Abs(root)
			pulumirpc.RegisterLanguageRuntimeServer(server, &languageHost{binary: binary, root: folder})
			return err
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		close(cancel)
		<-handle.Done
	})
	return fmt.Sprintf("127.0.0.1:%d", handle.Port)
}

// languageHost runs a program as pulumi-language-go does.
type languageHost struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	binary, root string
}

func (h *languageHost) GetRequiredPlugins(
	context.Context, *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

func (h *languageHost) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

func (h *languageHost) Run(ctx context.Context, r *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	config, err := json.Marshal(r.GetConfig())
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(r.GetConfigSecretKeys())
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, h.binary)
	cmd.Dir = h.root
	cmd.Env = []string{
		pulumi.EnvOrganization + "=" + r.GetOrganization(),
		pulumi.EnvProject + "=" + r.GetProject(),
		pulumi.EnvStack + "=" + r.GetStack(),
		pulumi.EnvPulumiRootDirectory + "=" + h.root,
		pulumi.EnvConfig + "=" + string(config),
		pulumi.EnvConfigSecretKeys + "=" + string(secrets),
		pulumi.EnvDryRun + "=" + strconv.FormatBool(r.GetDryRun()),
		pulumi.EnvParallel + "=" + strconv.Itoa(int(r.GetParallel())),
		pulumi.EnvMonitor + "=" + r.GetMonitorAddress(),
		pulumi.EnvEngine + "=" + r.GetArgs()[0],
	}
	if said, err := cmd.CombinedOutput(); err != nil {
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("%v: %s", err, said)}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}
