package autoscaler

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"

	"github.com/slipway-eks/slipway/components/identity"
)

// clusterTag is the tag that EKS puts on the Auto Scaling group of a managed node group, with the cluster's name.
const clusterTag = "eks:cluster-name"

// groupTagValue is the value of the tag of groups that may be changed.
const groupTagValue = "true"

// policy allows to look at groups and what their nodes will be, and to change the size of the cluster's own groups
// that carry the tag (Cluster Autoscaler, cloud provider AWS, IAM policy; its one statement on everything is split).
func (args *AutoscalerArgs) policy(clusterName string) identity.Document {
	return identity.NewDocument(
		identity.Statement{
			Effect: identity.Allow,
			Action: identity.Values{ // none of these can be limited to a resource
				"autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
				"autoscaling:DescribeLaunchConfigurations", "autoscaling:DescribeScalingActivities",
				"autoscaling:DescribeTags", "ec2:DescribeImages", "ec2:DescribeInstanceTypes",
				"ec2:DescribeLaunchTemplateVersions", "ec2:GetInstanceTypesFromInstanceRequirements",
			},
			Resource: identity.Values{"*"},
		},
		identity.Statement{
			Effect:   identity.Allow,
			Action:   identity.Values{"eks:DescribeNodegroup"},
			Resource: identity.Values{"arn:" + args.Partition + ":eks:" + args.Region + ":*:nodegroup/" + clusterName + "/*/*"},
		},
		identity.Statement{
			Effect: identity.Allow,
			Action: identity.Values{
				"autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup",
			},
			Resource: identity.Values{"arn:" + args.Partition + ":autoscaling:" + args.Region + ":*:autoScalingGroup:*"},
			Condition: identity.Conditions{"StringEquals": {
				"aws:ResourceTag/" + args.GroupTag: {groupTagValue},
				"aws:ResourceTag/" + clusterTag:    {clusterName},
			}},
		},
	)
}

// newRole registers the role of the autoscaler's service account.
func (b *builder) newRole() error {
	policy := pulumix.Cast[pulumi.StringOutput](pulumix.ApplyErr(b.args.ClusterName.ToStringOutput(),
		func(cluster string) (string, error) { return b.args.policy(cluster).JSON() }))
	role, err := identity.NewServiceAccountRole(b.ctx, b.name, &identity.ServiceAccountRoleArgs{
		Description:    "Lets the Cluster Autoscaler of an EKS cluster change its node groups",
		Namespace:      namespace,
		ServiceAccount: autoscalerName,
		Method:         identity.PodIdentity,
		ClusterName:    b.args.ClusterName,
		PolicyInputs:   map[string]pulumi.StringInput{"groups": policy},
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating role: %w", err)
	}
	b.roleARN = role.ARN
	return nil
}
