package tests

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/stacks"
)

const bootstrapStack = "organization/slipway-bootstrap/account"

const (
	deployer  = "arn:aws:iam::123456789012:role/slipway-deploy-dev"
	previewer = "arn:aws:iam::123456789012:role/slipway-preview"
)

// sharedOutputs are what the bootstrap stack exports.
var sharedOutputs = map[string]any{
	"image": "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/main:{service}_{version}",
	"deployRoleArns": map[string]any{
		"dev": deployer, "prod": "arn:aws:iam::123456789012:role/slipway-deploy-prod",
	},
	"previewRoleArn": previewer,
}

func TestDeploy_readsTheBootstrapStack(t *testing.T) {
	t.Parallel()
	got := deploy(t, "dev", nil)
	principals := []any{}
	for _, entry := range got.OfType("aws:eks/accessEntry:AccessEntry") {
		principals = append(principals, entry.Value(t, "principalArn"))
	}
	assert.ElementsMatch(t, []any{deployer, previewer, "arn:aws:iam::123456789012:role/PlatformAdmin"}, principals)
	assert.NotEmpty(t, got.OfType("kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"),
		"who previews gets rights, and what holds them back")
}

func TestDeploy_saysWhatTheBootstrapStackLacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		outputs map[string]any
		want    string
	}{
		"it was never deployed":          {map[string]any{}, bootstrapStack + " has no output image: deploy it first"},
		"no environment of this stack's": {map[string]any{"image": "host.example/a/{service}:{version}"}, "cluster.deployRoleArn: Required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ptest.Err(t, stacks.DeployAsOf(root, asOf), ptest.WithStack("dev"), ptest.WithAnswers(zones),
				configOf(t, "dev", nil), ptest.WithStackOutputs(bootstrapStack, resource.NewPropertyMapFromMap(c.outputs)))
			require.ErrorContains(t, err, c.want)
			assert.Empty(t, got.OfType("aws:ec2/vpc:Vpc"))
		})
	}
}
