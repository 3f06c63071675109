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
	for _, key := range sortedKeys(n.Labels) {
		at := path.Child("labels", key)
		for _, problem := range validation.IsQualifiedName(key) {
			errs = append(errs, field.Invalid(at, key, problem))
		}
		for _, problem := range validation.IsValidLabelValue(n.Labels[key]) {
			errs = append(errs, field.Invalid(at, n.Labels[key], problem))
		}
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
