// Embedded deploys a whole platform beside a resource of its own: see the README.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/examples/embedded/program"
)

func main() {
	pulumi.Run(program.Deploy)
}
