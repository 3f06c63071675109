package outputs_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/stacks/outputs"
)

// account is the full name of the stack that is read.
const account = "organization/slipway-bootstrap/account"

// bootstrap is every output of that stack, with a value of its own.
func bootstrap() *outputs.Bootstrap {
	text := func(value string) pulumi.StringOutput { return pulumi.String(value).ToStringOutput() }
	return &outputs.Bootstrap{
		Image:          text("host.example/main:{service}_{version}"),
		DeployRoleARNs: pulumi.StringMap{"dev": pulumi.String("arn:dev")}.ToStringMapOutput(),
		PreviewRoleARN: text("arn:preview"), ReleaseRoleARN: text("arn:release"),
		StateBucket: text("states"), StateKeyARN: text("arn:key"), SecretsProvider: text("awskms://alias/states"),
	}
}

// readBootstrap is a program that reads the stack and shows what it found.
func readBootstrap(ctx *pulumi.Context) error {
	b, err := outputs.ReadBootstrap(ctx, "account", account)
	if err != nil {
		return err
	}
	return register(ctx, b.Map())
}

func TestReadBootstrap_returnsWhatTheStackExports(t *testing.T) {
	t.Parallel()
	all := ptest.Run(t, func(ctx *pulumi.Context) error {
		return register(ctx, bootstrap().Map())
	}).Only(t, witnessType).Inputs
	require.Len(t, all, 7, "every output has a field")
	got := ptest.Run(t, readBootstrap, ptest.WithStackOutputs(account, all)).Only(t, witnessType)
	for name := range all {
		assert.Equal(t, ptest.Resource{Inputs: all}.Value(t, string(name)), got.Value(t, string(name)), name)
	}

	for _, name := range []resource.PropertyKey{"stateBucket", "stateKeyArn", "secretsProvider"} {
		delete(all, name)
	}
	without := ptest.Run(t, readBootstrap, ptest.WithStackOutputs(account, all)).Only(t, witnessType)
	assert.Empty(t, without.Value(t, "stateBucket"), "an account without a bucket for states")

	delete(all, "deployRoleArns")
	_, err := ptest.Err(t, readBootstrap, ptest.WithStackOutputs(account, all))
	require.ErrorContains(t, err, `stack "organization/slipway-bootstrap/account" exports no deployRoleArns`)
}
