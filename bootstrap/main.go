// Bootstrap deploys what all stacks of an account share: see docs/bootstrap.md.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/bootstrap/program"
)

func main() {
	pulumi.Run(program.Deploy)
}
