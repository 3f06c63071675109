package network_test

import (
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/network"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

// Types of what a network registers.
const (
	subnetType   = "aws:ec2/subnet:Subnet"
	routeType    = "aws:ec2/route:Route"
	natType      = "aws:ec2/natGateway:NatGateway"
	endpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"
)

var threeZones = []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}

// args returns a valid network, changed by change.
func args(change func(*network.VpcArgs)) *network.VpcArgs {
	a := &network.VpcArgs{Network: spec.Network{CIDR: "10.20.0.0/16"}, Zones: threeZones, ClusterName: "shop"}
	if change != nil {
		change(a)
	}
	return a
}

func program(a *network.VpcArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := network.NewVpc(ctx, "net", a)
		return err
	}
}

func TestNewVpc(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))

	vpc := got.Only(t, "aws:ec2/vpc:Vpc")
	assert.Equal(t, true, vpc.Value(t, "enableDnsSupport"))
	assert.Equal(t, true, vpc.Value(t, "enableDnsHostnames"))
	assert.Len(t, got.OfType(subnetType), 9, "three tiers in three zones")
	for _, subnet := range got.OfType(subnetType) {
		assert.Equal(t, false, subnet.Value(t, "mapPublicIpOnLaunch"), subnet.Name)
	}
	assert.Len(t, got.OfType(natType), 3, "a gateway a zone by default")
	group := got.Only(t, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
	assert.Nil(t, group.Value(t, "ingress"))
	assert.Nil(t, group.Value(t, "egress"))

	s3 := got.Only(t, endpointType)
	assert.Equal(t, "com.amazonaws.eu-west-1.s3", s3.Value(t, "serviceName"))
	assert.Equal(t, []any{"net-private-eu-west-1a-id", "net-private-eu-west-1b-id", "net-private-eu-west-1c-id"},
		s3.Value(t, "routeTableIds"))

	logs := got.Only(t, "aws:ec2/flowLog:FlowLog")
	assert.Equal(t, "REJECT", logs.Value(t, "trafficType"))
	assert.InDelta(t, 30, got.Only(t, "aws:cloudwatch/logGroup:LogGroup").Value(t, "retentionInDays"), 0)
	assert.NotContains(t, got.Only(t, "aws:iam/rolePolicy:RolePolicy").Value(t, "policy"), `"*"`)
}

// TestS20_subnetTags: a load balancer found no subnets. Each subnet that one may go into says so by its role's tag and
// its cluster's, and no other subnet does.
func TestS20_subnetTags(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *network.VpcArgs) { a.Network.DataSubnets = true })))
	for _, zone := range threeZones {
		public := got.Named(t, subnetType, "net-public-"+zone)
		assert.Equal(t, "1", public.Value(t, `tags["kubernetes.io/role/elb"]`), public.Name)
		assert.Nil(t, public.Value(t, `tags["kubernetes.io/role/internal-elb"]`), public.Name)
		assert.Equal(t, "shared", public.Value(t, `tags["kubernetes.io/cluster/shop"]`), public.Name)

		private := got.Named(t, subnetType, "net-private-"+zone)
		assert.Equal(t, "1", private.Value(t, `tags["kubernetes.io/role/internal-elb"]`), private.Name)
		assert.Nil(t, private.Value(t, `tags["kubernetes.io/role/elb"]`), private.Name)
		assert.Equal(t, "shared", private.Value(t, `tags["kubernetes.io/cluster/shop"]`), private.Name)

		for _, tier := range []string{"data", "control-plane"} {
			other := got.Named(t, subnetType, fmt.Sprintf("net-%s-%s", tier, zone))
			assert.Equal(t, map[string]any{"Name": other.Name}, other.Value(t, "tags"))
		}
	}
}

