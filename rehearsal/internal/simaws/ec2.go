package simaws

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
)

// Documents that state EC2's rules.
const (
	ec2Errors   = "EC2 API reference, error codes"
	vpcGuide    = "VPC user guide, VPC CIDR blocks"
	subnetGuide = "VPC user guide, subnet CIDR blocks"
	igwGuide    = "VPC user guide, internet gateways"
	vpcQuotas   = "VPC user guide, quotas"
	natGuide    = "VPC user guide, NAT gateways"
)

// Quotas of a new account in one region.
const (
	maxVPCs     = 5
	maxIGWs     = 5
	maxAddrs    = 5
	maxNATsZone = 5
)

// Tokens of the EC2 types.
const (
	vpcType    = "aws:ec2/vpc:Vpc"
	subnetType = "aws:ec2/subnet:Subnet"
	igwType    = "aws:ec2/internetGateway:InternetGateway"
	eipType    = "aws:ec2/eip:Eip"
	natType    = "aws:ec2/natGateway:NatGateway"
)

const (
	noVPC    = "InvalidVpcID.NotFound: The vpc ID '%s' does not exist"
	vpcInUse = "DependencyViolation: The vpc '%s' has dependencies and cannot be deleted."
	noSubnet = "InvalidSubnetID.NotFound: The subnet ID '%s' does not exist"
)

var ec2Kinds = []kind{
	{
		token: vpcType, args: ec2.VpcArgs{}, state: ec2.Vpc{},
		models:   "cidrBlock enableDnsHostnames enableDnsSupport enableNetworkAddressUsageMetrics instanceTenancy tags",
		required: "cidrBlock",
		forceNew: "cidrBlock instanceTenancy",
		defaults: map[string]any{"enableDnsSupport": true, "instanceTenancy": "default"},
		fills: map[string]any{
			"enableDnsHostnames": false, "enableNetworkAddressUsageMetrics": false, "assignGeneratedIpv6CidrBlock": false,
		},
		limits: []limit{
			{"cidrBlock", vpcGuide, block(16, 28)},
			{"instanceTenancy", ec2Errors, oneOf("default dedicated")},
		},
		id: "vpc-{hex17}",
		computed: map[string]string{
			"arn": "arn:{partition}:ec2:{region}:{account}:vpc/{id}", "ownerId": "{account}",
			"mainRouteTableId": "rtb-{hex16}0", "defaultRouteTableId": "rtb-{hex16}0",
			"defaultSecurityGroupId": "sg-{hex16}0", "defaultNetworkAclId": "acl-{hex16}0", "dhcpOptionsId": "dopt-{hex16}0",
		},
		derive: makeVpcParts,
		rules: []rule{
			{onCreate, "VpcLimitExceeded", vpcQuotas, quota(vpcType, maxVPCs, "VPCs")},
		},
	},
	{
		token: subnetType, args: ec2.SubnetArgs{}, state: ec2.Subnet{},
		models: "availabilityZone availabilityZoneId cidrBlock enableResourceNameDnsARecordOnLaunch mapPublicIpOnLaunch " +
			"privateDnsHostnameTypeOnLaunch tags vpcId",
		required: "cidrBlock",
		forceNew: "availabilityZone availabilityZoneId cidrBlock vpcId",
		defaults: map[string]any{"mapPublicIpOnLaunch": false, "enableResourceNameDnsARecordOnLaunch": false},
		fills: map[string]any{
			"assignIpv6AddressOnCreation": false, "enableDns64": false, "ipv6Native": false,
			"enableResourceNameDnsAaaaRecordOnLaunch": false, "privateDnsHostnameTypeOnLaunch": "ip-name",
		},
		limits: []limit{{"cidrBlock", subnetGuide, block(16, 28)}},
		id:     "subnet-{hex17}",
		computed: map[string]string{
			"arn": "arn:{partition}:ec2:{region}:{account}:subnet/{id}", "ownerId": "{account}",
		},
		derive: func(c *call) {
			z := c.subnetZone()
			c.set("availabilityZone", z.name)
			c.set("availabilityZoneId", z.id)
		},
		refs: []ref{{path: "vpcId", to: vpcType, missing: noVPC, holds: vpcInUse, source: ec2Errors}},
		rules: []rule{
			{onCreate, "InvalidParameterValue", ec2Errors, zoneExists},
			{onCreate, "InvalidSubnet.Range", subnetGuide, insideVpc},
			{onCreate, "InvalidSubnet.Conflict", subnetGuide, apartFromOthers},
		},
	},
	{
		token: igwType, args: ec2.InternetGatewayArgs{}, state: ec2.InternetGateway{},
		models: "tags vpcId",
		id:     "igw-{hex17}",
		computed: map[string]string{
			"arn": "arn:{partition}:ec2:{region}:{account}:internet-gateway/{id}", "ownerId": "{account}",
		},
		refs: []ref{{path: "vpcId", to: vpcType, missing: noVPC, holds: vpcInUse, source: ec2Errors}},
		rules: []rule{
			{onCreate, "InternetGatewayLimitExceeded", vpcQuotas, quota(igwType, maxIGWs, "internet gateways")},
			{onWrite, "Resource.AlreadyAssociated", igwGuide, oneGatewayPerVpc},
			{onDelete, "DependencyViolation", igwGuide, mappedAddresses},
		},
	},
	{
		token: eipType, args: ec2.EipArgs{}, state: ec2.Eip{},
		models: "domain tags", forceNew: "domain",
		fills:  map[string]any{"domain": "vpc", "publicIpv4Pool": "amazon", "vpc": true},
		limits: []limit{{"domain", ec2Errors, oneOf("vpc")}},
		id:     "eipalloc-{hex17}",
		computed: map[string]string{
			"arn":          "arn:{partition}:ec2:{region}:{account}:elastic-ip/{id}",
			"allocationId": "{id}", "networkBorderGroup": "{region}",
		},
		derive: addAddress,
		rules:  []rule{{onCreate, "AddressLimitExceeded", vpcQuotas, quota(eipType, maxAddrs, "addresses")}},
	},
	{
		token: natType, args: ec2.NatGatewayArgs{}, state: ec2.NatGateway{},
		models:   "allocationId connectivityType subnetId tags",
		forceNew: "allocationId connectivityType subnetId",
		defaults: map[string]any{"connectivityType": "public"},
		limits:   []limit{{"connectivityType", natGuide, oneOf("public private")}},
		id:       "nat-{hex17}",
		computed: map[string]string{"networkInterfaceId": "eni-{hex17}"},
		derive:   addNatAddresses,
		refs: []ref{
			{
				path: "subnetId", to: subnetType, missing: noSubnet, source: ec2Errors,
				holds: "DependencyViolation: The subnet '%s' has dependencies and cannot be deleted.",
			},
			{
				path: "allocationId", to: eipType, source: ec2Errors,
				missing: "InvalidAllocationID.NotFound: The allocation ID '%s' does not exist",
				holds:   "InvalidIPAddress.InUse: The address '%s' is in use.",
			},
		},
		rules: []rule{
			{onCreate, "MissingParameter", natGuide, natNeedsAddress},
			{onCreate, "Resource.AlreadyAssociated", ec2Errors, addressIsFree},
			{onCreate, "Gateway.NotAttached", natGuide, natNeedsGateway},
			{onCreate, "NatGatewayLimitExceeded", vpcQuotas, natQuota},
		},
	},
}

