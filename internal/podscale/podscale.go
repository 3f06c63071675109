// Package podscale writes the specification of an autoscaler that is quick to add pods and slow to take them away: the
// same for services and for the controller that leads traffic to them.
package podscale

import (
	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Scaling up: by the double or by four pods each 15 seconds, whichever is more, and without waiting. These are the
// defaults of Kubernetes, written out so that they stay. Scaling down: one pod a minute.
const (
	scaleUpPeriod    = 15
	scaleUpPercent   = 100
	scaleUpPods      = 4
	scaleDownPeriod  = 60
	scaleDownPods    = 1
	noWaitingSeconds = 0
)

// Target is what is scaled, and within which bounds.
type Target struct {
	// Deployment is the name of the Deployment.
	Deployment string
	// Min and Max are the bounds of the number of pods.
	Min, Max int
	// CPUPercent is the average CPU use to hold, in percent of the requested CPU.
	CPUPercent int
	// ScaleDownSeconds is how long use must have been lower before pods go.
	ScaleDownSeconds int
}

// Spec returns the specification of the target's autoscaler.
func Spec(t Target) autoscalingv2.HorizontalPodAutoscalerSpecArgs {
	return autoscalingv2.HorizontalPodAutoscalerSpecArgs{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReferenceArgs{
			ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: pulumi.String(t.Deployment),
		},
		MinReplicas: pulumi.Int(t.Min),
		MaxReplicas: pulumi.Int(t.Max),
		Metrics: autoscalingv2.MetricSpecArray{autoscalingv2.MetricSpecArgs{
			Type: pulumi.String("Resource"),
			Resource: autoscalingv2.ResourceMetricSourceArgs{
				Name: pulumi.String("cpu"),
				Target: autoscalingv2.MetricTargetArgs{
					Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(t.CPUPercent),
				},
			},
		}},
		Behavior: autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{
			ScaleUp: rules(noWaitingSeconds,
				policy("Percent", scaleUpPercent, scaleUpPeriod), policy("Pods", scaleUpPods, scaleUpPeriod)),
			ScaleDown: rules(t.ScaleDownSeconds, policy("Pods", scaleDownPods, scaleDownPeriod)),
		},
	}
}

// rules let the policy that changes most decide.
func rules(waitSeconds int, policies ...autoscalingv2.HPAScalingPolicyInput) autoscalingv2.HPAScalingRulesArgs {
	return autoscalingv2.HPAScalingRulesArgs{
		StabilizationWindowSeconds: pulumi.Int(waitSeconds),
		SelectPolicy:               pulumi.String("Max"),
		Policies:                   autoscalingv2.HPAScalingPolicyArray(policies),
	}
}

func policy(kind string, value, period int) autoscalingv2.HPAScalingPolicyInput {
	return autoscalingv2.HPAScalingPolicyArgs{
		Type: pulumi.String(kind), Value: pulumi.Int(value), PeriodSeconds: pulumi.Int(period),
	}
}
