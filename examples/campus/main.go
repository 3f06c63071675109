// Campus deploys five small services on a cluster at a low price: see the README.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/stacks"
)

func main() {
	pulumi.Run(stacks.Deploy)
}
