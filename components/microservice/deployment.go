package microservice

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rolloutSlackSeconds is what a roll-out may take beyond the start of one pod: a new node, an image pull.
const rolloutSlackSeconds = 300

// newDeployment registers the pods. It sets no number of replicas: that is the autoscaler's, and each of two owners
// would undo the other.
func (b *builder) newDeployment() error {
	pod := b.podSpec()
	pod.TopologySpreadConstraints = b.spread()
	if _, err := appsv1.NewDeployment(b.ctx, b.name, &appsv1.DeploymentArgs{
		Metadata: b.metadata(),
		Spec: appsv1.DeploymentSpecArgs{
			Selector: metav1.LabelSelectorArgs{MatchLabels: b.selector()},
			Strategy: appsv1.DeploymentStrategyArgs{
				Type: pulumi.String("RollingUpdate"),
				// One pod more at a time and never one less: a bad release stops with the old pods serving.
				RollingUpdate: appsv1.RollingUpdateDeploymentArgs{MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0)},
			},
			ProgressDeadlineSeconds: pulumi.Int(startupBudget(&b.args.Service) + rolloutSlackSeconds),
			Template:                corev1.PodTemplateSpecArgs{Metadata: b.podMetadata(), Spec: pod},
		},
	}, b.parent, b.afterPolicy()); err != nil {
		return fmt.Errorf("creating deployment: %w", err)
	}
	return nil
}

// afterPolicy has pods start under their network policy: before there is one, those of a namespace that denies
// everything reach nothing, and those of any other everything.
func (b *builder) afterPolicy() pulumi.ResourceOption {
	return pulumi.DependsOn([]pulumi.Resource{b.policy})
}
