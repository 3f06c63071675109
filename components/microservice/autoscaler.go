package microservice

import (
	"fmt"

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

// newAutoscaler registers the owner of the number of pods. It is quick to add pods and slow to take them away: a start
// costs CPU, so that pods which come and go with each spike cost more than they serve.
func (b *builder) newAutoscaler() error {
	s := b.args.Service.Scale
	if _, err := autoscalingv2.NewHorizontalPodAutoscaler(b.ctx, b.name, &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: b.metadata(),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpecArgs{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReferenceArgs{
				ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: pulumi.String(b.args.ServiceName),
			},
			MinReplicas: pulumi.Int(s.Min),
			MaxReplicas: pulumi.Int(s.Max),
			Metrics: autoscalingv2.MetricSpecArray{autoscalingv2.MetricSpecArgs{
				Type: pulumi.String("Resource"),
				Resource: autoscalingv2.ResourceMetricSourceArgs{
					Name: pulumi.String("cpu"),
					Target: autoscalingv2.MetricTargetArgs{
						Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(s.CPUPercent),
					},
				},
			}},
			Behavior: autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{
				ScaleUp: autoscalingv2.HPAScalingRulesArgs{
					StabilizationWindowSeconds: pulumi.Int(noWaitingSeconds),
					SelectPolicy:               pulumi.String("Max"),
					Policies: autoscalingv2.HPAScalingPolicyArray{
						scalingPolicy("Percent", scaleUpPercent, scaleUpPeriod),
						scalingPolicy("Pods", scaleUpPods, scaleUpPeriod),
					},
				},
				ScaleDown: autoscalingv2.HPAScalingRulesArgs{
					StabilizationWindowSeconds: pulumi.Int(s.ScaleDownSeconds),
					SelectPolicy:               pulumi.String("Max"),
					Policies: autoscalingv2.HPAScalingPolicyArray{
						scalingPolicy("Pods", scaleDownPods, scaleDownPeriod),
					},
				},
			},
		},
	}, b.parent); err != nil {
		return fmt.Errorf("creating autoscaler: %w", err)
	}
	return nil
}

func scalingPolicy(kind string, value, period int) autoscalingv2.HPAScalingPolicyArgs {
	return autoscalingv2.HPAScalingPolicyArgs{
		Type: pulumi.String(kind), Value: pulumi.Int(value), PeriodSeconds: pulumi.Int(period),
	}
}
