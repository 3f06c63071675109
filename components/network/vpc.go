package network

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/spec"
)

// vpcType names Vpc in state; changing it replaces every instance.
const vpcType = "slipway:network:Vpc"

// The tags by which Kubernetes' load balancer controllers find subnets (AWS Load Balancer Controller, subnet
// discovery), and the value that they want.
const (
	publicRoleTag  = "kubernetes.io/role/elb"
	privateRoleTag = "kubernetes.io/role/internal-elb"
	roleTagValue   = "1"
	// clusterTag with the cluster's name behind it says that a subnet is this cluster's: a subnet that only carries
	// the tag of another cluster is passed over.
	clusterTag       = "kubernetes.io/cluster/"
	clusterTagShared = "shared"
)

// VpcArgs configures a Vpc.
type VpcArgs struct {
	// Network describes the VPC. Required: its CIDR.
	Network spec.Network
	// Zones are the names of the availability zones. Required unless Network.Zones has names.
	Zones []string
	// ClusterName is the name of the EKS cluster whose load balancers go into the subnets. Required.
	ClusterName string
	// Protect refuses to delete the VPC and its subnets.
	Protect bool
}

// Vpc is a network for an EKS cluster.
type Vpc struct {
	pulumi.ResourceState

	// VpcID is the id of the VPC.
	VpcID pulumi.StringOutput `pulumi:"vpcId"`
	// CIDR is the IPv4 range of the VPC.
	CIDR pulumi.StringOutput `pulumi:"cidr"`
	// PublicSubnetIDs are the subnets of load balancers, in the order of the zones, once they reach the internet.
	PublicSubnetIDs pulumi.StringArrayOutput `pulumi:"publicSubnetIds"`
	// PrivateSubnetIDs are the subnets of nodes, in the order of the zones, once their routes exist: a node that
	// starts before its route cannot join.
	PrivateSubnetIDs pulumi.StringArrayOutput `pulumi:"privateSubnetIds"`
	// DataSubnetIDs are the subnets without a way out, in the order of the zones; empty where there are none.
	DataSubnetIDs pulumi.StringArrayOutput `pulumi:"dataSubnetIds"`
	// ControlPlaneSubnetIDs are the subnets of the control plane's interfaces, in the order of the zones.
	ControlPlaneSubnetIDs pulumi.StringArrayOutput `pulumi:"controlPlaneSubnetIds"`
	// NATAddresses are the public addresses that traffic from private subnets comes from, by zone.
	NATAddresses pulumi.StringMapOutput `pulumi:"natAddresses"`
}

// NewVpc registers a VPC, its subnets, gateways, routes, endpoints and flow logs.
func NewVpc(ctx *pulumi.Context, name string, args *VpcArgs, opts ...pulumi.ResourceOption) (*Vpc, error) {
	a, err := args.complete()
	if err != nil {
		return nil, fmt.Errorf("network %q: %w", name, err)
	}
	v := &Vpc{}
	if err := ctx.RegisterComponentResourceV2(vpcType, name, a.recorded(), v, opts...); err != nil {
		return nil, fmt.Errorf("registering network %q: %w", name, err)
	}

	b := &builder{ctx: ctx, name: name, args: a, parent: pulumi.Parent(v)}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("network %q: %w", name, err)
	}

	v.VpcID = b.vpc.ID().ToStringOutput()
	v.CIDR = b.vpc.CidrBlock
	v.PublicSubnetIDs = gate.IDs(b.subnets[spec.TierPublic], b.publicWays...)
	v.PrivateSubnetIDs = gate.IDs(b.subnets[spec.TierPrivate], b.privateWays...)
	v.DataSubnetIDs = gate.IDs(b.subnets[spec.TierData])
	v.ControlPlaneSubnetIDs = gate.IDs(b.subnets[spec.TierControlPlane])
	v.NATAddresses = b.natAddresses.ToStringMapOutput()
	return v, ctx.RegisterResourceOutputs(v, pulumi.Map{
		"vpcId": v.VpcID, "cidr": v.CIDR,
		"publicSubnetIds": v.PublicSubnetIDs, "privateSubnetIds": v.PrivateSubnetIDs,
		"dataSubnetIds": v.DataSubnetIDs, "controlPlaneSubnetIds": v.ControlPlaneSubnetIDs,
		"natAddresses": v.NATAddresses,
	})
}

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *VpcArgs) complete() (VpcArgs, error) {
	if args == nil {
		args = &VpcArgs{}
	}
	a := *args
	a.Network.Default()
	if len(a.Zones) == 0 {
		a.Zones = a.Network.Zones.Names
	}
	a.Zones = slices.Clone(a.Zones)
	a.Network.Zones = spec.Zones{Names: a.Zones}

	errs := a.Network.Validate(nil)
	if a.ClusterName == "" {
		errs = append(errs, field.Required(field.NewPath("clusterName"), "load balancers find subnets by it"))
	}
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *VpcArgs) recorded() pulumi.Map {
	return pulumi.Map{
		"cidr":        pulumi.String(args.Network.CIDR),
		"zones":       pulumi.ToStringArray(args.Zones),
		"nat":         pulumi.String(args.Network.NAT),
		"clusterName": pulumi.String(args.ClusterName),
	}
}

