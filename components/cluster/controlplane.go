package cluster

import (
	"context"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	pulumieks "github.com/pulumi/pulumi-eks/sdk/v2/go/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/identity"
)

// controlPlaneLogs are all the log types that EKS has.
var controlPlaneLogs = []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}

// awsClusterType is the resource inside pulumi-eks' component that the transform changes.
const awsClusterType = "aws:eks/cluster:Cluster"

// controlPlane is what the rest of the package reads of an EKS cluster. pulumi-eks stands behind this one type, so
// that it can be replaced by the plain AWS resource in one file.
type controlPlane struct {
	name, arn, version, endpoint, certificateAuthority, securityGroupID, issuer, serviceCIDR pulumi.StringOutput
}

// newControlPlane registers the control plane through pulumi-eks, which is asked for nothing else: its node groups,
// add-ons, access entries and kubeconfig are out of date or cannot be used from Go in this version.
func newControlPlane(b *builder) (*controlPlane, error) {
	mode := pulumieks.AuthenticationModeApi
	public := b.args.Cluster.PublicAccess()
	args := &pulumieks.ClusterArgs{
		Name:                  pulumi.String(b.args.Cluster.Name),
		Version:               pulumi.String(b.args.Cluster.Version),
		VpcId:                 b.args.VpcID.ToStringOutput(),
		PrivateSubnetIds:      b.args.SubnetIDs,
		SkipDefaultNodeGroup:  pulumi.BoolRef(true),
		UseDefaultVpcCni:      pulumi.BoolRef(true),
		AuthenticationMode:    &mode,
		InstanceRoles:         iam.RoleArray{}, // empty, not nil: nil makes a role and an entry that break Core in Go
		EndpointPrivateAccess: pulumi.Bool(true),
		// Set also when false: left out, the endpoint would be public.
		EndpointPublicAccess:   pulumi.Bool(len(public) > 0),
		EnabledClusterLogTypes: pulumi.ToStringArray(controlPlaneLogs),
		EncryptionConfigKeyArn: b.keyARN,
		ProviderCredentialOpts: pulumieks.KubeconfigOptionsArgs{RoleArn: pulumi.String(b.args.Cluster.DeployRoleARN)},
	}
	if len(public) > 0 {
		args.PublicAccessCidrs = pulumi.ToStringArray(public)
	}
	cluster, err := pulumieks.NewCluster(b.ctx, b.name, args, b.parent,
		pulumi.DependsOn([]pulumi.Resource{b.logs}),
		pulumi.Transforms([]pulumi.ResourceTransform{b.transform}))
	if err != nil {
		return nil, fmt.Errorf("creating control plane: %w", err)
	}
	eks := cluster.EksCluster
	return &controlPlane{
		name: flat(eks.Name()), arn: flat(eks.Arn()), version: flat(eks.Version()), endpoint: flat(eks.Endpoint()),
		certificateAuthority: flat(eks.CertificateAuthority().Data().Elem()),
		securityGroupID:      flat(eks.VpcConfig().ClusterSecurityGroupId().Elem()),
		serviceCIDR:          flat(eks.KubernetesNetworkConfig().ServiceIpv4Cidr().Elem()),
		issuer:               flat(eks.Identities().Index(pulumi.Int(0)).Oidcs().Index(pulumi.Int(0)).Issuer().Elem()),
	}, nil
}

// flat turns an output of a resource that is itself an output into a plain one: what such accessors return holds an
// output inside, which pulumix does not look into and panics on.
func flat(o pulumi.StringOutput) pulumi.StringOutput {
	return o.ApplyT(func(s string) string { return s }).(pulumi.StringOutput)
}

// transform sets on the AWS cluster what pulumi-eks has no argument for. Protection goes to the cluster alone: the
// component's own option would cover children that must stay replaceable.
func (b *builder) transform(_ context.Context, a *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
	if a.Type != awsClusterType {
		return nil
	}
	a.Props["accessConfig"] = pulumi.Map{
		"authenticationMode": pulumi.String("API"),
		// pulumi-eks forces true, which gives whoever creates the cluster rights that no entry shows.
		"bootstrapClusterCreatorAdminPermissions": pulumi.Bool(false),
	}
	a.Props["upgradePolicy"] = pulumi.Map{"supportType": pulumi.String(b.args.Cluster.Support)}
	// EKS would install copies of the CNI, kube-proxy and CoreDNS that nobody manages.
	a.Props["bootstrapSelfManagedAddons"] = pulumi.Bool(false)
	a.Opts.Protect = a.Opts.Protect || b.args.Protect
	// A control plane stays in the zones that it was made in: EKS refuses subnets of others (EKS user guide, network
	// requirements). It serves nodes in every zone, so a zone that is added later does without its network interface.
	a.Opts.IgnoreChanges = append(slices.Clone(a.Opts.IgnoreChanges), "vpcConfig.subnetIds")
	return &pulumi.ResourceTransformResult{Props: a.Props, Opts: a.Opts}
}

// adminPolicyARN returns EKS's policy of full rights, in the partition of the role that gets them.
func adminPolicyARN(roleARN string) string {
	return "arn:" + identity.Partition(roleARN) + ":eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
}
