//go:build unix

package rehearsal_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/slipway-eks/slipway/stacks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
)

var update = flag.Bool("update", false, "write captured previews anew")

// captured is a preview of the rehearsal that the tests of delivery write a comment of.
const captured = root + "/delivery/internal/comment/testdata/rehearsal.json"

// digest is of `pulumi preview --json` what does not differ from run to run, and no value of a property.
type digest struct {
	Steps   []digestStep   `json:"steps"`
	Summary map[string]int `json:"changeSummary"`
}

type digestStep struct {
	Op             string                    `json:"op"`
	URN            string                    `json:"urn"`
	ReplaceReasons []string                  `json:"replaceReasons,omitempty"`
	DetailedDiff   map[string]map[string]any `json:"detailedDiff,omitempty"`
	Old            *digestState              `json:"oldState,omitempty"`
	New            *digestState              `json:"newState,omitempty"`
}

type digestState struct {
	Custom bool `json:"custom"`
}

// newService is what the pull request adds to the catalogue.
const newService = `
search-server:
  port: 8040
  health: spring
  resources: {cpu: 100m, memory: 256Mi, memoryLimit: 512Mi}
  scale: {min: 2, max: 3}
`

// The comment on a pull request is tested with what Pulumi really prints of one: a new version of a service, a larger
// machine, one more pod, a new service, and a route that moves. Run with -update after a change that is meant.
func TestPreview_isStillWhatTheCommentIsWrittenOf(t *testing.T) {
	t.Parallel()
	files := project(t)
	edit(t, filepath.Join(files, "services.yaml"), "path: /api-chat", "path: /chat")
	edit(t, filepath.Join(files, "services.yaml"), "\ndiscovery-server:", newService+"\ndiscovery-server:")
	options, err := platform(files, "dev")
	require.NoError(t, err)
	options.Settings, err = options.Settings.With(map[string]any{
		"slipway:release":  map[string]any{"services": map[string]any{"user-server": "9.9.9-0a1b2c3"}},
		"slipway:nodes":    map[string]any{"general": map[string]any{"instanceTypes": []string{"t3.xlarge"}}},
		"slipway:services": map[string]any{"chatting-server": map[string]any{"scale": map[string]any{"min": 3}}},
	})
	require.NoError(t, err)
	options.Dir = dev(t).copy(t)
	run := openWith(t, options)
	text, err := run.PreviewJSON(t.Context())
	require.NoError(t, err)
	var got, want digest
	require.NoError(t, json.Unmarshal(text, &got))
	require.NotEmpty(t, got.Steps)
	if *update {
		plain, err := json.MarshalIndent(got, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(captured, append(plain, '\n'), 0o600))
	}
	text, err = os.ReadFile(captured)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &want))
	assert.ElementsMatch(t, want.Steps, got.Steps)
	assert.Equal(t, want.Summary, got.Summary)
}

// project is a copy of the files of the stacks, for a test to release in.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{"Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "services.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), text, 0o600))
	}
	return dir
}

// edit replaces a text that a file has once.
func edit(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), from), "%s in %s", from, path)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o600))
}

// deliver runs the release command.
func deliver(t *testing.T, project string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "./cmd/deliver", "--root", project}, args...)...)
	cmd.Dir = filepath.Join(root, "delivery")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// released deploys a project over a run's folder and returns what changed.
func released(t *testing.T, project, dir string, program pulumi.RunFunc) (*engine.Run, []string, error) {
	t.Helper()
	options, err := platform(project, "dev")
	require.NoError(t, err)
	options.Dir, options.Program, options.Tools, options.EKS = dir, program, tools, host
	run, err := engine.Open(t.Context(), options)
	require.NoError(t, err)
	up, err := run.Up(t.Context())
	return run, changesOf(up), err
}

// S13: tags in manifests were edited by hand. A release changes the Deployments of the services that it names, and nothing
// else; the next one leaves them as they are.
func TestS13_aReleaseChangesItsServiceAndNothingElse(t *testing.T) {
	t.Parallel()
	dir, files := dev(t).copy(t), project(t)
	for _, release := range []struct{ service, version string }{
		{"user-server", "5.3.27-1111111"}, {"chatting-server", "5.4.0-2222222"},
	} {
		deliver(t, files, "set", "--stack", "dev", "--services", release.service, "--version", release.version)
		run, changes, err := released(t, files, dir, stacks.DeployFrom(files))
		require.NoError(t, err)
		assert.Equal(t, []string{"update kubernetes:apps/v1:Deployment slipway-dev-" + release.service}, changes)
		require.NoError(t, run.Close())
		// Each run is a process of its own but here, where the client remembers the token that it got in this folder.
		next := filepath.Join(t.TempDir(), "next")
		require.NoError(t, os.Rename(dir, next))
		dir = next
	}
}

// S29: a release that never becomes ready fails, with the pod and the probe that it waits for, and the old pods serve.
func TestS29_aFailedReleaseSaysWhichPodAndProbe(t *testing.T) {
	t.Parallel()
	const service = "slipway-dev-user-server"
	dir, files := dev(t).copy(t), project(t)
	deliver(t, files, "set", "--stack", "dev", "--services", "user-server", "--version", "5.3.27"+controlplane.UnreadyTag)
	run, _, err := released(t, files, dir,
		transformed(stacks.DeployFrom(files), "kubernetes:apps/v1:Deployment", service, func(props pulumi.Map) {
			props["spec"].(pulumi.Map)["progressDeadlineSeconds"] = pulumi.Int(30) // in real time
		}))
	t.Cleanup(func() { assert.NoError(t, run.Close()) })
	require.Error(t, err)
	for _, said := range []string{"Deployment apps/user-server", "pod user-server-", "has not passed its startup probe (GET /actuator/"} {
		require.ErrorContains(t, err, said)
	}
	cluster, err := run.Cloud().Clusters.Cluster(run.Cloud().Clusters.Names()[0])
	require.NoError(t, err)
	deployment, err := cluster.Client().AppsV1().Deployments("apps").Get(t.Context(), "user-server", metav1.GetOptions{})
	require.NoError(t, err)
	assert.GreaterOrEqual(t, deployment.Status.AvailableReplicas, int32(2), "the old pods serve")
}
