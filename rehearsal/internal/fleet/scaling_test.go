package fleet

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

const discovery = "--node-group-auto-discovery=asg:tag=slipway/autoscaled=yes,owner"

// elastic is a group that the autoscaler may change.
func elastic() simaws.NodeGroup {
	g := general()
	g.Tags = map[string]string{"slipway/autoscaled": "yes", "owner": "me"}
	return g
}

// withAutoscaler settles a world in which a Cluster Autoscaler runs.
func withAutoscaler(t *testing.T, groups ...simaws.NodeGroup) *world {
	t.Helper()
	w := newWorld(t, groups...)
	w.settle(t)
	w.pod(t, "autoscaler-1", w.nodes(t)[0].Name, "100m", discovers)
	return w
}

func discovers(p *corev1.Pod) {
	p.Spec.Containers[0].Command = []string{"cluster-autoscaler", discovery}
}

// grows says whether the autoscaler has asked for a node, some time after a pod began to wait.
func (w *world) grows(t *testing.T) bool {
	t.Helper()
	w.pass(t, 0)
	w.pass(t, scanTime)
	return w.said("the Cluster Autoscaler wants")
}

func TestAutoscaler_addsANodeForAPodWithoutAPlace(t *testing.T) {
	w := withAutoscaler(t, elastic())
	w.pod(t, "web-1", "", "1500m")
	w.pass(t, scanTime-time.Millisecond)
	assert.False(t, w.said("wants"), "it looks only now and then")
	w.pass(t, time.Millisecond)
	assert.True(t, w.said("the Cluster Autoscaler wants 3 nodes in general: pod shop/web-1 has no place"))
	w.pass(t, 0)
	w.pass(t, launchTime)
	assert.Len(t, w.nodes(t), 3)
}

func TestAutoscaler_addsOneAtATimeUpToTheMost(t *testing.T) {
	w := withAutoscaler(t, elastic())
	for i := range 9 {
		w.pod(t, fmt.Sprintf("web-%d", i), "", "1500m")
	}
	for want := 3; want <= 4; want++ {
		w.pass(t, scanTime)
		w.pass(t, scanTime)
		require.Equal(t, want, w.fleet.groups["general"].desired)
		w.pass(t, launchTime)
	}
	w.pass(t, time.Hour)
	w.pass(t, time.Hour)
	assert.Len(t, w.nodes(t), 4)
	assert.False(t, w.said("wants 5 nodes"))
}

func TestAutoscaler_doesNothing(t *testing.T) {
	for name, arrange := range map[string]func(w *world){
		"without an autoscaler": func(w *world) {
			w.settle(t)
		},
		"while it is not ready": func(w *world) {
			w.settle(t)
			w.pod(t, "autoscaler-1", w.nodes(t)[0].Name, "100m", discovers, notReady)
		},
		"with a group of other tags": func(w *world) {
			w.groups[0].Tags["slipway/autoscaled"] = "no"
			w.settle(t)
			w.pod(t, "autoscaler-1", w.nodes(t)[0].Name, "100m", discovers)
		},
		"with a group that lacks a tag": func(w *world) {
			delete(w.groups[0].Tags, "owner")
			w.settle(t)
			w.pod(t, "autoscaler-1", w.nodes(t)[0].Name, "100m", discovers)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, elastic())
			arrange(w)
			w.pod(t, "web-1", "", "1500m")
			assert.False(t, w.grows(t))
		})
	}
}

func TestAutoscaler_addsOnlyWhatHelps(t *testing.T) {
	taint := []simaws.Taint{{Key: "dedicated", Value: "chat", Effect: "NoSchedule"}}
	tolerates := func(value string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.Tolerations = []corev1.Toleration{{Key: "dedicated", Value: value}} }
	}
	selects := func(value string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{"group": value} }
	}
	for name, c := range map[string]struct {
		taints []simaws.Taint
		cpu    string
		pod    func(*corev1.Pod)
		grows  bool
	}{
		"a pod that fits":                      {nil, "1900m", func(*corev1.Pod) {}, true},
		"a pod too large for a node":           {nil, "1931m", func(*corev1.Pod) {}, false},
		"a pod for nodes of this label":        {nil, "1", selects("a"), true},
		"a pod for nodes of another label":     {nil, "1", selects("b"), false},
		"a pod that does not tolerate a taint": {taint, "1", func(*corev1.Pod) {}, false},
		"a pod that tolerates it":              {taint, "1", tolerates("chat"), true},
		"a pod that tolerates another":         {taint, "1", tolerates("arena"), false},
		"a pod that only prefers others": {
			[]simaws.Taint{{Key: "dedicated", Value: "chat", Effect: "PreferNoSchedule"}}, "1", func(*corev1.Pod) {}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := elastic()
			g.Taints, g.Labels = c.taints, map[string]string{"group": "a"}
			w := withAutoscaler(t, g)
			w.pod(t, "web-1", "", c.cpu, c.pod)
			assert.Equal(t, c.grows, w.grows(t))
		})
	}
}

