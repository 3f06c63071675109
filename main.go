// Slipway deploys a platform on Amazon EKS: see the README.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/stacks"
)

func main() {
	pulumi.Run(stacks.Deploy)
}
