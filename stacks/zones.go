package stacks

import (
	"fmt"
	"slices"

	"github.com/slipway-eks/slipway/spec"
)

// firstZones returns the first count of names, in their order, that have a place in the address plan.
func firstZones(names []string, count int) ([]string, error) {
	var usable []string
	for _, name := range slices.Sorted(slices.Values(names)) {
		if _, err := spec.ZoneLetter(name); err == nil {
			usable = append(usable, name)
		}
	}
	if len(usable) < count {
		return nil, fmt.Errorf("network.zones: %d zones are asked for and the region has %d: %v", count, len(usable), usable)
	}
	return usable[:count], nil
}
