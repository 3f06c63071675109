package microservice

import (
	"fmt"

	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"

	"github.com/slipway-eks/slipway/internal/podscale"
)

// newAutoscaler registers the owner of the number of pods. It is quick to add pods and slow to take them away: a start
// costs CPU, so that pods which come and go with each spike cost more than they serve.
func (b *builder) newAutoscaler() error {
	s := b.args.Service.Scale
	if _, err := autoscalingv2.NewHorizontalPodAutoscaler(b.ctx, b.name, &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: b.metadata(),
		Spec: podscale.Spec(podscale.Target{
			Deployment: b.args.ServiceName, Min: s.Min, Max: s.Max,
			CPUPercent: s.CPUPercent, ScaleDownSeconds: s.ScaleDownSeconds,
		}),
	}, b.parent); err != nil {
		return fmt.Errorf("creating autoscaler: %w", err)
	}
	return nil
}
