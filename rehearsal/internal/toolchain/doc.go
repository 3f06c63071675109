// Package toolchain makes the tools of a rehearsal, once, in a cache, and says where they are: the Pulumi CLI, a
// Kubernetes control plane, KWOK, the pulumi-eks provider from npm and the slipway command itself.
//
// It imports the standard library only, so the launcher that uses it compiles in a second and needs no download.
//
//	tools, err := toolchain.New(source, os.Stderr)
//	set, err := tools.Ensure(ctx)   // builds what is missing
//	set, err := tools.Find(ctx)     // never builds
package toolchain
