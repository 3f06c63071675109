// Service adds a service to a platform of another stack: see the README.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/examples/service/program"
)

func main() {
	pulumi.Run(program.Deploy)
}
