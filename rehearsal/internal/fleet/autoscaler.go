package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// scanTime is how often the Cluster Autoscaler looks for pods that have no place (its --scan-interval).
const scanTime = 10 * time.Second

// autoscale stands in for the Cluster Autoscaler: where one runs, it adds a node to a group that it may change for pods
// that fit on none. It never takes a node away.
func (f *Fleet) autoscale(_ context.Context, s *snapshot) error {
	wanted := autoscalerTags(s)
	if wanted == nil {
		return nil
	}
	for _, p := range s.pods {
		if !pending(&p) || s.at.Sub(p.CreationTimestamp.Time) < f.real(scanTime) {
			continue
		}
		g, err := f.fitting(s, &p, wanted)
		if err != nil {
			return err
		}
		if g == nil || f.onTheWay(g) {
			continue
		}
		own := f.groups[g.Name]
		own.desired++
		f.note("the Cluster Autoscaler wants %d nodes in %s: pod %s/%s has no place", own.desired, g.Name, p.Namespace, p.Name)
	}
	return nil
}

// pending says whether the scheduler has found no place for a pod.
func pending(p *corev1.Pod) bool {
	if p.Spec.NodeName != "" || p.DeletionTimestamp != nil {
		return false
	}
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable
	})
}

// onTheWay says whether a node is already coming: one at a time shows whether it helped.
func (f *Fleet) onTheWay(g *simaws.NodeGroup) bool {
	own := f.groups[g.Name]
	return own.coming() > 0 || len(f.alive(f.last, g.Name)) < own.desired
}

// autoscalerTags are the tags by which a Cluster Autoscaler that is ready finds its groups; nil without one.
func autoscalerTags(s *snapshot) []string {
	const flag = "--node-group-auto-discovery=asg:tag="
	for i := range s.pods {
		if !ready(&s.pods[i]) {
			continue
		}
		for _, c := range s.pods[i].Spec.Containers {
			for _, word := range slices.Concat(c.Command, c.Args) {
				if tags, found := strings.CutPrefix(word, flag); found {
					return strings.Split(tags, ",")
				}
			}
		}
	}
	return nil
}

// fitting returns a group whose next node would take the pod, the one with the least CPU left over; nil if there is none.
func (f *Fleet) fitting(s *snapshot, p *corev1.Pod, tags []string) (*simaws.NodeGroup, error) {
	var best *simaws.NodeGroup
	left, daemons := int64(0), s.daemons()
	for i := range s.groups {
		g := &s.groups[i]
		own := f.groups[g.Name]
		if own == nil || own.desired >= g.Max || !tagged(g, tags) {
			continue
		}
		node, err := newNode(g, s.nodesOf(g.Name))
		if err != nil {
			return nil, err
		}
		fits, err := takes(node, p, daemons)
		if err != nil {
			return nil, err
		}
		over := node.Status.Allocatable.Cpu().MilliValue() - requested(p).cpu.MilliValue()
		if fits && (best == nil || over < left) {
			best, left = g, over
		}
	}
	return best, nil
}

func tagged(g *simaws.NodeGroup, tags []string) bool {
	for _, tag := range tags {
		key, value, valued := strings.Cut(tag, "=")
		if have, there := g.Tags[key]; !there || valued && have != value {
			return false
		}
	}
	return true
}

// takes says whether a node that has nothing but the DaemonSets' pods has room for a pod that may run there.
func takes(n *corev1.Node, p *corev1.Pod, daemons request) (bool, error) {
	matches, err := nodeaffinity.GetRequiredNodeAffinity(p).Match(n)
	if err != nil {
		return false, fmt.Errorf("reading the affinity of %s/%s: %w", p.Namespace, p.Name, err)
	}
	need := requested(p)
	need.add(daemons)
	return matches && tolerates(p, n.Spec.Taints) &&
		need.cpu.Cmp(*n.Status.Allocatable.Cpu()) <= 0 &&
		need.memory.Cmp(*n.Status.Allocatable.Memory()) <= 0, nil
}

func tolerates(p *corev1.Pod, taints []corev1.Taint) bool {
	for _, t := range taints {
		if t.Effect != corev1.TaintEffectPreferNoSchedule && !slices.ContainsFunc(p.Spec.Tolerations,
			func(have corev1.Toleration) bool { return toleration(&have, &t) }) {
			return false
		}
	}
	return true
}

// toleration says whether a taint is tolerated (Kubernetes, taints and tolerations).
func toleration(have *corev1.Toleration, t *corev1.Taint) bool {
	if have.Effect != "" && have.Effect != t.Effect || have.Key != "" && have.Key != t.Key {
		return false
	}
	return have.Operator == corev1.TolerationOpExists || have.Value == t.Value
}
