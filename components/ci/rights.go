package ci

import "slices"

// Right is what it takes to read, and to make, change and delete, resources of one type.
type Right struct {
	// Type is the token of the resource or of the look-up.
	Type string
	// Read are the actions that find out how a resource is.
	Read []string
	// Write are the actions that make, change and delete it.
	Write []string
	// Why says what needs the right, where it is not a resource that a platform's program registers by itself.
	Why string
}

// component is the reason for what pulumi-eks' component registers, in a process of its own.
const component = "pulumi-eks registers it for a control plane"

// Rights returns the table that the policies of previews and deployments are made from: what a platform consists of.
// The actions are those that the AWS provider calls for a type, and those that AWS demands besides (service
// authorization reference, dependent actions).
func Rights() []Right {
	return slices.Concat(networkRights(), clusterRights(), roleRights(), recordRights())
}

func networkRights() []Right {
	return slices.Concat(subnetRights(), routeRights(), firewallRights())
}

func subnetRights() []Right {
	return []Right{
		{
			Type: "aws:index/getAvailabilityZones:getAvailabilityZones", Read: []string{"ec2:DescribeAvailabilityZones"},
			Why: "zones that are given by their number are looked up",
		},
		{
			Type: "aws:ec2/vpc:Vpc",
			Read: []string{
				"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeNetworkAcls", "ec2:DescribeRouteTables",
				"ec2:DescribeSecurityGroups", "ec2:DescribeTags",
			},
			Write: []string{
				"ec2:CreateVpc", "ec2:DeleteVpc", "ec2:ModifyVpcAttribute", "ec2:CreateTags", "ec2:DeleteTags",
			},
		},
		{
			Type: "aws:ec2/subnet:Subnet", Read: []string{"ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces"},
			Write: []string{
				"ec2:CreateSubnet", "ec2:DeleteSubnet", "ec2:ModifySubnetAttribute",
				// Interfaces that a load balancer or a node left behind hold a subnet: the provider removes them first.
				"ec2:DetachNetworkInterface", "ec2:DeleteNetworkInterface",
			},
		},
		{
			Type: "aws:ec2/vpcEndpoint:VpcEndpoint", Read: []string{"ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists"},
			Write: []string{
				"ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints",
				"route53:AssociateVPCWithHostedZone", // an interface endpoint's private name
			},
		},
		{
			Type: "aws:ec2/flowLog:FlowLog", Read: []string{"ec2:DescribeFlowLogs"},
			Write: []string{"ec2:CreateFlowLogs", "ec2:DeleteFlowLogs"},
		},
	}
}

func routeRights() []Right {
	return []Right{
		{
			Type: "aws:ec2/internetGateway:InternetGateway", Read: []string{"ec2:DescribeInternetGateways"},
			Write: []string{
				"ec2:CreateInternetGateway", "ec2:AttachInternetGateway", "ec2:DetachInternetGateway",
				"ec2:DeleteInternetGateway",
			},
		},
		{
			Type: "aws:ec2/eip:Eip", Read: []string{"ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute"},
			Write: []string{"ec2:AllocateAddress", "ec2:DisassociateAddress", "ec2:ReleaseAddress"},
		},
		{
			Type: "aws:ec2/natGateway:NatGateway", Read: []string{"ec2:DescribeNatGateways"},
			Write: []string{"ec2:CreateNatGateway", "ec2:DeleteNatGateway"},
		},
		{
			Type: "aws:ec2/routeTable:RouteTable", Read: []string{"ec2:DescribeRouteTables"},
			Write: []string{"ec2:CreateRouteTable", "ec2:DeleteRouteTable"},
		},
		{
			Type: "aws:ec2/route:Route", Read: []string{"ec2:DescribeRouteTables"},
			Write: []string{"ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute"},
		},
		{
			Type: "aws:ec2/routeTableAssociation:RouteTableAssociation", Read: []string{"ec2:DescribeRouteTables"},
			Write: []string{"ec2:AssociateRouteTable", "ec2:ReplaceRouteTableAssociation", "ec2:DisassociateRouteTable"},
		},
	}
}

// ruleActions open and close a security group.
var ruleActions = []string{
	"ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress",
	"ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress",
}

func firewallRights() []Right {
	return []Right{
		{
			Type: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", Read: []string{"ec2:DescribeSecurityGroups"},
			Write: ruleActions,
		},
		{
			Type: "aws:ec2/securityGroup:SecurityGroup",
			Read: []string{"ec2:DescribeSecurityGroups", "ec2:DescribeNetworkInterfaces"},
			Write: append([]string{
				"ec2:CreateSecurityGroup", "ec2:DeleteSecurityGroup",
				"ec2:UpdateSecurityGroupRuleDescriptionsIngress", "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
			}, ruleActions...),
			Why: component + ", and interface endpoints have one",
		},
		{
			Type: "aws:ec2/securityGroupRule:SecurityGroupRule",
			Read: []string{"ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules"}, Write: ruleActions, Why: component,
		},
		{
			Type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
			Read: []string{"ec2:DescribeSecurityGroupRules"}, Write: append([]string{"ec2:ModifySecurityGroupRules"}, ruleActions...),
			Why: "interface endpoints are opened to the VPC, in networks that have them",
		},
		{
			Type: "aws:ec2/launchTemplate:LaunchTemplate",
			Read: []string{"ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"},
			Write: []string{
				"ec2:CreateLaunchTemplate", "ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate",
				"ec2:DeleteLaunchTemplate",
			},
		},
	}
}
