package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// launchTime is how long an instance takes from its launch to a node that is ready. AWS states no figure; a minute is
// what nodes of Amazon Linux 2023 commonly take.
const launchTime = time.Minute

// group is what an Auto Scaling group knows of itself.
type group struct {
	// desired is how many nodes there should be.
	desired int
	// launches are when instances that are starting will be nodes.
	launches []time.Time
	// fresh are nodes that have joined, until a look at the cluster shows them.
	fresh []string
	// cpu is the average CPU use of the last minutes, for a target tracking policy.
	cpu []float64
	// measured is when cpu was last added to, changed when the number of nodes was last changed by a scaling.
	measured, changed time.Time
}

// keepGroups brings the nodes to what the node groups say.
func (f *Fleet) keepGroups(ctx context.Context, s *snapshot) error {
	for i := range s.groups {
		if err := f.keepGroup(ctx, s, &s.groups[i]); err != nil {
			return err
		}
	}
	// Nodes of a group that was deleted: EKS drains them first (EKS user guide, delete a managed node group).
	for _, n := range s.nodes {
		name, managed := n.Labels[nodeGroupLabel]
		gone := !slices.ContainsFunc(s.groups, func(g simaws.NodeGroup) bool { return g.Name == name })
		if managed && gone {
			delete(f.groups, name)
			if err := f.drain(ctx, s, &n, "its group was deleted"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Fleet) keepGroup(ctx context.Context, s *snapshot, g *simaws.NodeGroup) error {
	alive := f.alive(s, g.Name)
	own, known := f.groups[g.Name]
	if !known {
		own = &group{desired: g.Desired}
		if len(alive) > 0 { // of an earlier run
			own.desired = len(alive)
		}
		f.groups[g.Name] = own
		// EKS says that a new group is active when its nodes are ready.
		own.launches = slices.Repeat([]time.Time{s.at}, max(0, own.desired-len(alive)))
	}
	own.fresh = slices.DeleteFunc(own.fresh, s.has)
	own.desired = min(max(own.desired, g.Min), g.Max)
	if old := outdated(alive, g); old != nil {
		return f.replace(ctx, s, g, own, alive, old)
	}
	for missing := own.desired - len(alive) - own.coming(); missing > 0; missing-- {
		f.launch(s, g, own)
	}
	if err := f.join(ctx, s, g, own, alive); err != nil {
		return err
	}
	if len(alive) > own.desired {
		return f.drain(ctx, s, surplus(alive), "its group got smaller")
	}
	return nil
}

// coming is the number of nodes that a look at the cluster does not show yet.
func (g *group) coming() int { return len(g.launches) + len(g.fresh) }

// alive returns the nodes of a group whose instances run.
func (f *Fleet) alive(s *snapshot, name string) []corev1.Node {
	return slices.DeleteFunc(s.nodesOf(name), func(n corev1.Node) bool {
		_, dead := f.dead[n.Name]
		return dead
	})
}

func (f *Fleet) launch(s *snapshot, g *simaws.NodeGroup, own *group) {
	own.launches = append(own.launches, s.at.Add(f.real(launchTime)))
	f.note("%s launches a node: %d of %d", g.Name, own.desired, g.Max)
}

// join registers the nodes whose instances have started.
func (f *Fleet) join(ctx context.Context, s *snapshot, g *simaws.NodeGroup, own *group, alive []corev1.Node) error {
	open := *g
	open.Zones = slices.DeleteFunc(slices.Clone(g.Zones), func(zone string) bool { return f.closed[zone] })
	for len(own.launches) > 0 && !own.launches[0].After(s.at) && len(open.Zones) > 0 {
		node, err := newNode(&open, alive)
		if err != nil {
			return err
		}
		node, err = f.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("registering a node of %s: %w", g.Name, err)
		}
		own.launches, own.fresh = own.launches[1:], append(own.fresh, node.Name)
		alive = append(alive, *node)
		f.note("node %s of %s joined in %s", node.Name, g.Name, node.Labels[corev1.LabelTopologyZone])
	}
	return nil
}

// surplus returns the node that a group gives up: one that is drained already, or else one of the zone with the most of
// them (EC2 Auto Scaling user guide, default termination policy).
func surplus(alive []corev1.Node) *corev1.Node {
	count := map[string]int{}
	for i := range alive {
		count[alive[i].Labels[corev1.LabelTopologyZone]]++
	}
	best := &alive[0]
	for i := range alive {
		n := &alive[i]
		if n.Annotations[drainNote] != "" {
			return n
		}
		if count[n.Labels[corev1.LabelTopologyZone]] > count[best.Labels[corev1.LabelTopologyZone]] {
			best = n
		}
	}
	return best
}

// outdated returns a node that is made from another recipe than its group's, rather one that is drained already.
func outdated(alive []corev1.Node, g *simaws.NodeGroup) *corev1.Node {
	var found *corev1.Node
	for i := range alive {
		n := &alive[i]
		if n.Annotations[recipeNote] != g.Recipe && (found == nil || n.Annotations[drainNote] != "") {
			found = n
		}
	}
	return found
}

// replace updates a group as EKS does: a new node first, then an old one drained, one after the other (EKS user guide,
// managed node update behavior, with maxUnavailable 1).
func (f *Fleet) replace(
	ctx context.Context, s *snapshot, g *simaws.NodeGroup, own *group, alive []corev1.Node, old *corev1.Node,
) error {
	if len(alive)+own.coming() <= own.desired {
		f.launch(s, g, own)
	}
	if len(alive) <= own.desired {
		return f.join(ctx, s, g, own, alive)
	}
	if slices.ContainsFunc(alive, func(n corev1.Node) bool { return n.Annotations[recipeNote] == g.Recipe && !nodeReady(&n) }) {
		return nil
	}
	return f.drain(ctx, s, old, "its group makes nodes of another template")
}

// nodeReady says whether a node takes pods: the taint of a new one goes a moment after it has become ready.
func nodeReady(n *corev1.Node) bool {
	for _, t := range n.Spec.Taints {
		if t.Key == corev1.TaintNodeNotReady {
			return false
		}
	}
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
