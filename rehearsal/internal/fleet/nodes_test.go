package fleet

import (
	"testing"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

func TestNewNode_isAsItsGroupSays(t *testing.T) {
	g := general()
	g.Labels = map[string]string{"node.example.com/group": "general"}
	g.Taints = []simaws.Taint{{Key: "dedicated", Value: "chat", Effect: "NoSchedule"}}
	n, err := newNode(&g, nil)
	require.NoError(t, err)

	assert.Regexp(t, `^i-[0-9a-f]{17}\.eu-west-1\.compute\.internal$`, n.Name)
	assert.Equal(t, map[string]string{
		"kubernetes.io/hostname": n.Name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
		"node.kubernetes.io/instance-type": "t3.large",
		"topology.kubernetes.io/zone":      "eu-west-1a", "topology.kubernetes.io/region": "eu-west-1",
		"eks.amazonaws.com/nodegroup": "general", "eks.amazonaws.com/capacityType": "ON_DEMAND",
		"node.example.com/group": "general",
	}, n.Labels)
	assert.Equal(t, []corev1.Taint{{Key: "dedicated", Value: "chat", Effect: corev1.TaintEffectNoSchedule}}, n.Spec.Taints)
	assert.Regexp(t, `^aws:///eu-west-1a/i-[0-9a-f]{17}$`, n.Spec.ProviderID)
	assert.Equal(t, "one", n.Annotations[recipeNote])

	g.Spot, g.InstanceTypes = true, []string{"t4g.large"}
	n, err = newNode(&g, nil)
	require.NoError(t, err)
	assert.Equal(t, "SPOT", n.Labels["eks.amazonaws.com/capacityType"])
	assert.Equal(t, "arm64", n.Labels["kubernetes.io/arch"])
}

// The figures are those of EKS for a t3.large: 3 network interfaces of 12 addresses, 2 vCPU, 8 GiB.
func TestNewNode_hasTheRoomThatTheKubeletLeaves(t *testing.T) {
	kind, ok := spec.FindInstanceType("t3.large")
	require.True(t, ok)
	for name, c := range map[string]struct {
		change func(*simaws.NodeGroup)
		pods   int
	}{
		"addresses one by one": {func(*simaws.NodeGroup) {}, 3*(12-1) + 2},
		"addresses by prefix":  {func(g *simaws.NodeGroup) { g.PrefixDelegation = true }, 110},
		"an image of its own, which EKS computes nothing for": {
			func(g *simaws.NodeGroup) { g.PrefixDelegation, g.OwnImage = true, true }, 3*(12-1) + 2,
		},
		"user data": {func(g *simaws.NodeGroup) { g.PrefixDelegation, g.MaxPods = true, 50 }, 50},
	} {
		t.Run(name, func(t *testing.T) {
			g := general()
			c.change(&g)
			n, err := newNode(&g, nil)
			require.NoError(t, err)
			assert.Equal(t, int64(c.pods), n.Status.Allocatable.Pods().Value())
			assert.Equal(t, int64(2000), n.Status.Capacity.Cpu().MilliValue())
			assert.Equal(t, int64(1930), n.Status.Allocatable.Cpu().MilliValue())
			assert.Equal(t, int64(8<<30), n.Status.Capacity.Memory().Value())
			// 255 MiB and 11 MiB a pod for the kubelet, 100 MiB that it evicts at, and what the table takes off for the kernel.
			assert.Equal(t, int64(kind.AllocatableMiB(c.pods)-100)<<20, n.Status.Allocatable.Memory().Value())
		})
	}
}

func TestNewNode_goesToTheZoneWithTheFewest(t *testing.T) {
	g := general()
	g.Zones = []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}
	var nodes []corev1.Node
	count := map[string]int{}
	for range 7 {
		n, err := newNode(&g, nodes)
		require.NoError(t, err)
		nodes = append(nodes, *n)
		count[n.Labels[corev1.LabelTopologyZone]]++
	}
	assert.Equal(t, map[string]int{"eu-west-1a": 3, "eu-west-1b": 2, "eu-west-1c": 2}, count)
}

func TestNewNode_refusesWhatItDoesNotKnow(t *testing.T) {
	g := general()
	g.InstanceTypes = []string{"q9.huge"}
	_, err := newNode(&g, nil)
	require.ErrorContains(t, err, "node group general: instance type q9.huge is not in the table")
	g = general()
	g.Zones = nil
	_, err = newNode(&g, nil)
	require.ErrorContains(t, err, "no zone")
}
