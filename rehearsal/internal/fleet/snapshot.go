package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// snapshot is the cluster at one moment.
type snapshot struct {
	at        time.Time
	groups    []simaws.NodeGroup
	nodes     []corev1.Node
	pods      []corev1.Pod
	services  []corev1.Service
	ingresses []networkingv1.Ingress
}

// look asks the cluster for everything at once.
func (f *Fleet) look(ctx context.Context) (*snapshot, error) {
	s := &snapshot{at: f.now(), groups: f.options.Groups()}
	all := metav1.ListOptions{ResourceVersion: "0"} // from the server's cache: nothing here needs the very latest
	nodes, err := f.client.CoreV1().Nodes().List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("listing nodes: %w", err)
	}
	pods, err := f.client.CoreV1().Pods("").List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	services, err := f.client.CoreV1().Services("").List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("listing services: %w", err)
	}
	ingresses, err := f.client.NetworkingV1().Ingresses("").List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("listing ingresses: %w", err)
	}
	s.nodes, s.pods, s.services, s.ingresses = nodes.Items, pods.Items, services.Items, ingresses.Items
	return s, nil
}

// podsOn returns the pods of a node that have not ended.
func (s *snapshot) podsOn(node string) []corev1.Pod {
	var out []corev1.Pod
	for _, p := range s.pods {
		if p.Spec.NodeName == node && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			out = append(out, p)
		}
	}
	return out
}

// daemons is what the DaemonSets' pods ask for on the node where they ask for the most of each.
func (s *snapshot) daemons() request {
	most := request{&resource.Quantity{}, &resource.Quantity{}}
	for i := range s.nodes {
		here := request{&resource.Quantity{}, &resource.Quantity{}}
		for _, p := range s.podsOn(s.nodes[i].Name) {
			if ofDaemonSet(&p) {
				here.add(requested(&p))
			}
		}
		if here.cpu.Cmp(*most.cpu) > 0 {
			most.cpu = here.cpu
		}
		if here.memory.Cmp(*most.memory) > 0 {
			most.memory = here.memory
		}
	}
	return most
}

// has says whether there is a node of this name.
func (s *snapshot) has(node string) bool {
	return slices.ContainsFunc(s.nodes, func(n corev1.Node) bool { return n.Name == node })
}

// nodesOf returns the nodes of a group.
func (s *snapshot) nodesOf(group string) []corev1.Node {
	var out []corev1.Node
	for _, n := range s.nodes {
		if n.Labels[nodeGroupLabel] == group {
			out = append(out, n)
		}
	}
	return out
}

// ready says whether a pod gets traffic.
func ready(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && p.DeletionTimestamp == nil
		}
	}
	return false
}
