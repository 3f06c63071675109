package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/identity"
)

// newFlowLogs records the VPC's traffic in a log group of its own.
func (b *builder) newFlowLogs() error {
	logs := b.args.Network.FlowLogs
	if logs.Off {
		return nil
	}
	name := b.name + "-flow-logs"
	group, err := cloudwatch.NewLogGroup(b.ctx, name, &cloudwatch.LogGroupArgs{
		RetentionInDays: pulumi.Int(logs.RetentionDays),
		Tags:            nameTag(name),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating log group of flow logs: %w", err)
	}
	role, err := iam.NewRole(b.ctx, name, &iam.RoleArgs{
		Description:      pulumi.String("Lets VPC flow logs write to CloudWatch Logs"),
		AssumeRolePolicy: pulumi.String(identity.ServiceTrust("vpc-flow-logs.amazonaws.com").MustJSON()),
		Tags:             nameTag(name),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating role of flow logs: %w", err)
	}
	policy, err := iam.NewRolePolicy(b.ctx, name, &iam.RolePolicyArgs{
		Role: role.Name, Policy: group.Arn.ApplyT(flowLogPolicy).(pulumi.StringOutput),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating policy of flow logs: %w", err)
	}
	if _, err := ec2.NewFlowLog(b.ctx, b.name, &ec2.FlowLogArgs{
		VpcId:              b.vpc.ID(),
		TrafficType:        pulumi.String(logs.Traffic),
		LogDestinationType: pulumi.String("cloud-watch-logs"),
		LogDestination:     group.Arn,
		IamRoleArn:         role.Arn,
		Tags:               nameTag(b.name),
		// Records that come before the role may write are lost.
	}, b.parent, pulumi.DependsOn([]pulumi.Resource{policy})); err != nil {
		return fmt.Errorf("creating flow log: %w", err)
	}
	return nil
}

// flowLogPolicy allows what VPC flow logs need of a log group that exists (VPC user guide, publish flow logs to
// CloudWatch Logs), on that group alone.
func flowLogPolicy(groupARN string) (string, error) {
	return identity.NewDocument(identity.Statement{
		Effect: identity.Allow,
		Action: identity.Values{
			"logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
		},
		Resource: identity.Values{groupARN, groupARN + ":*"},
	}).JSON()
}
