package spec

import (
	_ "embed" // the table of instance types
	"encoding/csv"
	"strconv"
	"strings"
	"sync"
)

// InstanceType is what Slipway knows of an EC2 instance type.
type InstanceType struct {
	// Name is the type, such as t3.medium.
	Name string
	// VCPU is the number of virtual CPUs.
	VCPU int
	// MemoryGiB is the memory in GiB.
	MemoryGiB float64
	// Arch is the CPU architecture: amd64 or arm64.
	Arch string
	// ENIs is the number of network interfaces that the type can have.
	ENIs int
	// IPv4PerENI is the number of IPv4 addresses of each.
	IPv4PerENI int
	// USDPerHour is the on-demand price in us-east-1.
	USDPerHour float64
}

// instancesCSV is the table; its first line names the sources and their dates.
//
//go:embed instances.csv
var instancesCSV string

// instances is parsed once: the table never changes while a program runs.
var instances = sync.OnceValue(func() map[string]InstanceType {
	r := csv.NewReader(strings.NewReader(instancesCSV))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		panic(err) // a mistake in the embedded table, found by any test
	}
	table := make(map[string]InstanceType, len(rows))
	for _, row := range rows[1:] {
		table[row[0]] = InstanceType{
			Name: row[0], VCPU: int(number(row[1])), MemoryGiB: number(row[2]), Arch: row[3],
			ENIs: int(number(row[4])), IPv4PerENI: int(number(row[5])), USDPerHour: number(row[6]),
		}
	}
	return table
})

// number reads a cell; an empty price cell is 0: unknown.
func number(cell string) float64 {
	if cell == "" {
		return 0
	}
	f, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		panic(err) // a mistake in the embedded table, found by any test
	}
	return f
}

// FindInstanceType looks up an EC2 instance type by name.
func FindInstanceType(name string) (InstanceType, bool) {
	t, ok := instances()[name]
	return t, ok
}

// kubeReservedMilliCPU is what the AMI keeps of the CPUs for the system: 6 % of the first, 1 % of the second, half a
// percent of the next two and a quarter of each further one (amazon-eks-ami, kube-reserved).
func kubeReservedMilliCPU(vcpu int) int {
	reserved := 0.0
	for i := range vcpu {
		switch {
		case i == 0:
			reserved += 60
		case i == 1:
			reserved += 10
		case i < 4:
			reserved += 5
		default:
			reserved += 2.5
		}
	}
	return int(reserved)
}

// AllocatableMilliCPU is what pods can request of a node's CPU, in millicores.
func (t InstanceType) AllocatableMilliCPU() int { return 1000*t.VCPU - kubeReservedMilliCPU(t.VCPU) }

// AllocatableMiB is what is left of a node's memory, in MiB, when the kubelet has kept its part for so many pods. The
// operating system's own use is not in it.
func (t InstanceType) AllocatableMiB(pods int) int {
	return int(t.MemoryGiB*1024) - reservedMiBPerPod*pods - reservedMiBPerNode
}