func TestAutoscaler_countsWhatEveryNodeRuns(t *testing.T) {
	w := withAutoscaler(t, elastic())
	w.pod(t, "agent-1", w.nodes(t)[0].Name, "300m", daemon)
	w.pod(t, "web-1", "", "1700m")
	assert.False(t, w.grows(t), "1700m fit into 1930m, but not beside the 300m that every node runs")
}

func TestAutoscaler_takesTheGroupWithTheLeastLeftOver(t *testing.T) {
	large := elastic()
	large.Name, large.InstanceTypes = "large", []string{"t3.2xlarge"}
	w := withAutoscaler(t, large, elastic())
	w.pod(t, "web-1", "", "1")
	require.True(t, w.grows(t))
	assert.Equal(t, 3, w.fleet.groups["general"].desired)
	assert.Equal(t, 2, w.fleet.groups["large"].desired)
}

// tracked is a settled world of two nodes with a policy at 50 %, and a pod on each that uses so much of 2000m.
func tracked(t *testing.T, policy simaws.CPUPolicy, milli float64) *world {
	t.Helper()
	g := general()
	g.CPU = &policy
	w := newWorld(t, g)
	w.settle(t)
	for i, n := range w.nodes(t) {
		w.pod(t, fmt.Sprintf("web-%d", i), n.Name, "100m")
	}
	w.fleet.Load().SetPerPod("shop", "web", milli)
	w.fleet.groups["general"].cpu = nil // measured before the load came
	return w
}

func (w *world) minutes(t *testing.T, n int) {
	t.Helper()
	for range n {
		w.pass(t, time.Minute)
	}
}

func TestCPUPolicy_addsNodesAfterThreeMinutesAbove(t *testing.T) {
	w := tracked(t, simaws.CPUPolicy{Percent: 50}, 1200)
	w.minutes(t, 2)
	assert.Equal(t, 2, w.fleet.groups["general"].desired)
	w.minutes(t, 1)
	assert.Equal(t, 3, w.fleet.groups["general"].desired, "2 nodes x 60 % / 50 %, rounded up")
	assert.True(t, w.said("the CPU policy of general wants 3 nodes: the average is 60 %, its target 50 %"))
}

func TestCPUPolicy_wantsNoMoreThanTheGroupMayHave(t *testing.T) {
	w := tracked(t, simaws.CPUPolicy{Percent: 10}, 1900)
	w.minutes(t, 3)
	assert.Equal(t, 4, w.fleet.groups["general"].desired)
}

func TestCPUPolicy_countsMinutesInARow(t *testing.T) {
	w := tracked(t, simaws.CPUPolicy{Percent: 50}, 1200)
	for range 3 {
		w.minutes(t, 2)
		w.fleet.Load().SetPerPod("shop", "web", 1000) // the target itself
		w.minutes(t, 1)
		w.fleet.Load().SetPerPod("shop", "web", 1200)
	}
	assert.Equal(t, 2, w.fleet.groups["general"].desired)
}

func TestCPUPolicy_waitsUntilNewNodesAreWarm(t *testing.T) {
	w := tracked(t, simaws.CPUPolicy{Percent: 50, WarmUpSeconds: 600}, 1200)
	w.minutes(t, 3)
	require.Equal(t, 3, w.fleet.groups["general"].desired)
	w.fleet.Load().SetPerPod("shop", "web", 2000) // 133 % of the target over three nodes, still
	w.minutes(t, 9)
	assert.Equal(t, 3, w.fleet.groups["general"].desired)
	w.minutes(t, 1)
	assert.Equal(t, 4, w.fleet.groups["general"].desired)
}

func TestCPUPolicy_takesNodesAwayOnlyIfAllowed(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		t.Run(fmt.Sprint(allowed), func(t *testing.T) {
			w := tracked(t, simaws.CPUPolicy{Percent: 50, ScaleIn: allowed}, 100)
			w.minutes(t, 14)
			require.Equal(t, 2, w.fleet.groups["general"].desired)
			w.minutes(t, 30)
			want := map[bool]int{true: 1, false: 2}[allowed]
			assert.Equal(t, want, w.fleet.groups["general"].desired, "and never fewer than the least")
		})
	}
}
