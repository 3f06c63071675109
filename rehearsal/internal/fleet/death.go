package fleet

import (
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
)

// Death says what load a node dies of. It is a model and no measurement: a node whose pods together want more CPU than
// it has starves the kubelet and the container runtime among them. It is the same whatever the platform does about it.
type Death struct {
	// Percent of the CPU of the instance that the pods together want.
	Percent float64
	// For is how long without a pause, in AWS's time.
	For time.Duration
}

// DefaultDeath is a fifth more than all of the CPU, for a minute.
var DefaultDeath = Death{Percent: 120, For: time.Minute}

// What happens after an instance has died. The kubelet's lease is what the controller manager looks at
// (kube-controller-manager, --node-monitor-grace-period); then the cloud's controller finds no instance and removes the
// node.
const (
	graceTime = 50 * time.Second
	buryTime  = 10 * time.Second
)

// Kill ends the instance of a node, as a failure of its host does.
func (f *Fleet) Kill(node, why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kill(node, why)
}

// LoseZone ends all instances of a zone and lets none be launched there, until RestoreZone. It returns how many ended.
func (f *Fleet) LoseZone(zone string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed[zone] = true
	lost := 0
	if f.last == nil {
		return lost
	}
	for _, n := range f.last.nodes {
		if _, dead := f.dead[n.Name]; !dead && n.Labels[corev1.LabelTopologyZone] == zone {
			f.kill(n.Name, "its zone fails")
			lost++
		}
	}
	return lost
}

// RestoreZone opens a zone again.
func (f *Fleet) RestoreZone(zone string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.closed, zone)
}

func (f *Fleet) kill(node, why string) {
	if _, already := f.dead[node]; already {
		return
	}
	f.dead[node] = f.now()
	f.deaths++
	f.note("node %s dies: %s", node, why)
}

// bury has the cluster notice dead nodes: not ready after the grace, gone a little later.
func (f *Fleet) bury(ctx context.Context, s *snapshot) error {
	maps.DeleteFunc(f.dead, func(name string, _ time.Time) bool { return !s.has(name) })
	maps.DeleteFunc(f.hot, func(name string, _ time.Time) bool { return !s.has(name) })
	for i := range s.nodes {
		n := &s.nodes[i]
		died, dead := f.dead[n.Name]
		switch {
		case !dead:
		case s.at.After(died.Add(f.real(graceTime + buryTime))):
			if err := f.end(ctx, s, n.Name); err != nil {
				return err
			}
		case n.Labels[controlplane.LostLabel] == "" && s.at.After(died.Add(f.real(graceTime))):
			patch := fmt.Sprintf(`{"metadata":{"labels":{%q:"true"}}}`, controlplane.LostLabel)
			_, err := f.client.CoreV1().Nodes().Patch(ctx, n.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			if err := ignoreGone(err); err != nil {
				return fmt.Errorf("marking node %s: %w", n.Name, err)
			}
			f.note("node %s is not ready", n.Name)
		}
	}
	return nil
}

// overload kills nodes whose pods want too much for too long.
func (f *Fleet) overload(_ context.Context, s *snapshot) error {
	wanted := f.load.wanted(s)
	for i := range s.nodes {
		n := &s.nodes[i]
		want, have := wanted[n.Name], float64(n.Status.Capacity.Cpu().MilliValue())
		if _, dead := f.dead[n.Name]; dead || want*100 <= have*f.options.Death.Percent {
			delete(f.hot, n.Name)
			continue
		}
		since, hot := f.hot[n.Name]
		switch {
		case !hot:
			f.hot[n.Name] = s.at
		case s.at.Sub(since) >= f.real(f.options.Death.For):
			f.kill(n.Name, fmt.Sprintf("its pods want %.0fm of %.0fm CPU", want, have))
		}
	}
	return nil
}

// NodeState is what a node looks like from outside.
type NodeState struct {
	Name, Group, Zone string
	Ready             bool
	// WantedMilliCPU is what its pods use, and would use if there were more.
	WantedMilliCPU, CapacityMilliCPU float64
	// RequestedMilliCPU is what its pods asked for, of AllocatableMilliCPU.
	RequestedMilliCPU, AllocatableMilliCPU int64
	// Pods are its pods, of at most MaxPods.
	Pods    []corev1.Pod
	MaxPods int64
}

// Nodes returns the nodes as they were at the last look, without those that are dead.
func (f *Fleet) Nodes() []NodeState {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last == nil {
		return nil
	}
	wanted := f.load.wanted(f.last)
	var out []NodeState
	for _, n := range f.last.nodes {
		if _, dead := f.dead[n.Name]; dead {
			continue
		}
		state := NodeState{
			Name: n.Name, Group: n.Labels[nodeGroupLabel], Zone: n.Labels[corev1.LabelTopologyZone], Ready: nodeReady(&n),
			WantedMilliCPU: wanted[n.Name], CapacityMilliCPU: float64(n.Status.Capacity.Cpu().MilliValue()),
			AllocatableMilliCPU: n.Status.Allocatable.Cpu().MilliValue(), MaxPods: n.Status.Allocatable.Pods().Value(),
			Pods: f.last.podsOn(n.Name),
		}
		for i := range state.Pods {
			state.RequestedMilliCPU += requested(&state.Pods[i]).cpu.MilliValue()
		}
		out = append(out, state)
	}
	return out
}
