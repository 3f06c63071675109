package spec

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// NodeGroup describes an EKS managed node group on Amazon Linux 2023.
type NodeGroup struct {
	// InstanceTypes are EC2 types of one architecture. Give several for spot capacity. A change replaces the group:
	// the new one is made before the old one goes.
	InstanceTypes []string `json:"instanceTypes" jsonschema:"uniqueItems=true,minItems=1,maxItems=20"`
	// Min is the smallest number of nodes. Default: 2.
	Min int `json:"min,omitempty" jsonschema:"default=2,minimum=1,maximum=450"`
	// Max is the largest number of nodes; 450 is EKS's quota for a group.
	Max int `json:"max" jsonschema:"minimum=1,maximum=450"`
	// Spot asks for spot capacity: cheaper, and taken back at two minutes' notice.
	Spot bool `json:"spot,omitempty"`
	// DiskGiB is the size of the encrypted root volume in GiB. Default: 50.
	DiskGiB int `json:"diskGiB,omitempty" jsonschema:"default=50,minimum=20,maximum=16384"`
	// Labels are Kubernetes labels of the nodes.
	Labels map[string]string `json:"labels,omitempty"`
	// Taints keep pods off the nodes that do not tolerate them, by key.
	Taints map[string]Taint `json:"taints,omitempty"`
	// Scaling is what adds and takes away nodes: pendingPods, cpu (or {cpu: {percent: 50}}) or none. Default:
	// pendingPods.
	Scaling Scaling `json:"scaling,omitempty"`
	// NoHeadRoom is why the group may be too small to take over the pods of a node that is lost, at what those cost to
	// start: without a reason such a group is refused.
	NoHeadRoom string `json:"noHeadRoom,omitempty"`
	// MaxPods is the number of pods on a node. Default: what EKS computes with prefix delegation, 110 on most types.
	// A number of your own needs an imageId.
	MaxPods int `json:"maxPods,omitempty" jsonschema:"minimum=4,maximum=250"`
	// ImageID pins the machine image (ami-...), an EKS image of Amazon Linux 2023 for the cluster's version and the
	// group's architecture. Upgrades are then yours. Default: the one that EKS recommends.
	ImageID string `json:"imageId,omitempty" jsonschema:"pattern=^ami-[0-9a-f]{8\\,17}$"`
}

// Default fills in what is not set.
func (n *NodeGroup) Default() { fieldtags.Default(n) }

// Validate reports every problem of n.
func (n *NodeGroup) Validate(path *field.Path) field.ErrorList {
	errs := fieldtags.Check(path, n)
	if n.Max >= 1 && n.Max < n.Min {
		errs = append(errs, field.Invalid(path.Child("max"), n.Max, fmt.Sprintf("is below min, %d", n.Min)))
	}
	errs = append(errs, n.validateInstanceTypes(path.Child("instanceTypes"))...)
	errs = append(errs, n.Scaling.validate(path.Child("scaling"))...)
	errs = append(errs, n.validateMaxPods(path)...)
	for _, key := range sortedKeys(n.Labels) {
		errs = append(errs, validateLabelPair(path.Child("labels", key), key, n.Labels[key])...)
	}
	for _, key := range sortedKeys(n.Taints) {
		errs = append(errs, validateLabelPair(path.Child("taints", key), key, n.Taints[key].Value)...)
	}
	return errs
}

// validateLabelPair reports why key and value cannot be those of a label or a taint.
func validateLabelPair(path *field.Path, key, value string) field.ErrorList {
	var errs field.ErrorList
	for _, problem := range validation.IsQualifiedName(key) {
		errs = append(errs, field.Invalid(path, key, problem))
	}
	for _, problem := range validation.IsValidLabelValue(value) {
		errs = append(errs, field.Invalid(path, value, problem))
	}
	return errs
}

func (n *NodeGroup) validateInstanceTypes(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, name := range n.InstanceTypes {
		t, ok := FindInstanceType(name)
		switch {
		case !ok:
			errs = append(errs, field.Invalid(path.Index(i), name, "is not an EC2 instance type that Slipway knows"))
		case n.Arch() != "" && t.Arch != n.Arch():
			errs = append(errs, field.Invalid(path.Index(i), name,
				fmt.Sprintf("is %s, but %s is %s: a group has one architecture", t.Arch, n.InstanceTypes[0], n.Arch())))
		}
	}
	return errs
}

// Arch returns the CPU architecture of the group, amd64 or arm64; "" if its first instance type is not known.
func (n *NodeGroup) Arch() string {
	if len(n.InstanceTypes) == 0 {
		return ""
	}
	t, _ := FindInstanceType(n.InstanceTypes[0])
	return t.Arch
}
