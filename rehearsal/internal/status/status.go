// Package status says on one screen how a rehearsed cluster stands: its nodes with their pods, its autoscalers, and the
// pods that have no place, and why.
package status

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/slipway-eks/slipway/rehearsal/internal/fleet"
)

// Status is how a cluster stands.
type Status struct {
	Nodes       []Node       `json:"nodes"`
	Autoscalers []Autoscaler `json:"autoscalers"`
	Pending     []Pod        `json:"pending"`
}

// Node is one living node.
type Node struct {
	Name  string `json:"name"`
	Group string `json:"group"`
	Zone  string `json:"zone"`
	Ready bool   `json:"ready"`
	// RequestedMilliCPU is what its pods asked for, of AllocatableMilliCPU.
	RequestedMilliCPU   int64 `json:"requestedMilliCpu"`
	AllocatableMilliCPU int64 `json:"allocatableMilliCpu"`
	// UsedPercent is how much of its CPU they use.
	UsedPercent float64  `json:"usedPercent"`
	Pods        []string `json:"pods"`
	MaxPods     int64    `json:"maxPods"`
}

// Autoscaler is one HorizontalPodAutoscaler.
type Autoscaler struct {
	Name string `json:"name"`
	Min  int32  `json:"min"`
	Max  int32  `json:"max"`
	Now  int32  `json:"now"`
	// CPUPercent is the average use of the requested CPU, -1 if it is not known; TargetPercent the one to hold.
	CPUPercent    int32 `json:"cpuPercent"`
	TargetPercent int32 `json:"targetPercent"`
}

// Pod is a pod without a place.
type Pod struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Read asks the cluster.
func Read(ctx context.Context, client kubernetes.Interface, nodes []fleet.NodeState) (*Status, error) {
	s := &Status{Nodes: []Node{}, Autoscalers: []Autoscaler{}, Pending: []Pod{}}
	for _, n := range nodes {
		s.Nodes = append(s.Nodes, nodeOf(n))
	}
	slices.SortFunc(s.Nodes, func(a, b Node) int {
		return strings.Compare(a.Group+a.Zone+a.Name, b.Group+b.Zone+b.Name)
	})
	hpas, err := client.AutoscalingV2().HorizontalPodAutoscalers("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing autoscalers: %w", err)
	}
	for i := range hpas.Items {
		s.Autoscalers = append(s.Autoscalers, autoscalerOf(&hpas.Items[i]))
	}
	pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName="})
	if err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	for _, p := range pods.Items {
		s.Pending = append(s.Pending, Pod{Name: p.Namespace + "/" + p.Name, Why: whyPending(&p)})
	}
	return s, nil
}

func nodeOf(n fleet.NodeState) Node {
	out := Node{
		Name: n.Name, Group: n.Group, Zone: n.Zone, Ready: n.Ready, MaxPods: n.MaxPods,
		RequestedMilliCPU: n.RequestedMilliCPU, AllocatableMilliCPU: n.AllocatableMilliCPU,
		UsedPercent: 100 * n.WantedMilliCPU / max(n.CapacityMilliCPU, 1), Pods: []string{},
	}
	for _, p := range n.Pods {
		out.Pods = append(out.Pods, p.Namespace+"/"+p.Name)
	}
	slices.Sort(out.Pods)
	return out
}

func autoscalerOf(hpa *autoscalingv2.HorizontalPodAutoscaler) Autoscaler {
	out := Autoscaler{
		Name: hpa.Namespace + "/" + hpa.Name, Min: 1, Max: hpa.Spec.MaxReplicas, Now: hpa.Status.CurrentReplicas, CPUPercent: -1,
	}
	if hpa.Spec.MinReplicas != nil {
		out.Min = *hpa.Spec.MinReplicas
	}
	for _, m := range hpa.Spec.Metrics {
		if m.Resource != nil && m.Resource.Target.AverageUtilization != nil {
			out.TargetPercent = *m.Resource.Target.AverageUtilization
		}
	}
	for _, m := range hpa.Status.CurrentMetrics {
		if m.Resource != nil && m.Resource.Current.AverageUtilization != nil {
			out.CPUPercent = *m.Resource.Current.AverageUtilization
		}
	}
	return out
}

func whyPending(p *corev1.Pod) string {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Message != "" {
			return c.Message
		}
	}
	return "the scheduler has not looked at it yet"
}

// WriteText writes the screen.
func (s *Status) WriteText(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tGROUP\tZONE\tCPU ASKED\tCPU USED\tPODS\t")
	for _, n := range s.Nodes {
		state := ""
		if !n.Ready {
			state = "not ready"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%dm of %dm\t%.0f %%\t%d of %d\t%s\n", short(n.Name), n.Group, n.Zone,
			n.RequestedMilliCPU, n.AllocatableMilliCPU, n.UsedPercent, len(n.Pods), n.MaxPods, state)
		for _, line := range wrapped(owners(n.Pods), wide) {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	fmt.Fprintln(w, "\nAUTOSCALER\tPODS\tCPU\t")
	for _, a := range s.Autoscalers {
		use := "unknown"
		if a.CPUPercent >= 0 {
			use = fmt.Sprintf("%d %%", a.CPUPercent)
		}
		fmt.Fprintf(w, "%s\t%d (%d to %d)\t%s, to hold %d %%\t\n", a.Name, a.Now, a.Min, a.Max, use, a.TargetPercent)
	}
	fmt.Fprintf(w, "\nPODS WITHOUT A PLACE: %d\n", len(s.Pending))
	for _, p := range s.Pending {
		fmt.Fprintf(w, "  %s: %s\n", p.Name, p.Why)
	}
	return w.Flush()
}

// wide is how many characters of pods' names stand in a line.
const wide = 110

func short(node string) string {
	name, _, _ := strings.Cut(node, ".")
	return name
}

// owners shortens the names of pods to those of what made them, with their number.
func owners(pods []string) []string {
	count := map[string]int{}
	for _, p := range pods {
		_, name, _ := strings.Cut(p, "/")
		parts := strings.Split(name, "-")
		cut := 1 // of a DaemonSet
		if len(parts) > 2 && len(parts[len(parts)-2]) >= 8 {
			cut = 2 // of a Deployment
		}
		count[strings.Join(parts[:max(1, len(parts)-cut)], "-")]++
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(count)) {
		if n := count[name]; n > 1 {
			name = fmt.Sprintf("%s x%d", name, n)
		}
		out = append(out, name)
	}
	return out
}

// wrapped puts words into lines.
func wrapped(words []string, width int) []string {
	var lines []string
	line := ""
	for _, word := range words {
		if line != "" && len(line)+len(word)+2 > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += ", "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
