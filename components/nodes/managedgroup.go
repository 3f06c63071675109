package nodes

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/internal/required"
	"github.com/slipway-eks/slipway/spec"
)

// managedGroupType names ManagedGroup in state; changing it replaces every instance.
const managedGroupType = "slipway:nodes:ManagedGroup"

// GroupLabel is the label of every node with the name of its group; services choose a group by it.
const GroupLabel = "slipway.dev/node-group"

// amiTypes are the Amazon Linux 2023 images of EKS, by CPU architecture (EKS API reference, amiType).
var amiTypes = map[string]string{"amd64": "AL2023_x86_64_STANDARD", "arm64": "AL2023_ARM_64_STANDARD"}

// nodePolicies are the AWS managed policies of a node: join the cluster, pull images, and be reached through Session
// Manager in place of SSH. The right to change network interfaces is the CNI's own role's.
var nodePolicies = []string{
	"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore",
}

// ManagedGroupArgs configures a ManagedGroup.
type ManagedGroupArgs struct {
	// Group describes the nodes. Required: its InstanceTypes and Max.
	Group spec.NodeGroup
	// GroupName is the name of the group within its cluster, and the value of GroupLabel. Required.
	GroupName string
	// ClusterName is the name of the cluster, as an output that waits for what nodes need to join. Required.
	ClusterName pulumi.StringInput
	// SubnetIDs are the subnets of the nodes. Required.
	SubnetIDs pulumi.StringArrayInput
	// Version is the Kubernetes minor version of the nodes, normally the control plane's. Required.
	Version string
	// Partition is the AWS partition of managed policies. Default: aws.
	Partition string
	// ControlPlane is what nodes with an image of their own are told of the control plane. Required with
	// Group.ImageID.
	ControlPlane ControlPlane
	// AlertTopicARN is an SNS topic that is told when nodes come and go, and when that fails. Optional.
	AlertTopicARN pulumi.StringInput
	// Tags are put on what EC2 launches for the group: instances, volumes and network interfaces do not inherit the
	// provider's default tags.
	Tags map[string]string
}

// ControlPlane is what a node needs to know to join a cluster.
type ControlPlane struct {
	// Endpoint is the URL of the API server.
	Endpoint pulumi.StringInput
	// CertificateAuthority is the API server's CA certificate, as base64 of PEM.
	CertificateAuthority pulumi.StringInput
	// ServiceCIDR is the range of the cluster's Services.
	ServiceCIDR pulumi.StringInput
}

// ManagedGroup is an EKS managed node group.
type ManagedGroup struct {
	pulumi.ResourceState

	// ClusterName is the cluster's name, once the group has nodes.
	ClusterName pulumi.StringOutput `pulumi:"clusterName"`
	// RoleARN is the ARN of the nodes' role.
	RoleARN pulumi.StringOutput `pulumi:"roleArn"`
	// AutoScalingGroupName is the Auto Scaling group behind the node group.
	AutoScalingGroupName pulumi.StringOutput `pulumi:"autoScalingGroupName"`
}

// NewManagedGroup registers a node group, its role and its launch template.
func NewManagedGroup(
	ctx *pulumi.Context, name string, args *ManagedGroupArgs, opts ...pulumi.ResourceOption,
) (*ManagedGroup, error) {
	a, err := args.complete()
	if err != nil {
		return nil, fmt.Errorf("node group %q: %w", name, err)
	}
	g := &ManagedGroup{}
	if err := ctx.RegisterComponentResourceV2(managedGroupType, name, a.recorded(), g, opts...); err != nil {
		return nil, fmt.Errorf("registering node group %q: %w", name, err)
	}
	if err := a.warn(ctx, g); err != nil {
		return nil, fmt.Errorf("warning of node group %q: %w", name, err)
	}
	parent := pulumi.Parent(g)
	role, attachments, err := newNodeRole(ctx, name, a.Partition, parent)
	if err != nil {
		return nil, fmt.Errorf("node group %q: %w", name, err)
	}
	template, err := newLaunchTemplate(ctx, name, &a, parent)
	if err != nil {
		return nil, fmt.Errorf("node group %q: %w", name, err)
	}
	group, err := newGroup(ctx, name, &a, role, template, attachments, parent)
	if err != nil {
		return nil, fmt.Errorf("creating node group %q: %w", name, err)
	}

	g.AutoScalingGroupName = group.Resources.Index(pulumi.Int(0)).AutoscalingGroups().Index(pulumi.Int(0)).Name().Elem()
	if err := newScaling(ctx, name, &a, g.AutoScalingGroupName, parent); err != nil {
		return nil, fmt.Errorf("node group %q: %w", name, err)
	}
	g.ClusterName = gate.String(a.ClusterName, group)
	g.RoleARN = role.Arn
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{
		"clusterName": g.ClusterName, "roleArn": g.RoleARN, "autoScalingGroupName": g.AutoScalingGroupName,
	})
}

