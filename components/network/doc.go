// Package network provides Vpc: a virtual private cloud laid out for an EKS cluster.
//
// Each availability zone has a public subnet for load balancers and NAT gateways, a private one for nodes and pods, a
// small one for the control plane's network interfaces and, on request, one for data stores without a way out. Their
// ranges follow from the VPC's range and the zone's letter alone, so that a zone or a tier can be added later without
// moving anything. Subnets carry the role tags by which load balancers find them.
//
//	vpc, err := network.NewVpc(ctx, "shop", &network.VpcArgs{
//		Network:     spec.Network{CIDR: "10.20.0.0/16", NAT: spec.NATSingle},
//		Zones:       []string{"eu-west-1a", "eu-west-1b"},
//		ClusterName: "shop",
//	})
//
// What costs money by the hour: each NAT gateway, each public address, and each interface endpoint a zone. The S3
// gateway endpoint is free and on by default.
package network
