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

// stack is the full name of the stack that is read.
const stack = "organization/slipway/dev"

// witnessType is a resource whose inputs show what a program has read.
const witnessType = "aws:test/thing:Thing"

// platform is every output of a stack, with a value of its own.
func platform() *outputs.Platform {
	text := func(value string) pulumi.StringOutput { return pulumi.String(value).ToStringOutput() }
	list := func(values ...string) pulumi.StringArrayOutput {
		return pulumi.ToStringArray(values).ToStringArrayOutput()
	}
	return &outputs.Platform{
		Region: text("eu-west-1"), VpcID: text("vpc-1"), VpcCIDR: text("10.20.0.0/16"),
		PublicSubnetIDs: list("subnet-1", "subnet-2"), PrivateSubnetIDs: list("subnet-3"), DataSubnetIDs: list(),
		NATAddresses: pulumi.StringMap{"eu-west-1a": pulumi.String("198.51.100.1")}.ToStringMapOutput(),
		ClusterName:  text("shop"), ClusterARN: text("arn:shop"), ClusterVersion: text("1.35"),
		ClusterEndpoint: text("https://shop"), CertificateAuthority: text("Q0E="), SecurityGroupID: text("sg-1"),
		OIDCIssuer: text("https://issuer"), OIDCProviderARN: text("arn:issuer"), Kubeconfig: text("{}"),
		PodLogGroup: text("/pods"), IngressClassName: text("nginx"), IngressNamespace: text("ingress-nginx"),
		IngressHostname: text("lb.example.com"), Namespace: text("apps"),
		ServiceHosts: pulumi.StringMap{"chat": pulumi.String("chat.apps.svc")}.ToStringMapOutput(),
	}
}

// register shows values as the inputs of a resource.
func register(ctx *pulumi.Context, values pulumi.Map) error {
	var witness pulumi.CustomResourceState
	return ctx.RegisterResource(witnessType, "witness", values, &witness)
}

// exported returns what a stack that exports p hands over.
func exported(t *testing.T, p func() *outputs.Platform) resource.PropertyMap {
	t.Helper()
	return ptest.Run(t, func(ctx *pulumi.Context) error {
		return register(ctx, p().Map())
	}).Only(t, witnessType).Inputs
}

// read is a program that reads the stack and shows what it found.
func read(ctx *pulumi.Context) error {
	p, err := outputs.Read(ctx, "platform", stack)
	if err != nil {
		return err
	}
	return register(ctx, p.Map())
}

func TestRead_returnsWhatAStackExports(t *testing.T) {
	t.Parallel()
	all := exported(t, platform)
	require.Len(t, all, 22, "every output has a field")
	got := ptest.Run(t, read, ptest.WithStackOutputs(stack, all)).Only(t, witnessType)
	for name := range all {
		want := ptest.Resource{Inputs: all}.Value(t, string(name))
		assert.Equal(t, want, got.Value(t, string(name)), name)
		assert.Equal(t, name == "kubeconfig", got.IsSecret(t, string(name)), name)
	}
}

func TestRead_aPlatformWithoutAWayIn(t *testing.T) {
	t.Parallel()
	all := exported(t, func() *outputs.Platform {
		p := platform()
		p.IngressClassName, p.IngressNamespace = pulumi.StringOutput{}, pulumi.StringOutput{}
		p.IngressHostname = pulumi.StringOutput{}
		return p
	})
	require.NotContains(t, all, resource.PropertyKey("ingressClassName"))
	got, err := ptest.Err(t, read, ptest.WithStackOutputs(stack, all))
	require.NoError(t, err)
	assert.Empty(t, got.Only(t, witnessType).Value(t, "ingressClassName"))
}

func TestRead_namesWhatIsNotAsItShouldBe(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(resource.PropertyMap)
		want   string
	}{
		"an output that is not there": {
			func(m resource.PropertyMap) { delete(m, "vpcId") }, `stack "organization/slipway/dev" exports no vpcId`,
		},
		"a text that is a number": {
			func(m resource.PropertyMap) { m["vpcId"] = resource.NewProperty(1.0) }, "output vpcId of stack",
		},
		"a list that is a text": {
			func(m resource.PropertyMap) { m["privateSubnetIds"] = resource.NewProperty("subnet-1") }, "output privateSubnetIds of stack",
		},
		"a mapping of numbers": {
			func(m resource.PropertyMap) {
				m["services"] = resource.NewProperty(resource.PropertyMap{"chat": resource.NewProperty(1.0)})
			}, "output services of stack",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := exported(t, platform)
			tt.change(all)
			_, err := ptest.Err(t, read, ptest.WithStackOutputs(stack, all))
			require.ErrorContains(t, err, tt.want)
		})
	}
}
