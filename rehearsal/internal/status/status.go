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
	var screen strings.Builder
	s.writeNodes(&screen)
	s.writeAutoscalers(&screen)
	fmt.Fprintf(&screen, "\nPODS WITHOUT A PLACE: %d\n", len(s.Pending))
	for _, p := range s.Pending {
		fmt.Fprintf(&screen, "  %s: %s\n", p.Name, p.Why)
	}
	if _, err := io.WriteString(out, screen.String()); err != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	return nil
}

// writeNodes writes the nodes as a table, with the pods of each below its row. They would end the table's columns, so
// they are put in afterwards.
func (s *Status) writeNodes(screen *strings.Builder) {
	rows := [][]string{{"NODE", "GROUP", "ZONE", "CPU ASKED", "CPU USED", "PODS"}}
	for _, n := range s.Nodes {
		row := []string{
			short(n.Name), n.Group, n.Zone, fmt.Sprintf("%dm of %dm", n.RequestedMilliCPU, n.AllocatableMilliCPU),
			fmt.Sprintf("%.0f %%", n.UsedPercent), fmt.Sprintf("%d of %d", len(n.Pods), n.MaxPods),
		}
		if !n.Ready {
			row = append(row, "not ready")
		}
		rows = append(rows, row)
	}
	for i, line := range table(rows) {
		fmt.Fprintln(screen, line)
		if i == 0 {
			continue
		}
		for _, pods := range wrapped(owners(s.Nodes[i-1].Pods), wide) {
			fmt.Fprintf(screen, "  %s\n", pods)
		}
	}
}

func (s *Status) writeAutoscalers(screen *strings.Builder) {
	rows := [][]string{{"AUTOSCALER", "PODS", "CPU"}}
	for _, a := range s.Autoscalers {
		use := "unknown"
		if a.CPUPercent >= 0 {
			use = fmt.Sprintf("%d %%", a.CPUPercent)
		}
		rows = append(rows, []string{
			a.Name, fmt.Sprintf("%d (%d to %d)", a.Now, a.Min, a.Max), fmt.Sprintf("%s, to hold %d %%", use, a.TargetPercent),
		})
	}
	fmt.Fprintln(screen)
	for _, line := range table(rows) {
		fmt.Fprintln(screen, line)
	}
}

// table returns rows as lines with their columns one below the other.
func table(rows [][]string) []string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // a builder takes everything
	return strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
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