// quota refuses one more than the account may have.
func quota(token string, most int, what string) func(*call) string {
	return func(c *call) string {
		if n := len(c.others(token)); n >= most {
			return fmt.Sprintf("The maximum number of %s has been reached: %d in %s.", what, most, c.region.name)
		}
		return ""
	}
}

// makeVpcParts makes what comes with every VPC and goes with it.
func makeVpcParts(c *call) {
	if c.was != nil {
		return
	}
	arn := func(what, id string) string {
		return c.expand("arn:{partition}:ec2:{region}:{account}:" + what + "/" + id)
	}
	sg, rtb := c.in.str("defaultSecurityGroupId"), c.in.str("mainRouteTableId")
	c.make(securityGroupType, sg, c.key(), map[string]any{
		"name": "default", "description": "default VPC security group", "vpcId": c.id, "arn": arn("security-group", sg),
	})
	c.make(routeTableType, rtb, c.key(), map[string]any{"vpcId": c.id, "arn": arn("route-table", rtb)})
}

// subnetZone returns the zone that the program named, or the one that AWS would choose.
func (c *call) subnetZone() zone {
	for _, name := range []string{c.in.str("availabilityZone"), c.in.str("availabilityZoneId")} {
		if z, ok := c.region.zone(name); ok {
			return z
		}
	}
	return c.region.zones[0]
}

func zoneExists(c *call) string {
	for _, name := range []string{c.in.str("availabilityZone"), c.in.str("availabilityZoneId")} {
		if _, ok := c.region.zone(name); name != "" && !ok {
			return fmt.Sprintf("Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be "+
				"created in the following availability zones: %v.", name, c.region.zoneNames())
		}
	}
	return ""
}

// prefix parses a block that a limit has checked already; the zero value overlaps with nothing.
func prefix(s string) netip.Prefix {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

func insideVpc(c *call) string {
	vpc, _ := c.find(vpcType, "", c.in.str("vpcId"))
	outer, inner := prefix(vpc.str("cidrBlock")), prefix(c.in.str("cidrBlock"))
	if outer.Contains(inner.Addr()) && outer.Bits() <= inner.Bits() {
		return ""
	}
	return fmt.Sprintf("The CIDR '%s' is invalid: it is not inside %s of the VPC.", inner, outer)
}

func apartFromOthers(c *call) string {
	for _, s := range c.where(subnetType, "vpcId", c.in.str("vpcId")) {
		if prefix(s.str("cidrBlock")).Overlaps(prefix(c.in.str("cidrBlock"))) {
			return fmt.Sprintf("The CIDR '%s' conflicts with another subnet: %s has %s.",
				c.in.str("cidrBlock"), s.id, s.str("cidrBlock"))
		}
	}
	return ""
}

func oneGatewayPerVpc(c *call) string {
	if vpc := c.in.str("vpcId"); vpc != "" && len(c.where(igwType, "vpcId", vpc)) > 0 {
		return fmt.Sprintf("Network %s already has an internet gateway attached", vpc)
	}
	return ""
}
