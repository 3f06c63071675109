package simaws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
)

const (
	endpointType  = "aws:ec2/vpcEndpoint:VpcEndpoint"
	endpointGuide = "AWS PrivateLink guide, access AWS services through an interface endpoint"
	gatewayGuide  = "AWS PrivateLink guide, gateway endpoints"
)

// gatewayServices and interfaceServices name what has endpoints of either kind, behind com.amazonaws.<region>.
// The list is what a cluster may need (EKS user guide, private clusters), not what AWS has.
const (
	gatewayServices   = "s3 dynamodb"
	interfaceServices = "autoscaling autoscaling-plans ec2 ec2messages ecr.api ecr.dkr eks eks-auth elasticfilesystem " +
		"elasticloadbalancing events kms logs monitoring s3 secretsmanager sns sqs ssm ssmmessages sts xray"
)

// openPolicy is the policy of an endpoint that was made without one.
const openPolicy = `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],` +
	`"Version":"2008-10-17"}`

var endpointKinds = []kind{{
	token: endpointType, args: ec2.VpcEndpointArgs{}, state: ec2.VpcEndpoint{},
	models: "dnsOptions.dnsRecordIpType ipAddressType policy privateDnsEnabled routeTableIds securityGroupIds " +
		"serviceName subnetIds tags vpcEndpointType vpcId",
	required:  "serviceName",
	forceNew:  "serviceName vpcEndpointType vpcId",
	sets:      "routeTableIds securityGroupIds subnetIds",
	documents: "policy",
	defaults:  map[string]any{"vpcEndpointType": "Gateway"},
	fills: map[string]any{
		"policy": openPolicy, "privateDnsEnabled": false, "requesterManaged": false, "state": "available",
		"routeTableIds": []any{}, "subnetIds": []any{},
	},
	limits: []limit{
		{"policy", endpointGuide, document},
		{"vpcEndpointType", endpointGuide, oneOf("Gateway Interface")},
		{"ipAddressType", endpointGuide, oneOf("ipv4 dualstack ipv6")},
		{"dnsOptions.dnsRecordIpType", endpointGuide, oneOf("ipv4 dualstack ipv6 service-defined")},
	},
	id: "vpce-{hex17}",
	computed: map[string]string{
		"arn": "arn:{partition}:ec2:{region}:{account}:vpc-endpoint/{id}", "ownerId": "{account}",
	},
	derive: endpointParts,
	refs: []ref{
		{path: "vpcId", to: vpcType, missing: noVPC, holds: vpcInUse, source: ec2Errors},
		{
			path: "subnetIds", to: subnetType, missing: noSubnet, source: ec2Errors,
			holds: "DependencyViolation: The subnet '%s' has dependencies and cannot be deleted.",
		},
		{path: "routeTableIds", to: routeTableType, missing: noRouteTable, source: ec2Errors},
		{path: "securityGroupIds", to: securityGroupType, missing: noGroup, holds: groupInUse, source: ec2Errors},
	},
	rules: []rule{
		{onCreate, "InvalidServiceName", endpointGuide, serviceExists},
		{onCreate, "InvalidParameter", endpointGuide, serviceHasType},
		{onWrite, "InvalidParameter", endpointGuide, partsOfType},
		{onWrite, "InvalidParameter", endpointGuide, partsInVpc},
		{onWrite, "DuplicateSubnetsInSameZone", endpointGuide, oneSubnetPerZone},
		{onWrite, "InvalidParameter", endpointGuide, privateNames},
		{onWrite, "RouteAlreadyExists", gatewayGuide, prefixListIsNew},
	},
}}

// endpointParts gives an interface endpoint its network interfaces and names, a gateway endpoint its prefix list.
func endpointParts(c *call) {
	if c.in.str("vpcEndpointType") == "Gateway" {
		// A service has one prefix list a region.
		service := c.in.str("serviceName")
		c.set("prefixListId", "pl-"+(&call{seed: service}).hex("", 8))
		return
	}
	c.fill("ipAddressType", "ipv4")
	c.within("dnsOptions", "dnsRecordIpType", "ipv4")
	if vpc, ok := c.find(vpcType, "", c.in.str("vpcId")); ok && !c.in.has("securityGroupIds") {
		c.set("securityGroupIds", []any{vpc.str("defaultSecurityGroupId")})
	}
	var nics []any
	for _, subnet := range c.in.strs("subnetIds") {
		nics = append(nics, "eni-"+c.hex(subnet, 17))
	}
	c.set("networkInterfaceIds", nics)
	host := c.id + "-" + c.hex("dns", 8) + "." + c.service() + "." + c.region.name + ".vpce." + c.region.suffix
	c.set("dnsEntries", []any{map[string]any{"dnsName": host, "hostedZoneId": "Z" + strings.ToUpper(c.hex("zone", 13))}})
}

