// Package spec describes a platform as plain data: its network, cluster, node groups and services, with their
// defaults and their rules.
//
// Each type here is three things at once: the part of a component's Args that decides what is registered, a section
// of the stack configuration, and the source of the JSON Schema that editors use. So a rule stands in one place and
// holds for a Go program that imports a component as well as for a YAML file.
//
// Simple rules (ranges, enumerations, patterns, defaults) are `jsonschema` struct tags; rules that need a thought are
// in the type's Validate method, which reports every problem at once, each led by its field's path:
//
//	network := spec.Network{CIDR: "10.20.0.0/16", NAT: spec.NATSingle}
//	network.Default()
//	errs := network.Validate(nil) // zones: Required value: give a number or names
//
// The package imports no Pulumi package, so that checking a configuration compiles in seconds.
package spec
