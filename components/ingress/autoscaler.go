package ingress

import (
	"fmt"

	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/internal/podscale"
)

// newAutoscaler registers the owner of the number of pods: quick to add, and slow to take away, as each pod that goes
// breaks the connections that outlast its drain.
func (b *builder) newAutoscaler() error {
	s := b.args.Ingress.Scale
	if _, err := autoscalingv2.NewHorizontalPodAutoscaler(b.ctx, b.name, &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: b.metadata(controllerName),
		Spec: podscale.Spec(podscale.Target{
			Deployment: controllerName, Min: s.Min, Max: s.Max, CPUPercent: s.CPUPercent, ScaleDownSeconds: s.ScaleDownSeconds,
		}),
	}, b.parent); err != nil {
		return fmt.Errorf("creating autoscaler: %w", err)
	}
	return nil
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
