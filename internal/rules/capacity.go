package rules

import (
	"fmt"
	"math"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// What a node needs for itself, beside what the kubelet reserves: the requests of the pods that run on every node (VPC
// CNI 50m, kube-proxy 100m, EBS CSI 30m) and a share of those that run once or twice (CoreDNS, metrics-server), rounded
// up. Memory in MiB.
const (
	systemMilliCPU  = 250
	systemMemoryMiB = 300
	systemPods      = 6
)

// evictionMiB is the memory below which the kubelet evicts pods (amazon-eks-ami, evictionHard).
const evictionMiB = 100

// demand is CPU in millicores, memory in MiB, and a number of pods.
type demand struct {
	cpu, memory float64
	pods        int
}

func (d demand) plus(e demand) demand {
	return demand{d.cpu + e.cpu, d.memory + e.memory, d.pods + e.pods}
}

func (d demand) times(n int) demand {
	return demand{d.cpu * float64(n), d.memory * float64(n), d.pods * n}
}

// room is what a node of the group has for services: the least of its instance types.
func room(g *spec.NodeGroup) demand {
	least := demand{math.Inf(1), math.Inf(1), g.PodsPerNode() - systemPods}
	for _, name := range g.InstanceTypes {
		t, ok := spec.FindInstanceType(name)
		if !ok {
			continue // reported where the group is checked
		}
		least.cpu = min(least.cpu, float64(t.AllocatableMilliCPU()-systemMilliCPU))
		least.memory = min(least.memory, float64(t.AllocatableMiB(g.PodsPerNode())-evictionMiB-systemMemoryMiB))
	}
	return least
}

// asked is what one pod of a service requests.
func asked(s *spec.Service) demand {
	return demand{milli(s.Resources.CPU), mebi(s.Resources.Memory), 1}
}

// starting is the CPU that a pod uses while it starts.
func starting(s *spec.Service) float64 {
	if s.Startup.CPU == "" {
		return milli(s.Resources.CPU)
	}
	return max(milli(s.Startup.CPU), milli(s.Resources.CPU))
}

func milli(text string) float64 {
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return 0 // reported where the service is checked
	}
	return float64(q.MilliValue())
}

func mebi(text string) float64 {
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return 0 // reported where the service is checked
	}
	return float64(q.Value()) / (1 << 20)
}

// tenants returns the services that can run on a group and on no other, in order: only of those it is certain where
// they are.
func tenants(p *spec.Platform, group string) []string {
	var all []string
	for _, name := range names(p.Services) {
		s := p.Services[name]
		if on := groupsFor(p, &s); s.Kind() != spec.KindJob && len(on) == 1 && on[0] == group {
			all = append(all, name)
		}
	}
	return all
}

// capacity refuses services that, at their most pods, do not fit on their group at its most nodes: the autoscaler
// would promise what there is no place for. A group that nothing scales never has more than its least nodes.
func capacity(p *spec.Platform) field.ErrorList {
	var errs field.ErrorList
	for _, name := range names(p.Nodes) {
		group := p.Nodes[name]
		total, sum := demand{}, []string{}
		for _, tenant := range tenants(p, name) {
			s := p.Services[tenant]
			need := asked(&s).times(scaleOf(&s).Max)
			total = total.plus(need)
			sum = append(sum, fmt.Sprintf("%s %d x (%s, %s)", tenant, scaleOf(&s).Max, s.Resources.CPU, s.Resources.Memory))
		}
		most := group.Max
		if group.Scaling.None {
			most = group.Min // which is how many are made, and nothing adds any
		}
		have := room(&group).times(most)
		if total.cpu > have.cpu || total.memory > have.memory || total.pods > have.pods {
			errs = append(errs, field.Invalid(field.NewPath("nodes", name, "max"), group.Max, fmt.Sprintf(
				"services at their most ask for %.0fm CPU, %.0f MiB and %d pods (%s), and %d nodes have %.0fm, %.0f MiB and %d",
				total.cpu, total.memory, total.pods, strings.Join(sum, ", "), most, have.cpu, have.memory, have.pods)))
		}
	}
	return errs
}