func TestNewVpc_nat(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		mode            spec.NATMode
		gateways, eips  int
		wayOfSecondZone any
	}{
		"none has no way out":         {spec.NATNone, 0, 0, nil},
		"single serves every zone":    {spec.NATSingle, 1, 1, "net-nat-eu-west-1a-id"},
		"per zone stays in its zone":  {spec.NATPerZone, 3, 3, "net-nat-eu-west-1b-id"},
		"an unset mode is a per zone": {"", 3, 3, "net-nat-eu-west-1b-id"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ptest.Run(t, program(args(func(a *network.VpcArgs) { a.Network.NAT = tt.mode })))
			assert.Len(t, got.OfType(natType), tt.gateways)
			assert.Len(t, got.OfType("aws:ec2/eip:Eip"), tt.eips)
			if tt.wayOfSecondZone == nil {
				assert.Len(t, got.OfType(routeType), 1, "only the public route")
				return
			}
			route := got.Named(t, routeType, "net-private-eu-west-1b")
			assert.Equal(t, tt.wayOfSecondZone, route.Value(t, "natGatewayId"))
		})
	}
}

func TestNewVpc_existingAddresses(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *network.VpcArgs) {
		a.Network.ElasticIPs = map[string]string{"eu-west-1b": "eipalloc-1"}
	})))
	assert.Equal(t, "eipalloc-1", got.Named(t, natType, "net-nat-eu-west-1b").Value(t, "allocationId"))
	assert.Len(t, got.OfType("aws:ec2/eip:Eip"), 2, "the other zones get new addresses")
}

func TestNewVpc_interfaceEndpoints(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *network.VpcArgs) {
		a.Network.NoS3Endpoint = true
		a.Network.Endpoints = []string{"sts", "ecr.api"}
	})))
	assert.Len(t, got.OfType(endpointType), 2)
	ecr := got.Named(t, endpointType, "net-ecr.api")
	assert.Equal(t, "Interface", ecr.Value(t, "vpcEndpointType"))
	assert.Equal(t, true, ecr.Value(t, "privateDnsEnabled"))
	rule := got.Only(t, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
	assert.Equal(t, "10.20.0.0/16", rule.Value(t, "cidrIpv4"))
	assert.InDelta(t, 443, rule.Value(t, "fromPort"), 0)
	assert.InDelta(t, 443, rule.Value(t, "toPort"), 0)
}

func TestNewVpc_protectsWhatCannotBeMadeAgain(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *network.VpcArgs) { a.Protect = true })))
	for _, r := range got.All() {
		want := r.Type == subnetType || r.Type == "aws:ec2/vpc:Vpc"
		assert.Equal(t, want, r.Protect, r.URN)
	}
}

// A node that starts before its subnet has a way out cannot join, so what uses the subnets waits for the routes.
func TestNewVpc_privateSubnetsWaitForTheirRoutes(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		v, err := network.NewVpc(ctx, "net", args(nil))
		if err != nil {
			return err
		}
		var user pulumi.CustomResourceState
		return ctx.RegisterResource("aws:test/user:User", "user", pulumi.Map{"subnets": v.PrivateSubnetIDs}, &user)
	})
	waits := got.Named(t, "aws:test/user:User", "user").DependsOn
	assert.Contains(t, waits, got.Named(t, routeType, "net-private-eu-west-1c").URN)
	assert.Contains(t, waits,
		got.Named(t, "aws:ec2/routeTableAssociation:RouteTableAssociation", "net-private-eu-west-1c").URN)
	assert.Contains(t, waits, got.Only(t, endpointType).URN)
}

// Adding a zone or a tier changes nothing that is there, but the list of what the S3 endpoint serves.
func TestNewVpc_growsWithoutMoving(t *testing.T) {
	t.Parallel()
	before := ptest.Run(t, program(args(func(a *network.VpcArgs) { a.Zones = threeZones[1:] })))
	after := ptest.Run(t, program(args(func(a *network.VpcArgs) {
		a.Zones = threeZones
		a.Network.DataSubnets = true
	})))
	for _, r := range before.All() {
		if !r.Custom || r.Type == endpointType {
			continue
		}
		assert.Equal(t, r.Inputs, after.Named(t, r.Type, r.Name).Inputs, r.URN)
	}
}

