// Package program is the network alone: a VPC for an EKS cluster, or for anything else.
package program

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/network"
	"github.com/slipway-eks/slipway/spec"
)

// Deploy registers a VPC over two zones with one NAT gateway, in the region of the configuration.
func Deploy(ctx *pulumi.Context) error {
	vpc, err := network.NewVpc(ctx, "shop", &network.VpcArgs{
		Network:     spec.Network{CIDR: "10.20.0.0/16", NAT: spec.NATSingle},
		Zones:       []string{"eu-west-1a", "eu-west-1b"},
		ClusterName: "shop",
	})
	if err != nil {
		return err
	}
	ctx.Export("vpcId", vpc.VpcID)
	ctx.Export("privateSubnetIds", vpc.PrivateSubnetIDs)
	return nil
}
