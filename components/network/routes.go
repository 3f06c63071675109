package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/spec"
)

// newPublicRoutes sends the public subnets' traffic to the internet gateway.
func (b *builder) newPublicRoutes() error {
	table, err := b.newTable("public")
	if err != nil {
		return err
	}
	route, err := ec2.NewRoute(b.ctx, b.name+"-public", &ec2.RouteArgs{
		RouteTableId:         table.ID(),
		DestinationCidrBlock: pulumi.String(spec.Everywhere),
		GatewayId:            b.gateway.ID(),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating route to the internet gateway: %w", err)
	}
	b.publicWays = append(b.publicWays, route)
	for i, zone := range b.args.Zones {
		association, err := b.associate(spec.TierPublic, i, zone, table)
		if err != nil {
			return err
		}
		b.publicWays = append(b.publicWays, association)
	}
	return nil
}

// newPrivateRoutes gives each zone's private subnet a route table of its own, so that a zone can get its own NAT
// gateway later without touching the others.
func (b *builder) newPrivateRoutes() error {
	gateways, err := b.newNATGateways()
	if err != nil {
		return err
	}
	for i, zone := range b.args.Zones {
		table, err := b.newTable("private-" + zone)
		if err != nil {
			return err
		}
		b.privateTables = append(b.privateTables, table)
		association, err := b.associate(spec.TierPrivate, i, zone, table)
		if err != nil {
			return err
		}
		b.privateWays = append(b.privateWays, association)
		if len(gateways) == 0 {
			continue
		}
		route, err := ec2.NewRoute(b.ctx, b.childName("private", zone), &ec2.RouteArgs{
			RouteTableId:         table.ID(),
			DestinationCidrBlock: pulumi.String(spec.Everywhere),
			NatGatewayId:         gateways[min(i, len(gateways)-1)].ID(), // one for all, or one each
		}, b.parent)
		if err != nil {
			return fmt.Errorf("creating route to the NAT gateway of %s: %w", zone, err)
		}
		b.privateWays = append(b.privateWays, route)
	}
	return nil
}

// newNATGateways registers a gateway in each zone that has one, in the order of the zones.
func (b *builder) newNATGateways() ([]*ec2.NatGateway, error) {
	var gateways []*ec2.NatGateway
	b.natAddresses = pulumi.StringMap{}
	for i, zone := range b.args.Network.NATZones(b.args.Zones) {
		allocation, err := b.natAllocation(zone)
		if err != nil {
			return nil, fmt.Errorf("creating address of the NAT gateway in %s: %w", zone, err)
		}
		name := b.childName("nat", zone)
		gateway, err := ec2.NewNatGateway(b.ctx, name, &ec2.NatGatewayArgs{
			AllocationId: allocation,
			SubnetId:     b.subnets[spec.TierPublic][i].ID(),
			Tags:         nameTag(name),
			// A NAT gateway in a VPC whose internet gateway is not attached yet fails.
		}, b.parent, pulumi.DependsOn([]pulumi.Resource{b.gateway}))
		if err != nil {
			return nil, fmt.Errorf("creating NAT gateway in %s: %w", zone, err)
		}
		gateways = append(gateways, gateway)
		b.natAddresses[zone] = gateway.PublicIp
	}
	return gateways, nil
}

// natAllocation returns the id of the address that a zone's NAT gateway has: an existing one, or a new one.
func (b *builder) natAllocation(zone string) (pulumi.StringInput, error) {
	if id, ok := b.args.Network.ElasticIPs[zone]; ok {
		return pulumi.String(id), nil
	}
	name := b.childName("nat", zone)
	address, err := ec2.NewEip(b.ctx, name, &ec2.EipArgs{Domain: pulumi.String("vpc"), Tags: nameTag(name)},
		b.parent, pulumi.DependsOn([]pulumi.Resource{b.gateway}))
	if err != nil {
		return nil, err
	}
	return address.ID(), nil
}

// newIsolatedRoutes gives the tiers without a way out one route table, which has no routes but the VPC's own.
func (b *builder) newIsolatedRoutes() error {
	table, err := b.newTable("isolated")
	if err != nil {
		return err
	}
	for _, tier := range []spec.Tier{spec.TierControlPlane, spec.TierData} {
		for i := range b.subnets[tier] {
			if _, err := b.associate(tier, i, b.args.Zones[i], table); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) newTable(role string) (*ec2.RouteTable, error) {
	name := b.name + "-" + role
	table, err := ec2.NewRouteTable(b.ctx, name, &ec2.RouteTableArgs{VpcId: b.vpc.ID(), Tags: nameTag(name)}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("creating route table %q: %w", name, err)
	}
	return table, nil
}

// associate ties the i-th zone's subnet of a tier to a route table.
func (b *builder) associate(tier spec.Tier, i int, zone string, table *ec2.RouteTable) (pulumi.Resource, error) {
	association, err := ec2.NewRouteTableAssociation(b.ctx, b.childName(string(tier), zone), &ec2.RouteTableAssociationArgs{
		SubnetId: b.subnets[tier][i].ID(), RouteTableId: table.ID(),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("associating %s subnet in %s: %w", tier, zone, err)
	}
	return association, nil
}