// builder carries what the parts of a network need of each other while they are registered.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   VpcArgs
	parent pulumi.ResourceOption

	vpc     *ec2.Vpc
	gateway *ec2.InternetGateway
	subnets map[spec.Tier][]*ec2.Subnet // in the order of the zones
	// privateTables are the route tables of the private subnets, in the order of the zones.
	privateTables []*ec2.RouteTable
	natAddresses  pulumi.StringMap
	// publicWays and privateWays are what a subnet needs before traffic leaves it.
	publicWays, privateWays []pulumi.Resource
}

func (b *builder) build() error {
	for _, step := range []func() error{
		b.newVPC, b.newSubnets, b.newPublicRoutes, b.newPrivateRoutes, b.newIsolatedRoutes, b.newEndpoints, b.newFlowLogs,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// newVPC registers the VPC and its internet gateway, and empties the default security group: AWS makes one that lets
// everything in it talk, and it cannot be deleted.
func (b *builder) newVPC() error {
	var err error
	b.vpc, err = ec2.NewVpc(b.ctx, b.name, &ec2.VpcArgs{
		CidrBlock: pulumi.String(b.args.Network.CIDR),
		// EKS and private endpoints need both: nodes find the API endpoint by the VPC's own DNS.
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true),
		Tags:               nameTag(b.name),
	}, b.parent, pulumi.Protect(b.args.Protect))
	if err != nil {
		return fmt.Errorf("creating VPC: %w", err)
	}
	if _, err := ec2.NewDefaultSecurityGroup(b.ctx, b.name+"-default", &ec2.DefaultSecurityGroupArgs{
		VpcId: b.vpc.ID(), Tags: nameTag(b.name + "-default-unused"),
	}, b.parent); err != nil {
		return fmt.Errorf("emptying the default security group: %w", err)
	}
	b.gateway, err = ec2.NewInternetGateway(b.ctx, b.name, &ec2.InternetGatewayArgs{
		VpcId: b.vpc.ID(), Tags: nameTag(b.name),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating internet gateway: %w", err)
	}
	return nil
}

// newSubnets registers one subnet for each zone and tier.
func (b *builder) newSubnets() error {
	tiers := []spec.Tier{spec.TierPublic, spec.TierPrivate, spec.TierControlPlane}
	if b.args.Network.DataSubnets {
		tiers = append(tiers, spec.TierData)
	}
	b.subnets = map[spec.Tier][]*ec2.Subnet{}
	for _, tier := range tiers {
		for _, zone := range b.args.Zones {
			subnet, err := b.newSubnet(tier, zone)
			if err != nil {
				return fmt.Errorf("creating %s subnet in %s: %w", tier, zone, err)
			}
			b.subnets[tier] = append(b.subnets[tier], subnet)
		}
	}
	return nil
}

func (b *builder) newSubnet(tier spec.Tier, zone string) (*ec2.Subnet, error) {
	cidr, err := spec.SubnetRange(b.args.Network.CIDR, tier, zone)
	if err != nil {
		return nil, err
	}
	name := b.childName(string(tier), zone)
	return ec2.NewSubnet(b.ctx, name, &ec2.SubnetArgs{
		VpcId:            b.vpc.ID(),
		AvailabilityZone: pulumi.String(zone),
		CidrBlock:        pulumi.String(cidr),
		// Load balancers bring their own addresses; nothing else in a public subnet should get one by accident.
		MapPublicIpOnLaunch: pulumi.Bool(false),
		Tags:                subnetTags(name, tier, b.args.ClusterName),
	}, b.parent, pulumi.Protect(b.args.Protect))
}

// subnetTags returns the tags by which load balancers find a subnet: internet-facing ones the public tier, internal
// ones the private tier.
func subnetTags(name string, tier spec.Tier, clusterName string) pulumi.StringMap {
	tags := nameTag(name)
	switch tier {
	case spec.TierPublic:
		tags[publicRoleTag] = pulumi.String(roleTagValue)
	case spec.TierPrivate:
		tags[privateRoleTag] = pulumi.String(roleTagValue)
	case spec.TierData, spec.TierControlPlane:
		return tags // not for load balancers
	}
	tags[clusterTag+clusterName] = pulumi.String(clusterTagShared)
	return tags
}

// childName names a child by its role and its zone, never by a position in a list.
func (b *builder) childName(role, zone string) string { return b.name + "-" + role + "-" + zone }

func nameTag(name string) pulumi.StringMap { return pulumi.StringMap{"Name": pulumi.String(name)} }
