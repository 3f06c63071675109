package fleet

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/slipway-eks/slipway/spec"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// Labels and annotations of nodes.
const (
	nodeGroupLabel = "eks.amazonaws.com/nodegroup" // EKS user guide, managed node groups
	capacityLabel  = "eks.amazonaws.com/capacityType"
	recipeNote     = "slipway.dev/rehearsal-recipe"
)

// evictionMiB is the memory below which the kubelet evicts pods (amazon-eks-ami, evictionHard).
const evictionMiB = 100

// newNode describes a node of a group as it registers, in the zone that has the fewest of them, which is how an Auto
// Scaling group balances zones (EC2 Auto Scaling user guide, Availability Zones).
func newNode(g *simaws.NodeGroup, others []corev1.Node) (*corev1.Node, error) {
	if len(g.InstanceTypes) == 0 || len(g.Zones) == 0 {
		return nil, fmt.Errorf("node group %s has no instance type or no zone", g.Name)
	}
	kind, ok := spec.FindInstanceType(g.InstanceTypes[0])
	if !ok {
		return nil, fmt.Errorf("node group %s: instance type %s is not in the table", g.Name, g.InstanceTypes[0])
	}
	id, err := randomHex(17)
	if err != nil {
		return nil, err
	}
	zone := emptiest(g.Zones, others)
	region := zone[:len(zone)-1]
	name := fmt.Sprintf("i-%s.%s.compute.internal", id, region)
	labels := map[string]string{
		corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: kind.Arch,
		corev1.LabelInstanceTypeStable: kind.Name, corev1.LabelTopologyZone: zone, corev1.LabelTopologyRegion: region,
		nodeGroupLabel: g.Name, capacityLabel: capacityOf(g),
	}
	maps.Copy(labels, g.Labels)
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: labels, Annotations: map[string]string{recipeNote: g.Recipe},
		},
		Spec: corev1.NodeSpec{ProviderID: "aws:///" + zone + "/i-" + id},
		Status: corev1.NodeStatus{
			Capacity:    size(1000*kind.VCPU, int(kind.MemoryGiB*1024), maxPods(g, kind)),
			Allocatable: size(kind.AllocatableMilliCPU(), kind.AllocatableMiB(maxPods(g, kind))-evictionMiB, maxPods(g, kind)),
			NodeInfo:    corev1.NodeSystemInfo{Architecture: kind.Arch, OperatingSystem: "linux"},
		},
	}
	for _, t := range g.Taints {
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: t.Key, Value: t.Value, Effect: corev1.TaintEffect(t.Effect)})
	}
	return node, nil
}

// maxPods is how many pods the kubelet runs: what the group's user data says or else what EKS computes, which depends on
// how the CNI gets addresses (EKS user guide, choosing an instance type).
func maxPods(g *simaws.NodeGroup, kind spec.InstanceType) int {
	const hostNetworkPods = 2
	switch {
	case g.MaxPods > 0:
		return g.MaxPods
	case g.PrefixDelegation && !g.OwnImage:
		return kind.MaxPods()
	default:
		return kind.ENIs*(kind.IPv4PerENI-1) + hostNetworkPods
	}
}

func capacityOf(g *simaws.NodeGroup) string {
	if g.Spot {
		return "SPOT"
	}
	return "ON_DEMAND"
}

func size(milliCPU, mebibytes, pods int) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(int64(milliCPU), resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(int64(mebibytes)<<20, resource.BinarySI),
		corev1.ResourcePods:   *resource.NewQuantity(int64(pods), resource.DecimalSI),
	}
}

// emptiest returns the zone with the fewest nodes, the first of several.
func emptiest(zones []string, nodes []corev1.Node) string {
	count := map[string]int{}
	for _, n := range nodes {
		count[n.Labels[corev1.LabelTopologyZone]]++
	}
	return slices.MinFunc(zones, func(a, b string) int { return count[a] - count[b] })
}

func randomHex(n int) (string, error) {
	b := make([]byte, (n+1)/2)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("making an instance id: %w", err)
	}
	return hex.EncodeToString(b)[:n], nil
}
