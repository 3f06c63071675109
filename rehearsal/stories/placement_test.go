//go:build unix

package stories_test

import (
	"testing"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// S37: some pods were to run on particular nodes. The groups are the program's; only where their subnets are is not: the
// group for chats is in a zone in which there are no other nodes, and keeps other pods off.
func TestS37_podsRunOnTheirGroup(t *testing.T) {
	t.Parallel()
	three := func(group string) spec.Service {
		return service(func(s *spec.Service) {
			s.Scale, s.Placement.Group = &spec.Scale{Min: 3, Max: 3}, group
		})
	}
	got := prod(t, func(p *spec.Platform) {
		p.Ingress = nil
		p.Services = map[string]spec.Service{"chat": three("chats"), "front": three("")}
		p.Nodes = map[string]spec.NodeGroup{
			"chats": {
				InstanceTypes: []string{"m6i.2xlarge"}, Min: 1, Max: 2, NoHeadRoom: "this test is about placement",
				Taints: map[string]spec.Taint{"dedicated": {Value: "chats"}},
			},
			"general": {InstanceTypes: []string{"t3.large"}, Min: 3, Max: 3},
		}
	})
	a := recorded(t, got)
	zones := map[string][]string{"chats": {"ap-northeast-2c"}, "general": {"ap-northeast-2a", "ap-northeast-2b"}}
	for i := range a.groups {
		a.groups[i].Zones = zones[a.groups[i].Labels["slipway.dev/node-group"]]
	}
	w := newWorld(t, a)
	w.deploy(got)
	assert.Equal(t, map[string]int{"chats": 3}, w.groupsOf("chat"))
	assert.Equal(t, map[string]int{"general": 3}, w.groupsOf("front"))
}

// groupsOf counts the pods of a service that run, by the group of their node.
func (w *world) groupsOf(service string) map[string]int {
	w.t.Helper()
	group := map[string]string{}
	nodes, err := w.Client().CoreV1().Nodes().List(w.t.Context(), metav1.ListOptions{})
	require.NoError(w.t, err)
	for _, n := range nodes.Items {
		group[n.Name] = n.Labels["slipway.dev/node-group"]
	}
	count := map[string]int{}
	for _, p := range w.podsOf(service) {
		if p.Status.Phase == corev1.PodRunning {
			count[group[p.Spec.NodeName]]++
		}
	}
	return count
}
