package rules

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// surge is how many pods a roll-out has beside those that the autoscaler wants.
const surge = 1

// mostPods is how many pods of a service there can be at one time.
func mostPods(s *spec.Service) int {
	switch {
	case s.Kind() == spec.KindJob && s.Schedule.Overlap == "Allow":
		return 1 + surge
	case s.Kind() == spec.KindJob:
		return 1
	default:
		return scaleOf(s).Max + surge
	}
}

// scaleOf returns the number of pods of a service; of one that does not say, which is refused elsewhere, none.
func scaleOf(s *spec.Service) spec.Scale {
	if s.Scale == nil {
		return spec.Scale{}
	}
	return *s.Scale
}

// connections refuses services whose pools together are larger than their database allows: more pods then make
// everything slower, and at last nothing connects.
func connections(p *spec.Platform) field.ErrorList {
	var errs field.ErrorList
	for _, name := range names(p.Databases) {
		database := p.Databases[name]
		total, sum := 0, []string{}
		for _, service := range names(p.Services) {
			s := p.Services[service]
			use, ok := s.Database[name]
			if !ok {
				continue
			}
			need := mostPods(&s) * use.ConnectionsPerPod
			total += need
			sum = append(sum, fmt.Sprintf("%s %d pods x %d = %d", service, mostPods(&s), use.ConnectionsPerPod, need))
		}
		if free := database.MaxConnections - database.ReservedConnections; total > free {
			errs = append(errs, field.Invalid(field.NewPath("databases", name, "maxConnections"), database.MaxConnections,
				fmt.Sprintf("services can ask for %d connections (%s; each with %d more while it rolls out), "+
					"and %d - %d reserved = %d are there: use smaller pools or fewer pods",
					total, strings.Join(sum, ", "), surge, database.MaxConnections, database.ReservedConnections, free)))
		}
	}
	return errs
}
