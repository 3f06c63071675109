package simaws

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
)

// Tokens of the routing types.
const (
	routeTableType  = "aws:ec2/routeTable:RouteTable"
	routeType       = "aws:ec2/route:Route"
	associationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
)

const (
	routeGuide   = "VPC user guide, route tables"
	noRouteTable = "InvalidRouteTableID.NotFound: The routeTable ID '%s' does not exist"
	// maxRoutes is the quota of routes in a table, the local one not counted.
	maxRoutes = 50
	// targets lists the properties with which a route says where to.
	targets = "gatewayId natGatewayId"
)

var routingKinds = []kind{
	{
		token: routeTableType, args: ec2.RouteTableArgs{}, state: ec2.RouteTable{},
		models: "tags vpcId", forceNew: "vpcId",
		fills: map[string]any{"routes": []any{}, "propagatingVgws": []any{}},
		id:    "rtb-{hex17}",
		computed: map[string]string{
			"arn": "arn:{partition}:ec2:{region}:{account}:route-table/{id}", "ownerId": "{account}",
		},
		refs: []ref{{path: "vpcId", to: vpcType, missing: noVPC, holds: vpcInUse, source: ec2Errors}},
	},
	{
		token: routeType, args: ec2.RouteArgs{}, state: ec2.Route{},
		models:   "destinationCidrBlock routeTableId " + targets,
		required: "destinationCidrBlock",
		forceNew: "destinationCidrBlock routeTableId",
		fills:    map[string]any{"origin": "CreateRoute", "state": "active"},
		limits:   []limit{{"destinationCidrBlock", routeGuide, block(0, 32)}},
		id:       "r-{routeTableId}{hex10}",
		refs: []ref{
			{path: "routeTableId", to: routeTableType, missing: noRouteTable, source: ec2Errors},
			{
				path: "gatewayId", to: igwType, source: ec2Errors,
				missing: "InvalidInternetGatewayID.NotFound: The gateway ID '%s' does not exist",
			},
			{
				path: "natGatewayId", to: natType, source: ec2Errors,
				missing: "InvalidNatGatewayID.NotFound: The natGateway ID '%s' does not exist",
			},
		},
		rules: []rule{
			{onWrite, "InvalidParameterCombination", ec2Errors, oneTarget},
			{onWrite, "InvalidParameterValue", routeGuide, targetInSameVpc},
			{onCreate, "RouteAlreadyExists", ec2Errors, destinationIsNew},
			{onCreate, "RouteLimitExceeded", vpcQuotas, routeQuota},
		},
	},
	{
		token: associationType, args: ec2.RouteTableAssociationArgs{}, state: ec2.RouteTableAssociation{},
		models: "routeTableId subnetId", required: "subnetId", forceNew: "subnetId",
		id: "rtbassoc-{hex17}",
		refs: []ref{
			{path: "subnetId", to: subnetType, missing: noSubnet, source: ec2Errors},
			{
				path: "routeTableId", to: routeTableType, missing: noRouteTable, source: ec2Errors,
				holds: "DependencyViolation: The routeTable '%s' has dependencies and cannot be deleted.",
			},
		},
		rules: []rule{
			{onCreate, "Resource.AlreadyAssociated", routeGuide, oneTablePerSubnet},
			{onWrite, "InvalidParameterValue", routeGuide, tableInSameVpc},
		},
	},
}

func oneTarget(c *call) string {
	n := 0
	for _, target := range words(targets) {
		if c.in.has(target) {
			n++
		}
	}
	if n != 1 {
		return fmt.Sprintf("A route needs exactly one target, this one has %d.", n)
	}
	return ""
}

// targetInSameVpc also refuses an internet gateway that is not attached yet.
func targetInSameVpc(c *call) string {
	table, _ := c.find(routeTableType, "", c.in.str("routeTableId"))
	target, vpc := "", ""
	if igw, ok := c.find(igwType, "", c.in.str("gatewayId")); ok {
		target, vpc = igw.id, igw.str("vpcId")
	} else if nat, ok := c.find(natType, "", c.in.str("natGatewayId")); ok {
		subnet, _ := c.find(subnetType, "", nat.str("subnetId"))
		target, vpc = nat.id, subnet.str("vpcId")
	}
	if target != "" && vpc != table.str("vpcId") {
		return fmt.Sprintf("route table %s and network gateway %s belong to different networks", table.id, target)
	}
	return ""
}

func destinationIsNew(c *call) string {
	destination := c.in.str("destinationCidrBlock")
	table, _ := c.find(routeTableType, "", c.in.str("routeTableId"))
	vpc, _ := c.find(vpcType, "", table.str("vpcId"))
	taken := vpc.str("cidrBlock") == destination // the local route
	for _, r := range c.where(routeType, "routeTableId", table.id) {
		taken = taken || r.str("destinationCidrBlock") == destination
	}
	if taken {
		return fmt.Sprintf("The route identified by %s already exists.", destination)
	}
	return ""
}

func routeQuota(c *call) string {
	if n := len(c.where(routeType, "routeTableId", c.in.str("routeTableId"))); n >= maxRoutes {
		return fmt.Sprintf("The maximum number of routes has been reached: %d in a table.", maxRoutes)
	}
	return ""
}

func oneTablePerSubnet(c *call) string {
	for _, a := range c.where(associationType, "subnetId", c.in.str("subnetId")) {
		return fmt.Sprintf("the specified association for route table %s conflicts with an existing association: "+
			"subnet %s has %s", c.in.str("routeTableId"), c.in.str("subnetId"), a.str("routeTableId"))
	}
	return ""
}

func tableInSameVpc(c *call) string {
	table, _ := c.find(routeTableType, "", c.in.str("routeTableId"))
	subnet, _ := c.find(subnetType, "", c.in.str("subnetId"))
	if table.str("vpcId") != subnet.str("vpcId") {
		return fmt.Sprintf("Route table %s and subnet %s belong to different networks", table.id, subnet.id)
	}
	return ""
}
