package spec

import (
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// Scaling is what adds and takes away the nodes of a group. The zero value is pendingPods: the Cluster Autoscaler adds
// a node when a pod finds no place, and takes away one that is hardly used.
type Scaling struct {
	// CPU has the Auto Scaling group hold an average CPU use. It cannot see pods that find no place.
	CPU *CPUScaling `json:"cpu,omitempty"`
	// None keeps the number of nodes at the group's min.
	None bool `json:"-"`
}

// CPUScaling holds the average CPU use of a group's instances.
type CPUScaling struct {
	// Percent of the instances' CPU. Default: 50.
	Percent int `json:"percent,omitempty" jsonschema:"default=50,minimum=10,maximum=90"`
	// AllowScaleIn lets the group take nodes away as well. It does so without a look at disruption budgets: EKS evicts
	// pods for 15 minutes and then stops the instance.
	AllowScaleIn bool `json:"allowScaleIn,omitempty"`
	// WarmUpSeconds is how long a new node's CPU use does not count. Default: 180.
	WarmUpSeconds int `json:"warmUpSeconds,omitempty" jsonschema:"default=180,minimum=30,maximum=3600"`
}

// SetScalar takes the short YAML forms, pendingPods, cpu and none.
func (s *Scaling) SetScalar(value any) error {
	switch value {
	case "pendingPods":
		*s = Scaling{}
	case "cpu":
		*s = Scaling{CPU: &CPUScaling{}}
		fieldtags.Default(s)
	case "none":
		*s = Scaling{None: true}
	default:
		return errors.New("must be pendingPods, cpu, {cpu: {percent: ...}} or none")
	}
	return nil
}

// MarshalJSON writes what the YAML forms read.
func (s Scaling) MarshalJSON() ([]byte, error) {
	switch {
	case s.CPU != nil:
		return json.Marshal(map[string]any{"cpu": s.CPU})
	case s.None:
		return json.Marshal("none")
	default:
		return json.Marshal("pendingPods")
	}
}

// PendingPods says whether the Cluster Autoscaler owns the number of nodes.
func (s *Scaling) PendingPods() bool { return s.CPU == nil && !s.None }

func (s *Scaling) validate(path *field.Path) field.ErrorList {
	if s.CPU != nil && s.None {
		return field.ErrorList{field.Forbidden(path, "give one of pendingPods, cpu and none")}
	}
	return nil
}

// Taint keeps pods that do not tolerate it off a group's nodes. Its key is the key of the map that holds it.
type Taint struct {
	// Value of the taint. Optional.
	Value string `json:"value,omitempty"`
	// Effect is what happens to such pods: NoSchedule, PreferNoSchedule or NoExecute. Default: NoSchedule.
	Effect string `json:"effect,omitempty" jsonschema:"enum=NoSchedule,enum=PreferNoSchedule,enum=NoExecute,default=NoSchedule"`
}

// Limits of pods on a node (EKS user guide, choosing an instance type; amazon-eks-ami max pods calculator).
const (
	// addressesPerPrefix is what the CNI gets at a time where prefix delegation is on: a /28.
	addressesPerPrefix = 16
	// hostNetworkPods use the node's own address: the CNI and kube-proxy.
	hostNetworkPods = 2
	// maxPodsSmall and maxPodsLarge are what Kubernetes recommends for nodes below and from largeNodeVCPU on.
	maxPodsSmall, maxPodsLarge, largeNodeVCPU = 110, 250, 30
)

// Memory that the AMI reserves for the kubelet, in MiB (amazon-eks-ami, kube-reserved).
const (
	reservedMiBPerPod  = 11
	reservedMiBPerNode = 255
)

// AddressedPods is how many pods of the type can have an address, with prefix delegation.
func (t InstanceType) AddressedPods() int {
	return t.ENIs*(t.IPv4PerENI-1)*addressesPerPrefix + hostNetworkPods
}

// MaxPods is how many pods EKS lets a node of the type run, with prefix delegation.
func (t InstanceType) MaxPods() int {
	if t.VCPU < largeNodeVCPU {
		return min(t.AddressedPods(), maxPodsSmall)
	}
	return min(t.AddressedPods(), maxPodsLarge)
}

// PodsPerNode is how many pods a node of the group runs: maxPods, or the least of what EKS computes for its types.
func (n *NodeGroup) PodsPerNode() int {
	if n.MaxPods > 0 {
		return n.MaxPods
	}
	least := 0
	for _, name := range n.InstanceTypes {
		if t, ok := FindInstanceType(name); ok && (least == 0 || t.MaxPods() < least) {
			least = t.MaxPods()
		}
	}
	return least
}

// validateMaxPods refuses a number of pods that a node has no addresses for, or that EKS would override.
func (n *NodeGroup) validateMaxPods(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	at := path.Child("maxPods")
	if n.MaxPods > 0 && n.ImageID == "" {
		errs = append(errs, field.Required(path.Child("imageId"),
			"maxPods needs an image: with EKS's own, EKS sets the number of pods itself"))
	}
	for _, name := range n.InstanceTypes {
		if t, ok := FindInstanceType(name); ok && n.MaxPods > t.AddressedPods() {
			errs = append(errs, field.Invalid(at, n.MaxPods, fmt.Sprintf("a %s has addresses for %d pods", name, t.AddressedPods())))
		}
	}
	return errs
}

// ReservedMemoryWarning says that what the kubelet reserves for so many pods eats a large part of a small node; "" if
// it does not.
func (n *NodeGroup) ReservedMemoryWarning() string {
	const share = 0.25
	for _, name := range n.InstanceTypes {
		t, ok := FindInstanceType(name)
		reserved := float64(reservedMiBPerPod*n.PodsPerNode() + reservedMiBPerNode)
		if total := t.MemoryGiB * 1024; ok && reserved > share*total {
			return fmt.Sprintf("a %s with %d pods reserves %.0f of its %.0f MiB for the kubelet (%d MiB a pod and %d): "+
				"a larger type, or a smaller maxPods with an imageId, leaves more to the pods",
				name, n.PodsPerNode(), reserved, total, reservedMiBPerPod, reservedMiBPerNode)
		}
	}
	return ""
}
