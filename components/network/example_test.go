package network_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/network"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

func ExampleNewVpc() {
	program := func(ctx *pulumi.Context) error {
		vpc, err := network.NewVpc(ctx, "shop", &network.VpcArgs{
			Network:     spec.Network{CIDR: "10.20.0.0/16", NAT: spec.NATSingle},
			Zones:       []string{"eu-west-1a", "eu-west-1b"},
			ClusterName: "shop",
		})
		if err != nil {
			return err
		}
		ctx.Export("privateSubnetIds", vpc.PrivateSubnetIDs)
		return nil
	}
	for _, r := range ptest.Example(program).OfType("aws:ec2/subnet:Subnet") {
		fmt.Println(r.Name, r.Inputs["cidrBlock"].StringValue())
	}
	// Output:
	// shop-control-plane-eu-west-1a 10.20.224.0/28
	// shop-control-plane-eu-west-1b 10.20.224.16/28
	// shop-private-eu-west-1a 10.20.0.0/19
	// shop-private-eu-west-1b 10.20.32.0/19
	// shop-public-eu-west-1a 10.20.192.0/22
	// shop-public-eu-west-1b 10.20.196.0/22
}
