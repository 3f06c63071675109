package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/slipway-eks/slipway/rehearsal/internal/fleet"
)

// view is the cluster at one moment.
type view struct {
	at          time.Time
	deployments []appsv1.Deployment
	pods        []corev1.Pod
	// nodes are the living ones, by name.
	nodes map[string]fleet.NodeState
}

func (d *drill) look(ctx context.Context) (*view, error) {
	if err := d.Cluster.Err(); err != nil {
		return nil, err
	}
	client := d.Cluster.Client()
	v := &view{nodes: map[string]fleet.NodeState{}}
	cached := metav1.ListOptions{ResourceVersion: "0"}
	deployments, err := client.AppsV1().Deployments("").List(ctx, cached)
	if err != nil {
		return nil, fmt.Errorf("listing deployments: %w", err)
	}
	pods, err := client.CoreV1().Pods("").List(ctx, cached)
	if err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	v.deployments, v.pods = deployments.Items, pods.Items
	for _, n := range d.Cluster.Fleet().Nodes() {
		v.nodes[n.Name] = n
	}
	v.at = time.Now()
	return v, nil
}

// strength is how a Deployment stands.
type strength struct {
	name           string
	wanted, serves int32
	skew           int
	// platform is false for what EKS runs by itself.
	platform bool
}

// String is for messages.
func (s strength) String() string { return fmt.Sprintf("%s %d of %d", s.name, s.serves, s.wanted) }

// services returns the Deployments in order.
func (v *view) services() []strength {
	var out []strength
	for i := range v.deployments {
		d := &v.deployments[i]
		s := strength{
			name: d.Namespace + "/" + d.Name, wanted: wantedOf(d), platform: d.Labels[fleet.AddonLabel] == "",
		}
		zones := map[string]int{}
		for _, n := range v.nodes {
			zones[n.Zone] += 0
		}
		for _, p := range v.podsOf(d) {
			if v.serves(p) {
				s.serves++
				zones[v.nodes[p.Spec.NodeName].Zone]++
			}
		}
		s.skew = spreadOf(zones)
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b strength) int { return strings.Compare(a.name, b.name) })
	return out
}

func (v *view) podsOf(d *appsv1.Deployment) []*corev1.Pod {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil // the API server has accepted it
	}
	var out []*corev1.Pod
	for i := range v.pods {
		if p := &v.pods[i]; p.Namespace == d.Namespace && selector.Matches(labels.Set(p.Labels)) {
			out = append(out, p)
		}
	}
	return out
}

// serves says whether a pod is ready and its instance lives.
func (v *view) serves(p *corev1.Pod) bool {
	if _, alive := v.nodes[p.Spec.NodeName]; !alive || p.DeletionTimestamp != nil {
		return false
	}
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// strong says whether all Deployments that were there before are at full strength.
func (v *view) strong(wanted map[string]int32) bool {
	for _, s := range v.services() {
		if _, known := wanted[s.name]; known && s.serves < max(s.wanted, 1) {
			return false
		}
	}
	return true
}

// cpuPercent is how much of their CPU the nodes use on average.
func (v *view) cpuPercent() float64 {
	used, have := 0.0, 0.0
	for _, n := range v.nodes {
		used += min(n.WantedMilliCPU, n.CapacityMilliCPU)
		have += n.CapacityMilliCPU
	}
	return 100 * used / max(have, 1)
}

func spreadOf(zones map[string]int) int {
	least, most := -1, 0
	for _, n := range zones {
		if least < 0 || n < least {
			least = n
		}
		most = max(most, n)
	}
	return most - max(least, 0)
}
