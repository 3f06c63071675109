package ingress

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Labels of nodes.
const (
	zoneLabel = "topology.kubernetes.io/zone"
	hostLabel = "kubernetes.io/hostname"
)

// eachRevision counts the pods of each revision by themselves: a new pod may share a node with an old one, so that N
// pods roll out on exactly N nodes. Counted together, the surge pod would find no node and the roll-out would hang.
func eachRevision() pulumi.StringArray {
	return pulumi.ToStringArray([]string{"pod-template-hash"})
}

// apart never puts two pods on one node: under load they would take it down together, and it both of them.
func apart() corev1.AffinityArgs {
	return corev1.AffinityArgs{PodAntiAffinity: corev1.PodAntiAffinityArgs{
		RequiredDuringSchedulingIgnoredDuringExecution: corev1.PodAffinityTermArray{corev1.PodAffinityTermArgs{
			TopologyKey:    pulumi.String(hostLabel),
			LabelSelector:  metav1.LabelSelectorArgs{MatchLabels: selector()},
			MatchLabelKeys: eachRevision(),
		}},
	}}
}

// overZones puts pods on as many zones as there are, so that losing one never takes all pods.
func overZones() corev1.TopologySpreadConstraintArray {
	return corev1.TopologySpreadConstraintArray{corev1.TopologySpreadConstraintArgs{
		MaxSkew:           pulumi.Int(1),
		TopologyKey:       pulumi.String(zoneLabel),
		WhenUnsatisfiable: pulumi.String("DoNotSchedule"),
		LabelSelector:     metav1.LabelSelectorArgs{MatchLabels: selector()},
		MatchLabelKeys:    eachRevision(),
		NodeTaintsPolicy:  pulumi.String("Honor"), // a tainted node is no place that pods could be on
	}}
}
