package nodes

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/spec"
)

// AutoscalerTag marks the Auto Scaling groups that the Cluster Autoscaler may change; its policy allows no others. It is
// a key of our own: EKS puts the usual one on every managed group, also on those that something else scales.
const AutoscalerTag = "slipway.dev/cluster-autoscaler"

// newScaling registers what changes the number of nodes, and who hears of it.
func newScaling(
	ctx *pulumi.Context, name string, a *ManagedGroupArgs, group pulumi.StringOutput, parent pulumi.ResourceOption,
) error {
	if cpu := a.Group.Scaling.CPU; cpu != nil {
		if err := newCPUPolicy(ctx, name, cpu, group, parent); err != nil {
			return err
		}
	}
	if a.Group.Scaling.PendingPods() {
		if err := newAutoscalerTag(ctx, name, group, parent); err != nil {
			return err
		}
	}
	if a.AlertTopicARN == nil {
		return nil
	}
	_, err := autoscaling.NewNotification(ctx, name, &autoscaling.NotificationArgs{
		GroupNames: pulumi.StringArray{group},
		TopicArn:   a.AlertTopicARN,
		Notifications: pulumi.StringArray{
			autoscaling.NotificationTypeInstanceLaunch, autoscaling.NotificationTypeInstanceTerminate,
			// Also when it does not work: a quota that is reached, a type that is not to be had.
			autoscaling.NotificationTypeInstanceLaunchError, autoscaling.NotificationTypeInstanceTerminateError,
		},
	}, parent)
	if err != nil {
		return fmt.Errorf("creating notification: %w", err)
	}
	return nil
}

// newCPUPolicy has the group hold an average CPU use.
func newCPUPolicy(
	ctx *pulumi.Context, name string, cpu *spec.CPUScaling, group pulumi.StringOutput, parent pulumi.ResourceOption,
) error {
	_, err := autoscaling.NewPolicy(ctx, name+"-cpu", &autoscaling.PolicyArgs{
		AutoscalingGroupName:    group,
		PolicyType:              pulumi.String("TargetTrackingScaling"),
		EstimatedInstanceWarmup: pulumi.Int(cpu.WarmUpSeconds),
		TargetTrackingConfiguration: autoscaling.PolicyTargetTrackingConfigurationArgs{
			TargetValue:    pulumi.Float64(cpu.Percent),
			DisableScaleIn: pulumi.Bool(!cpu.AllowScaleIn),
			PredefinedMetricSpecification: autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs{
				PredefinedMetricType: pulumi.String("ASGAverageCPUUtilization"),
			},
		},
	}, parent)
	if err != nil {
		return fmt.Errorf("creating CPU policy: %w", err)
	}
	return nil
}

// newAutoscalerTag lets the Cluster Autoscaler find the group.
func newAutoscalerTag(
	ctx *pulumi.Context, name string, group pulumi.StringOutput, parent pulumi.ResourceOption,
) error {
	_, err := autoscaling.NewTag(ctx, name+"-autoscaler", &autoscaling.TagArgs{
		AutoscalingGroupName: group,
		Tag: autoscaling.TagTagArgs{
			Key: pulumi.String(AutoscalerTag), Value: pulumi.String("true"), PropagateAtLaunch: pulumi.Bool(false),
		},
	}, parent)
	if err != nil {
		return fmt.Errorf("tagging the group for the Cluster Autoscaler: %w", err)
	}
	return nil
}
