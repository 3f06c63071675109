package rules

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// Check reports every problem of a platform whose parts are valid by themselves.
func Check(p *spec.Platform) field.ErrorList {
	var errs field.ErrorList
	for _, rule := range []func(*spec.Platform) field.ErrorList{
		references, routes, wayIn, placements, connections, cpuScaling, capacity, headRoom, memoryRoom, addresses, quotas,
	} {
		errs = append(errs, rule(p)...)
	}
	return errs
}

// names returns the keys of a map in order, so that reports have one.
func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// references finds what services use and nobody provides.
func references(p *spec.Platform) field.ErrorList {
	var errs field.ErrorList
	for _, name := range names(p.Services) {
		s := p.Services[name]
		for i, use := range s.Uses {
			at := field.NewPath("services", name, "uses").Index(i)
			if database, ok := spec.UsedDatabase(use); ok {
				if _, ok := p.Databases[database]; !ok {
					errs = append(errs, field.Invalid(at, use, "databases has no "+database))
				}
				continue
			}
			peer, isService := p.Services[use]
			_, isEndpoint := p.Endpoints[use]
			switch {
			case isService && isEndpoint:
				errs = append(errs, field.Invalid(at, use, "is both a service and an endpoint"))
			case isService && peer.Kind() != spec.KindWeb:
				errs = append(errs, field.Invalid(at, use, "has no port"))
			case !isService && !isEndpoint:
				errs = append(errs, field.Invalid(at, use, "is neither a service nor an endpoint"))
			}
		}
	}
	return errs
}

// routes finds two services that claim the same path of a host.
func routes(p *spec.Platform) field.ErrorList {
	var errs field.ErrorList
	owner := map[string]string{}
	for _, name := range names(p.Services) {
		for i, r := range p.Services[name].Routes {
			// The same path once as a prefix and once exactly are two routes: the exact one wins.
			key := r.Host + r.Path + " " + r.Match
			other, taken := owner[key]
			if taken && other != name { // twice in one service is that service's own problem
				errs = append(errs, field.Invalid(field.NewPath("services", name, "routes").Index(i), r.Host+r.Path, "is a route of "+other))
			}
			owner[key] = name
		}
	}
	return errs
}

// wayIn finds routes that nothing answers.
func wayIn(p *spec.Platform) field.ErrorList {
	for _, name := range names(p.Services) {
		if len(p.Services[name].Routes) > 0 && p.Ingress == nil {
			return field.ErrorList{field.Required(field.NewPath("ingress"), "services."+name+".routes want a way in from outside")}
		}
	}
	return nil
}

// placements finds services that no node group takes.
func placements(p *spec.Platform) field.ErrorList {
	var errs field.ErrorList
	for _, name := range names(p.Services) {
		s := p.Services[name]
		at := field.NewPath("services", name, "placement")
		group, known := p.Nodes[s.Placement.Group]
		switch {
		case s.Placement.Group != "" && !known:
			errs = append(errs, field.NotSupported(at.Child("group"), s.Placement.Group, names(p.Nodes)))
		case s.Placement.Group != "" && group.Spot && !s.Placement.Spot:
			errs = append(errs, field.Invalid(at.Child("group"), s.Placement.Group,
				"its nodes are spot; say spot: true if the service can lose one at two minutes' notice"))
		case s.Placement.Group == "" && len(groupsFor(p, &s)) == 0:
			errs = append(errs, field.Required(at.Child("group"), "every node group is spot or keeps pods off by a taint"))
		}
	}
	return errs
}

// groupsFor returns the node groups on which a service may run.
func groupsFor(p *spec.Platform, s *spec.Service) []string {
	if s.Placement.Group != "" {
		if _, known := p.Nodes[s.Placement.Group]; !known {
			return nil
		}
		return []string{s.Placement.Group}
	}
	return slices.DeleteFunc(names(p.Nodes), func(name string) bool {
		group := p.Nodes[name]
		return len(group.Taints) > 0 || group.Spot && !s.Placement.Spot
	})
}
