// Network deploys the network alone: see the README.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/examples/network/program"
)

func main() {
	pulumi.Run(program.Deploy)
}