// headRoom refuses a group whose nodes cannot take over the pods of one that is lost, at what those cost to start:
// otherwise the start of the moved pods takes the next node down, and so on. In the worst case the node held as many
// pods of each service as an even spread allows; the scheduler is taken to put the moved pods where there is room, though
// their spread over zones may leave it little choice. A group of one node has no such promise to keep, and one that says why
// it need not keep it is let go.
func headRoom(p *spec.Platform) field.ErrorList {
	var errs field.ErrorList
	for _, name := range names(p.Nodes) {
		group := p.Nodes[name]
		if group.Min < 2 || group.NoHeadRoom != "" {
			continue
		}
		rest := float64(group.Min - 1)
		moved, stay, sum := 0.0, 0.0, []string{}
		for _, tenant := range tenants(p, name) {
			s := p.Services[tenant]
			lost := (scaleOf(&s).Min + group.Min - 1) / group.Min // pods are spread evenly
			moved += float64(lost) * starting(&s)
			stay += float64(scaleOf(&s).Min-lost) * milli(s.Resources.CPU)
			sum = append(sum, fmt.Sprintf("%s %d x %.0fm", tenant, lost, starting(&s)))
		}
		have := rest * room(&group).cpu
		if need := moved + stay; need > have {
			errs = append(errs, field.Invalid(field.NewPath("nodes", name, "min"), group.Min, fmt.Sprintf(
				"when a node is lost, the start of its pods takes %.0fm CPU (%s) beside the %.0fm of those that stay, "+
					"and the other %.0f nodes have %.0fm: use more or larger nodes, or say in noHeadRoom why it may be so",
				moved, strings.Join(sum, ", "), stay, rest, have)))
		}
	}
	return errs
}

// Memory that the pods of the cluster's own services ask for, which run twice and may be on any node: CoreDNS 70 MiB,
// metrics-server 200 MiB, the controller of EBS volumes 240 MiB (their manifests), and the Cluster Autoscaler 300 MiB
// (components/autoscaler).
const (
	clusterMemoryMiB    = 2 * (70 + 200 + 240)
	autoscalerMemoryMiB = 2 * 300
)

// memoryRoom refuses a group whose nodes have no memory for all pods when one is lost. Those of the cluster's own
// services then take the place of others: a service may lose the pods that it still has.
func memoryRoom(p *spec.Platform) field.ErrorList {
	var errs field.ErrorList
	for _, name := range names(p.Nodes) {
		group := p.Nodes[name]
		if group.Min < 2 || group.NoHeadRoom != "" {
			continue
		}
		services := 0.0
		for _, tenant := range tenants(p, name) {
			s := p.Services[tenant]
			services += float64(scaleOf(&s).Min) * mebi(s.Resources.Memory)
		}
		own, have := clusterMemory(p, name), float64(group.Min-1)*room(&group).memory
		if services+own > have {
			errs = append(errs, field.Invalid(field.NewPath("nodes", name, "min"), group.Min, fmt.Sprintf(
				"when a node is lost, the services at their least ask for %.0f MiB and the cluster's own for %.0f, and the "+
					"other %d nodes have %.0f: use more or larger nodes, or say in noHeadRoom why it may be so",
				services, own, group.Min-1, have)))
		}
	}
	return errs
}

// clusterMemory is what the cluster's own services ask for on a group, if it is certain that they are there: no other
// takes pods that tolerate nothing.
func clusterMemory(p *spec.Platform, name string) float64 {
	memory := float64(clusterMemoryMiB)
	for other, group := range p.Nodes {
		if (len(group.Taints) == 0) != (other == name) {
			return 0
		}
	}
	for _, group := range p.Nodes {
		if group.Scaling.PendingPods() {
			memory += autoscalerMemoryMiB
			break
		}
	}
	if p.Ingress != nil {
		memory += float64(p.Ingress.Scale.Min) * mebi(p.Ingress.Resources.Memory)
	}
	return memory
}

// cpuScaling refuses a CPU policy that cannot fire before pods find no place. With pods full by requests and an
// autoscaler that holds a part of the request, a node is as busy as that part, and never busier.
func cpuScaling(p *spec.Platform) field.ErrorList {
	var errs field.ErrorList
	for _, name := range names(p.Nodes) {
		group := p.Nodes[name]
		tenants := tenants(p, name)
		if group.Scaling.CPU == nil || len(tenants) == 0 {
			continue
		}
		requested, used := 0.0, 0.0
		for _, tenant := range tenants {
			s := p.Services[tenant]
			most := asked(&s).cpu * float64(scaleOf(&s).Max)
			requested += most
			used += most * float64(scaleOf(&s).CPUPercent) / 100
		}
		target := 100 * used / requested
		for _, instance := range group.InstanceTypes {
			t, ok := spec.FindInstanceType(instance)
			if !ok {
				continue
			}
			full := float64(t.AllocatableMilliCPU()) / float64(1000*t.VCPU)
			if busy := target * full; busy < float64(group.Scaling.CPU.Percent) {
				errs = append(errs, field.Invalid(field.NewPath("nodes", name, "scaling", "cpu", "percent"), group.Scaling.CPU.Percent,
					fmt.Sprintf("the policy cannot fire before pods are Pending: services hold %.0f %% of what they request, so a %s "+
						"that is full by requests (%dm of %dm) is %.0f %% x %.3f = %.0f %% busy; use scaling: pendingPods, or a higher "+
						"cpuPercent of the services", target, instance, t.AllocatableMilliCPU(), 1000*t.VCPU, target, full, busy)))
				break
			}
		}
	}
	return errs
}
