//go:build unix

package rehearsal_test

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	bootstrap "github.com/slipway-eks/slipway/bootstrap/program"
	"github.com/slipway-eks/slipway/components/ci"
	"github.com/slipway-eks/slipway/components/identity"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
	"github.com/slipway-eks/slipway/rehearsal/internal/stackfile"
)

// openBootstrap prepares a run of what all stacks of an account share, as it is shipped.
func openBootstrap(t *testing.T) *engine.Run {
	t.Helper()
	dir := filepath.Join(root, "bootstrap")
	project, err := workspace.LoadProject(filepath.Join(dir, "Pulumi.yaml"))
	require.NoError(t, err)
	settings, err := stackfile.Read(filepath.Join(dir, "Pulumi.account.yaml"))
	require.NoError(t, err)
	return openWith(t, engine.Options{
		Dir: t.TempDir(), Stack: "account", Project: *project, Program: bootstrap.DeployFrom(dir), Settings: settings,
	})
}

func TestBootstrap_isMadeOnceAndIsHardToLose(t *testing.T) {
	t.Parallel()
	run := openBootstrap(t)
	up, err := run.Up(t.Context())
	require.NoError(t, err)
	const account = "arn:aws:iam::123456789012:role/slipway-"
	assert.Equal(t, map[string]any{
		"image":           "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/main:{service}_{version}",
		"deployRoleArns":  map[string]any{"dev": account + "deploy-dev", "prod": account + "deploy-prod"},
		"previewRoleArn":  account + "preview",
		"releaseRoleArn":  account + "release",
		"stateBucket":     "example-shop-pulumi-state",
		"secretsProvider": "awskms://alias/example-shop-pulumi-state?region=ap-northeast-2",
	}, without(up.Outputs, "stateKeyArn"))
	assert.Regexp(t, `^arn:aws:kms:ap-northeast-2:123456789012:key/[0-9a-f-]{36}$`, up.Outputs["stateKeyArn"].Value)

	again, err := run.Up(t.Context())
	require.NoError(t, err)
	assert.Empty(t, again.Changes(), "a second update is empty")
	refresh, err := run.Refresh(t.Context())
	require.NoError(t, err)
	assert.Empty(t, refresh.Changes(), "what is there is what was asked for")

	made := run.Cloud().AWS.LiveCount()
	said, err := run.Pulumi(t.Context(), "destroy", "--yes")
	require.Error(t, err)
	assert.Contains(t, said, "because it is protected")
	assert.Equal(t, made, run.Cloud().AWS.LiveCount(), "nothing is gone")
	_, err = run.Destroy(t.Context()) // which lifts the protection
	require.NoError(t, err)
	assert.Zero(t, run.Cloud().AWS.LiveCount())
}

// without returns the values of outputs but one.
func without(outputs auto.OutputMap, name string) map[string]any {
	values := map[string]any{}
	for key, output := range outputs {
		if key != name {
			values[key] = output.Value
		}
	}
	return values
}

// deletions are what it takes to delete resources whose names the deploy roles are kept to.
var deletions = map[string]string{
	"aws:cloudwatch/logGroup:LogGroup":                    "logs:DeleteLogGroup",
	"aws:eks/addon:Addon":                                 "eks:DeleteAddon",
	"aws:eks/cluster:Cluster":                             "eks:DeleteCluster",
	"aws:eks/nodeGroup:NodeGroup":                         "eks:DeleteNodegroup",
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider": "iam:DeleteOpenIDConnectProvider",
	"aws:iam/role:Role":                                   "iam:DeleteRole",
	"aws:sns/topic:Topic":                                 "sns:DeleteTopic",
}

// The names that the engine gives are those that the policies of the CI reach: dev's deploy role those of the stack dev,
// and prod's none of them.
func TestBootstrap_deployRolesReachTheirOwn(t *testing.T) {
	t.Parallel()
	run := openBootstrap(t)
	_, err := run.Up(t.Context())
	require.NoError(t, err)
	own, other := reach(t, run, "slipway-deploy-dev"), reach(t, run, "slipway-deploy-prod")
	seen := map[string]bool{}
	for _, resource := range dev(t).state.Resources {
		action, named := deletions[string(resource.Type)]
		if !named {
			continue
		}
		seen[action] = true
		arn := fmt.Sprint(resource.Outputs["arn"])
		assert.True(t, matches(t, own[action], arn), "%s of %s", action, arn)
		if action != "iam:DeleteOpenIDConnectProvider" { // named by EKS, which no pattern can foresee
			assert.False(t, matches(t, other[action], arn), "%s of %s", action, arn)
		}
	}
	assert.Len(t, seen, len(deletions))
}

// reach returns the resources that a role's policies name, by action.
func reach(t *testing.T, run *engine.Run, role string) map[string][]string {
	t.Helper()
	byAction := map[string][]string{}
	for _, r := range run.Cloud().AWS.Resources() {
		if r.Type != "aws:iam/policy:Policy" || !strings.HasPrefix(r.Properties["name"].StringValue(), role+"-") {
			continue
		}
		document, err := identity.ParseDocument(r.Properties["policy"].StringValue())
		require.NoError(t, err)
		for _, s := range document.Statement {
			for _, action := range s.Action {
				byAction[action] = append(byAction[action], s.Resource...)
			}
		}
	}
	require.NotEmpty(t, byAction)
	return byAction
}

// matches compares as IAM does, in which a star does not end at a slash.
func matches(t *testing.T, patterns []string, arn string) bool {
	t.Helper()
	plain := func(s string) string { return strings.ReplaceAll(s, "/", "|") }
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(plain(pattern), plain(arn))
		require.NoError(t, err)
		return ok
	})
}

// The mocks do not see what pulumi-eks registers by itself: the rights to that are in the table, too.
func TestBootstrap_rightsCoverWhatTheEngineRegisters(t *testing.T) {
	t.Parallel()
	var types []string
	for _, r := range ci.Rights() {
		types = append(types, r.Type)
	}
	seen := 0
	for _, resource := range dev(t).state.Resources {
		if resource.Custom && strings.HasPrefix(string(resource.Type), "aws:") {
			seen++
			assert.Contains(t, types, string(resource.Type), "%s", resource.URN)
		}
	}
	assert.NotZero(t, seen)
}
