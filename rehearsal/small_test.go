//go:build unix

package rehearsal_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-eks/sdk/v2/go/eks"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// small is the smallest program with a cluster and something in it.
func small(ctx *pulumi.Context) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("ap-northeast-2")})
	if err != nil {
		return err
	}
	vpc, subnets, err := smallNetwork(ctx, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	mode := eks.AuthenticationModeApi
	cluster, err := eks.NewCluster(ctx, "small", &eks.ClusterArgs{
		Name: pulumi.String("small"), Version: pulumi.String("1.35"), VpcId: vpc.ID(), PrivateSubnetIds: subnets,
		SkipDefaultNodeGroup: pulumi.BoolRef(true), UseDefaultVpcCni: pulumi.BoolRef(true),
		AuthenticationMode: &mode, InstanceRoles: iam.RoleArray{},
		EndpointPublicAccess: pulumi.Bool(true), EndpointPrivateAccess: pulumi.Bool(true),
	}, pulumi.Providers(provider))
	if err != nil {
		return err
	}
	cloud, err := kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{Kubeconfig: cluster.KubeconfigJson})
	if err != nil {
		return err
	}
	_, err = corev1.NewConfigMap(ctx, "greeting", &corev1.ConfigMapArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String("greeting"), Namespace: pulumi.String("default")},
		Data:     pulumi.StringMap{"hello": pulumi.String("world")},
	}, pulumi.Provider(cloud))
	ctx.Export("cluster", cluster.EksCluster.Name())
	return err
}

func smallNetwork(ctx *pulumi.Context, opts ...pulumi.ResourceOption) (*ec2.Vpc, pulumi.StringArray, error) {
	vpc, err := ec2.NewVpc(ctx, "net", &ec2.VpcArgs{
		CidrBlock: pulumi.String("10.0.0.0/16"), EnableDnsHostnames: pulumi.Bool(true), EnableDnsSupport: pulumi.Bool(true),
	}, opts...)
	if err != nil {
		return nil, nil, err
	}
	var ids pulumi.StringArray
	for i, zone := range []string{"ap-northeast-2a", "ap-northeast-2b"} {
		subnet, err := ec2.NewSubnet(ctx, "private-"+zone, &ec2.SubnetArgs{
			VpcId: vpc.ID(), CidrBlock: pulumi.Sprintf("10.0.%d.0/24", i), AvailabilityZone: pulumi.String(zone),
		}, opts...)
		if err != nil {
			return nil, nil, err
		}
		ids = append(ids, subnet.ID())
	}
	return vpc, ids, nil
}

func TestSmall_livesThroughAllOperations(t *testing.T) {
	t.Parallel()
	run := open(t, small, nil)

	preview, err := run.Preview(t.Context())
	require.NoError(t, err)
	up, err := run.Up(t.Context())
	require.NoError(t, err)
	assert.Equal(t, preview.Counts(), up.Counts())
	assert.Equal(t, "small", up.Outputs["cluster"].Value)

	again, err := run.Up(t.Context())
	require.NoError(t, err)
	assert.Empty(t, again.Changes())
	refresh, err := run.Refresh(t.Context())
	require.NoError(t, err)
	assert.Empty(t, refresh.Changes())

	_, err = run.Destroy(t.Context())
	require.NoError(t, err)
	assert.Zero(t, run.Cloud().AWS.LiveCount())
}
