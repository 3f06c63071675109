package ingress

import (
	"fmt"

	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Scaling up: by the double or by four pods each 15 seconds, whichever is more, and without waiting. These are the
// defaults of Kubernetes, written out so that they stay. Scaling down: one pod a minute. Services have the same.
const (
	scaleUpPeriod    = 15
	scaleUpPercent   = 100
	scaleUpPods      = 4
	scaleDownPeriod  = 60
	scaleDownPods    = 1
	noWaitingSeconds = 0
)

// newAutoscaler registers the owner of the number of pods: quick to add, and slow to take away, as each pod that goes
// breaks the connections that outlast its drain.
func (b *builder) newAutoscaler() error {
	s := b.args.Ingress.Scale
	if _, err := autoscalingv2.NewHorizontalPodAutoscaler(b.ctx, b.name, &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: b.metadata(controllerName),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpecArgs{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReferenceArgs{
				ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: pulumi.String(controllerName),
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
			Behavior: behaviour(s.ScaleDownSeconds),
		},
	}, b.parent); err != nil {
		return fmt.Errorf("creating autoscaler: %w", err)
	}
	return nil
}

func behaviour(scaleDownSeconds int) autoscalingv2.HorizontalPodAutoscalerBehaviorArgs {
	policy := func(kind string, value, period int) autoscalingv2.HPAScalingPolicyArgs {
		return autoscalingv2.HPAScalingPolicyArgs{
			Type: pulumi.String(kind), Value: pulumi.Int(value), PeriodSeconds: pulumi.Int(period),
		}
	}
	return autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{
		ScaleUp: autoscalingv2.HPAScalingRulesArgs{
			StabilizationWindowSeconds: pulumi.Int(noWaitingSeconds),
			SelectPolicy:               pulumi.String("Max"),
			Policies: autoscalingv2.HPAScalingPolicyArray{
				policy("Percent", scaleUpPercent, scaleUpPeriod), policy("Pods", scaleUpPods, scaleUpPeriod),
			},
		},
		ScaleDown: autoscalingv2.HPAScalingRulesArgs{
			StabilizationWindowSeconds: pulumi.Int(scaleDownSeconds),
			SelectPolicy:               pulumi.String("Max"),
			Policies:                   autoscalingv2.HPAScalingPolicyArray{policy("Pods", scaleDownPods, scaleDownPeriod)},
		},
	}
}

// newDisruptionBudget lets one pod at a time be taken away; pods that do not answer may always go.
func (b *builder) newDisruptionBudget() error {
	if _, err := policyv1.NewPodDisruptionBudget(b.ctx, b.name, &policyv1.PodDisruptionBudgetArgs{
		Metadata: b.metadata(controllerName),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			Selector:                   metav1.LabelSelectorArgs{MatchLabels: selector()},
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, b.parent); err != nil {
		return fmt.Errorf("creating disruption budget: %w", err)
	}
	return nil
}
