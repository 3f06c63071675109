package microservice

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EKS labels the nodes of managed groups with what they cost (EKS user guide, managed node group capacity types).
const (
	capacityLabel = "eks.amazonaws.com/capacityType"
	capacitySpot  = "SPOT"
)

// spread puts pods on as many zones and hosts as there are. The zone is a condition, so that losing one never takes
// all pods; the host is a wish, so that a roll-out is not stuck on a full cluster. Each revision is spread by itself:
// counted together, the new pods would fill up the places that old ones are about to leave.
func (b *builder) spread() corev1.TopologySpreadConstraintArray {
	constraint := func(topology, otherwise string) corev1.TopologySpreadConstraintArgs {
		return corev1.TopologySpreadConstraintArgs{
			MaxSkew:            pulumi.Int(1),
			TopologyKey:        pulumi.String(topology),
			WhenUnsatisfiable:  pulumi.String(otherwise),
			LabelSelector:      metav1.LabelSelectorArgs{MatchLabels: b.selector()},
			MatchLabelKeys:     pulumi.ToStringArray([]string{"pod-template-hash"}),
			NodeAffinityPolicy: pulumi.String("Honor"), // nor is a node of another group
			NodeTaintsPolicy:   pulumi.String("Honor"), // a tainted node is no place that pods could be on
		}
	}
	return corev1.TopologySpreadConstraintArray{
		constraint("topology.kubernetes.io/zone", "DoNotSchedule"),
		constraint("kubernetes.io/hostname", "ScheduleAnyway"),
	}
}

// affinity is the nodes that pods may run on: those with the labels asked for, and no spot nodes unless the service
// allows them. Both are conditions: a pod that finds no node waits and is seen, one on the wrong node is not. nil where
// any node will do.
func (b *builder) affinity() corev1.AffinityPtrInput {
	require := corev1.NodeSelectorRequirementArray{}
	for _, key := range sortedKeys(b.args.NodeLabels) {
		require = append(require, requirement(key, "In", b.args.NodeLabels[key]))
	}
	if !b.args.Service.Placement.Spot {
		require = append(require, requirement(capacityLabel, "NotIn", capacitySpot))
	}
	if len(require) == 0 {
		return nil
	}
	return corev1.AffinityArgs{NodeAffinity: corev1.NodeAffinityArgs{
		RequiredDuringSchedulingIgnoredDuringExecution: corev1.NodeSelectorArgs{
			NodeSelectorTerms: corev1.NodeSelectorTermArray{corev1.NodeSelectorTermArgs{MatchExpressions: require}},
		},
	}}
}

func requirement(key, operator, value string) corev1.NodeSelectorRequirementArgs {
	return corev1.NodeSelectorRequirementArgs{
		Key: pulumi.String(key), Operator: pulumi.String(operator), Values: pulumi.ToStringArray([]string{value}),
	}
}

// tolerations is nil where there are none.
func (b *builder) tolerations() corev1.TolerationArrayInput {
	if len(b.args.Tolerations) == 0 {
		return nil
	}
	list := corev1.TolerationArray{}
	for _, key := range sortedKeys(b.args.Tolerations) {
		taint := b.args.Tolerations[key]
		list = append(list, corev1.TolerationArgs{
			Key: pulumi.String(key), Operator: pulumi.String("Equal"),
			Value: pulumi.String(taint.Value), Effect: pulumi.String(taint.Effect),
		})
	}
	return list
}
