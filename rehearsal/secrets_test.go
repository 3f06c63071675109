//go:build unix

package rehearsal_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/leak"
)

// secretive keeps the secret, which it uses, to itself.
func secretive(ctx *pulumi.Context) error {
	secret := config.New(ctx, "small").RequireSecret("token")
	ctx.Export("token", secret)
	return describe(ctx, secret)
}

// leaky reads the secret as text, as a program does by mistake, and puts it where nobody knows that it is one.
func leaky(ctx *pulumi.Context) error {
	return describe(ctx, pulumi.String("token="+config.New(ctx, "small").Require("token")))
}

// describe puts text into the account.
func describe(ctx *pulumi.Context, text pulumi.StringInput) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("ap-northeast-2")})
	if err != nil {
		return err
	}
	_, err = iam.NewRole(ctx, "role", &iam.RoleArgs{
		AssumeRolePolicy: pulumi.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
		Tags: pulumi.StringMap{"text": text},
	}, pulumi.Provider(provider))
	return err
}

func TestSecrets_areFoundOnlyWhereAProgramLeaksThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		program pulumi.RunFunc
		found   bool
	}{
		"a program that keeps its secret": {secretive, false},
		"a program that leaks its secret": {leaky, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := open(t, c.program, nil, "small:token")
			_, err := run.Up(t.Context())
			require.NoError(t, err)
			require.NotEmpty(t, run.Secrets()["small:token"])

			found, err := leak.Folder(run.Dir(), run.Secrets())
			require.NoError(t, err)
			assert.Equal(t, c.found, len(found) > 0, "%v", found)
		})
	}
}