// newGroup registers the node group. It has no name of its own, so that a change that replaces it makes the new nodes
// before the old ones go.
func newGroup(
	ctx *pulumi.Context, name string, a *ManagedGroupArgs, role *iam.Role, template *ec2.LaunchTemplate,
	after []pulumi.Resource, parent pulumi.ResourceOption,
) (*awseks.NodeGroup, error) {
	args := &awseks.NodeGroupArgs{
		ClusterName:   a.ClusterName,
		NodeRoleArn:   role.Arn,
		SubnetIds:     a.SubnetIDs,
		CapacityType:  pulumi.String(capacity(&a.Group)),
		InstanceTypes: pulumi.ToStringArray(a.Group.InstanceTypes),
		ScalingConfig: awseks.NodeGroupScalingConfigArgs{
			MinSize: pulumi.Int(a.Group.Min), MaxSize: pulumi.Int(a.Group.Max), DesiredSize: pulumi.Int(a.Group.Min),
		},
		UpdateConfig: awseks.NodeGroupUpdateConfigArgs{MaxUnavailable: pulumi.Int(1)},
		LaunchTemplate: awseks.NodeGroupLaunchTemplateArgs{
			Id:      template.ID(),
			Version: pulumix.Cast[pulumi.StringOutput](pulumix.Apply(template.LatestVersion, strconv.Itoa)),
		},
		Labels:           withEntry(a.Group.Labels, GroupLabel, a.GroupName),
		Taints:           taints(a.Group.Taints),
		NodeRepairConfig: awseks.NodeGroupNodeRepairConfigArgs{Enabled: pulumi.Bool(true)},
	}
	if a.Group.ImageID == "" { // with an image of its own, a group has no image type and no version
		args.AmiType, args.Version = pulumi.String(amiTypes[a.Group.Arch()]), pulumi.String(a.Version)
	}
	return awseks.NewNodeGroup(ctx, name, args, parent,
		pulumi.DependsOn(after),
		// The number of nodes is the autoscaler's after the first deployment.
		pulumi.IgnoreChanges([]string{"scalingConfig.desiredSize"}))
}

func capacity(g *spec.NodeGroup) string {
	if g.Spot {
		return "SPOT"
	}
	return "ON_DEMAND"
}

// effects are EKS' words for what Kubernetes calls by others (EKS API reference, Taint).
var effects = map[string]string{
	"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE",
}

func taints(byKey map[string]spec.Taint) awseks.NodeGroupTaintArray {
	var all awseks.NodeGroupTaintArray
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		all = append(all, awseks.NodeGroupTaintArgs{
			Key: pulumi.String(key), Value: pulumi.String(byKey[key].Value), Effect: pulumi.String(effects[byKey[key].Effect]),
		})
	}
	return all
}

// newNodeRole registers the role of the nodes. The group waits for its policies: a node without them cannot join, and
// one that loses them first cannot leave in order.
func newNodeRole(
	ctx *pulumi.Context, name, partition string, parent pulumi.ResourceOption,
) (*iam.Role, []pulumi.Resource, error) {
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Description:      pulumi.String("Role of the EKS nodes of " + name),
		AssumeRolePolicy: pulumi.String(identity.ServiceTrust("ec2.amazonaws.com").MustJSON()),
	}, parent)
	if err != nil {
		return nil, nil, fmt.Errorf("creating role: %w", err)
	}
	var attachments []pulumi.Resource
	for _, policy := range nodePolicies {
		attachment, err := iam.NewRolePolicyAttachment(ctx, name+"-"+policy, &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: pulumi.String(identity.ManagedPolicyARN(partition, policy)),
		}, parent)
		if err != nil {
			return nil, nil, fmt.Errorf("attaching %s: %w", policy, err)
		}
		attachments = append(attachments, attachment)
	}
	return role, attachments, nil
}

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *ManagedGroupArgs) complete() (ManagedGroupArgs, error) {
	if args == nil {
		args = &ManagedGroupArgs{}
	}
	a := *args
	a.Group.Default()
	if a.Partition == "" {
		a.Partition = "aws"
	}
	errs := a.Group.Validate(nil)
	errs = append(errs, spec.ValidateNodeGroupName(field.NewPath("groupName"), a.GroupName)...)
	errs = append(errs, required.Fields(map[string]bool{
		"clusterName":                       a.ClusterName != nil,
		"subnetIds":                         a.SubnetIDs != nil,
		"version":                           a.Version != "",
		"controlPlane.endpoint":             a.Group.ImageID == "" || a.ControlPlane.Endpoint != nil,
		"controlPlane.certificateAuthority": a.Group.ImageID == "" || a.ControlPlane.CertificateAuthority != nil,
		"controlPlane.serviceCidr":          a.Group.ImageID == "" || a.ControlPlane.ServiceCIDR != nil,
	})...)
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}

// warn says what is allowed and yet worth a second look.
func (args *ManagedGroupArgs) warn(ctx *pulumi.Context, g *ManagedGroup) error {
	text := args.Group.ReservedMemoryWarning()
	if text == "" {
		return nil
	}
	return ctx.Log.Warn(text, &pulumi.LogArgs{Resource: g})
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *ManagedGroupArgs) recorded() pulumi.Map {
	return pulumi.Map{
		"groupName":     pulumi.String(args.GroupName),
		"instanceTypes": pulumi.ToStringArray(args.Group.InstanceTypes),
		"min":           pulumi.Int(args.Group.Min),
		"max":           pulumi.Int(args.Group.Max),
		"version":       pulumi.String(args.Version),
	}
}