func TestNewVpc_rejects(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args *network.VpcArgs
		want string
	}{
		"nil args":         {nil, "cidr: Required"},
		"no cluster name":  {args(func(a *network.VpcArgs) { a.ClusterName = "" }), "clusterName: Required"},
		"no zones":         {args(func(a *network.VpcArgs) { a.Zones = nil }), "zones: Required"},
		"one zone":         {args(func(a *network.VpcArgs) { a.Zones = threeZones[:1] }), "zones: Invalid"},
		"a zone twice":     {args(func(a *network.VpcArgs) { a.Zones = []string{"eu-west-1a", "eu-west-1a"} }), "zones[1]: Duplicate"},
		"two regions":      {args(func(a *network.VpcArgs) { a.Zones = []string{"eu-west-1a", "us-east-1b"} }), "zones[1]: Invalid"},
		"no zone name":     {args(func(a *network.VpcArgs) { a.Zones = []string{"eu-west-1a", "b"} }), "zones[1]: Invalid"},
		"a large range":    {args(func(a *network.VpcArgs) { a.Network.CIDR = "10.0.0.0/8" }), "cidr: Invalid"},
		"a small range":    {args(func(a *network.VpcArgs) { a.Network.CIDR = "10.0.0.0/24" }), "cidr: Invalid"},
		"host bits":        {args(func(a *network.VpcArgs) { a.Network.CIDR = "10.0.1.0/16" }), "did you mean 10.0.0.0/16?"},
		"a public range":   {args(func(a *network.VpcArgs) { a.Network.CIDR = "8.8.0.0/16" }), "private range"},
		"unknown NAT mode": {args(func(a *network.VpcArgs) { a.Network.NAT = "two" }), "nat: Unsupported"},
		"an odd retention": {args(func(a *network.VpcArgs) { a.Network.FlowLogs.RetentionDays = 31 }), "flowLogs.retentionDays: Unsupported"},
		"odd traffic":      {args(func(a *network.VpcArgs) { a.Network.FlowLogs.Traffic = "SOME" }), "flowLogs.traffic: Unsupported"},
		"endpoint twice":   {args(func(a *network.VpcArgs) { a.Network.Endpoints = []string{"sts", "sts"} }), "endpoints[1]: Duplicate"},
		"endpoint by URL":  {args(func(a *network.VpcArgs) { a.Network.Endpoints = []string{"https://sts"} }), "endpoints[0]: Invalid"},
		"no allocation id": {args(func(a *network.VpcArgs) {
			a.Network.ElasticIPs = map[string]string{"eu-west-1a": "203.0.113.1"}
		}), "elasticIps.eu-west-1a: Invalid"},
		"address of a zone without gateway": {args(func(a *network.VpcArgs) {
			a.Network.NAT = spec.NATSingle
			a.Network.ElasticIPs = map[string]string{"eu-west-1b": "eipalloc-1"}
		}), "elasticIps.eu-west-1b: Invalid"},
		"addresses without gateways": {args(func(a *network.VpcArgs) {
			a.Network.NAT = spec.NATNone
			a.Network.ElasticIPs = map[string]string{"eu-west-1b": "eipalloc-1"}
		}), "elasticIps: Forbidden"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ptest.Err(t, program(tt.args))
			require.ErrorContains(t, err, tt.want)
			assert.Empty(t, got.All(), "nothing is registered before everything is valid")
		})
	}
}

func TestNewVpc_reportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	_, err := ptest.Err(t, program(&network.VpcArgs{Network: spec.Network{CIDR: "x", NAT: "two"}}))
	for _, path := range []string{"cidr:", "nat:", "zones:", "clusterName:"} {
		require.ErrorContains(t, err, path)
	}
}
