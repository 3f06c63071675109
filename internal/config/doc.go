// Package config reads what a stack consists of: the stack's configuration, Pulumi.<stack>.yaml, and the service
// catalogue, services.yaml, both at the project's root.
//
// It is strict. An unknown or repeated key, an empty value, a value of the wrong type and a value that breaks a rule of
// package spec are all refused, in one run, each led by its file and its path:
//
//	_, err := config.Source{Root: ".", Project: "slipway", Stack: "dev"}.FromFiles(time.Now())
//	// Pulumi.dev.yaml: network.zones: Invalid value: must be from 2 to 6
//	// services.yaml: services.chat.port: Invalid value: 70000: must be from 1 to 65535
//
// The keys of the stack's configuration are the fields of spec.Platform, each as slipway:<name>, of which
// slipway:services overrides the catalogue by service name. Any other slipway: key is a secret that a service of the
// catalogue names in secretEnv. Keys of other namespaces are not ours, except aws:region, which is required.
//
// FromFiles is for checks that have no engine, FromEngine for the Pulumi program. The package imports no Pulumi
// package, so that a check compiles in seconds.
package config
