//go:build unix

package rehearsal_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

const vpcType = "aws:ec2/vpc:Vpc"

func TestPreview_oneChangedTagIsOneNamedUpdate(t *testing.T) {
	t.Parallel()
	vpc := only(t, dev(t).up, vpcType)
	run := devCopy(t, func(o *engine.Options) {
		o.Program = transformed(o.Program, vpcType, vpc.URN.Name(), func(props pulumi.Map) {
			tags, _ := props["tags"].(pulumi.Map)
			if tags == nil {
				tags = pulumi.Map{}
			}
			tags["owner"] = pulumi.String("someone-else")
			props["tags"] = tags
		})
	})
	preview, err := run.Preview(t.Context())
	require.NoError(t, err)
	changes := preview.Changes()
	require.Len(t, changes, 1)
	assert.Equal(t, "update", changes[0].Op)
	assert.Equal(t, vpc.URN, changes[0].URN)
	assert.Equal(t, []string{"tags.owner"}, changes[0].Properties)
}

func TestPreview_oneChangedVariableRollsOneDeployment(t *testing.T) {
	t.Parallel()
	run := devCopy(t, func(o *engine.Options) {
		changed, err := o.Settings.With(map[string]any{
			"slipway:services": map[string]any{"user-server": map[string]any{"env": map[string]any{"NEW": "value"}}},
		})
		require.NoError(t, err)
		o.Settings = changed
	})
	preview, err := run.Preview(t.Context())
	require.NoError(t, err)
	changes := preview.Changes()
	require.Len(t, changes, 1)
	assert.Equal(t, "update", changes[0].Op)
	assert.Equal(t, "kubernetes:apps/v1:Deployment", string(changes[0].URN.Type()))
	assert.Contains(t, changes[0].URN.Name(), "user-server")
}

func TestPreview_anUnknownPropertyFailsByName(t *testing.T) {
	t.Parallel()
	vpc := only(t, dev(t).up, vpcType)
	run := devCopy(t, func(o *engine.Options) {
		o.Program = transformed(o.Program, vpcType, vpc.URN.Name(), func(props pulumi.Map) {
			props["cidrBlok"] = pulumi.String("10.0.0.0/16")
		})
	})
	_, err := run.Preview(t.Context())
	require.ErrorContains(t, err, "cidrBlok")
	assert.ErrorContains(t, err, vpc.URN.Name())
}

func TestRefresh_findsWhatSomebodyChangedByHand(t *testing.T) {
	t.Parallel()
	run := devCopy(t, func(*engine.Options) {})
	vpc := liveOnly(t, run, vpcType)
	require.NoError(t, run.Cloud().AWS.Drift(vpcType, vpc.ID, map[string]any{"enableDnsHostnames": false}))

	refresh, err := run.Refresh(t.Context())
	require.NoError(t, err)
	changes := refresh.Changes()
	require.Len(t, changes, 1)
	assert.Equal(t, vpc.URN, string(changes[0].URN))
}

// only returns the only step on a resource of a type.
func only(t *testing.T, result *engine.Result, typ string) engine.Step {
	t.Helper()
	var found []engine.Step
	for _, step := range result.Steps {
		if string(step.URN.Type()) == typ {
			found = append(found, step)
		}
	}
	require.Len(t, found, 1, typ)
	return found[0]
}

// liveOnly returns the only live resource of a type that the program made.
func liveOnly(t *testing.T, run *engine.Run, typ string) simaws.Resource {
	t.Helper()
	var found []simaws.Resource
	for _, resource := range run.Cloud().AWS.Resources() {
		if resource.Type == typ && resource.Made {
			found = append(found, resource)
		}
	}
	require.Len(t, found, 1, typ)
	return found[0]
}