// service is the service's own part of the endpoint service's name.
func (c *call) service() string {
	return strings.TrimPrefix(c.in.str("serviceName"), "com.amazonaws."+c.region.name+".")
}

func serviceExists(c *call) string {
	known := append(words(gatewayServices), words(interfaceServices)...)
	if !slices.Contains(known, c.service()) {
		return fmt.Sprintf("The Vpc Endpoint Service '%s' does not exist, or the rehearsal does not know it",
			c.in.str("serviceName"))
	}
	return ""
}

func serviceHasType(c *call) string {
	list := map[string]string{"Gateway": gatewayServices, "Interface": interfaceServices}[c.in.str("vpcEndpointType")]
	known := serviceExists(c) == ""
	if known && !slices.Contains(words(list), c.service()) {
		return fmt.Sprintf("Endpoint type (%s) does not match the available service types of %s.",
			c.in.str("vpcEndpointType"), c.in.str("serviceName"))
	}
	return ""
}

func partsOfType(c *call) string {
	foreign := map[string][]string{
		"Gateway": {"subnetIds", "securityGroupIds"}, "Interface": {"routeTableIds"},
	}[c.in.str("vpcEndpointType")]
	for _, name := range foreign {
		if c.in.has(name) {
			return fmt.Sprintf("%s cannot be given to an endpoint of type %s.", name, c.in.str("vpcEndpointType"))
		}
	}
	return ""
}

func partsInVpc(c *call) string {
	vpc := c.in.str("vpcId")
	for path, token := range map[string]string{
		"subnetIds": subnetType, "routeTableIds": routeTableType, "securityGroupIds": securityGroupType,
	} {
		for _, id := range c.in.strs(path) {
			if t, ok := c.find(token, "", id); ok && t.str("vpcId") != vpc {
				return fmt.Sprintf("%s is not in the VPC %s.", id, vpc)
			}
		}
	}
	return ""
}

func oneSubnetPerZone(c *call) string {
	seen := map[string]string{}
	for _, id := range c.in.strs("subnetIds") {
		subnet, _ := c.find(subnetType, "", id)
		z := subnet.str("availabilityZone")
		if other, taken := seen[z]; taken {
			return fmt.Sprintf("Found another VPC endpoint subnet in the availability zone of %s: %s", id, other)
		}
		seen[z] = id
	}
	return ""
}

// privateNames refuses private DNS where the VPC cannot answer it, or another endpoint does.
func privateNames(c *call) string {
	if !c.in.flag("privateDnsEnabled") {
		return ""
	}
	if c.in.str("vpcEndpointType") == "Gateway" {
		return "Private DNS can't be enabled because the endpoint is of type Gateway."
	}
	vpc, _ := c.find(vpcType, "", c.in.str("vpcId"))
	if !vpc.flag("enableDnsSupport") || !vpc.flag("enableDnsHostnames") {
		return fmt.Sprintf("Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes "+
			"set to true for %s", vpc.id)
	}
	for _, e := range c.where(endpointType, "vpcId", vpc.id) {
		if e.flag("privateDnsEnabled") && e.str("serviceName") == c.in.str("serviceName") {
			return fmt.Sprintf("private-dns-enabled cannot be set because there is already a conflicting DNS domain "+
				"for %s in the VPC %s", c.in.str("serviceName"), vpc.id)
		}
	}
	return ""
}

func prefixListIsNew(c *call) string {
	for _, table := range c.in.strs("routeTableIds") {
		for _, e := range c.where(endpointType, "routeTableIds", table) {
			if e.str("serviceName") == c.in.str("serviceName") {
				return fmt.Sprintf("route table %s already has a route with destination-prefix-list-id %s",
					table, e.str("prefixListId"))
			}
		}
	}
	return ""
}
