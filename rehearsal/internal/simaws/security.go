package simaws

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// Tokens of the types that make firewalls.
const (
	securityGroupType = "aws:ec2/securityGroup:SecurityGroup"
	defaultGroupType  = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	oldRuleType       = "aws:ec2/securityGroupRule:SecurityGroupRule"
	ingressType       = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressType        = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

const (
	groupGuide = "VPC user guide, security groups"
	noGroup    = "InvalidGroup.NotFound: The security group '%s' does not exist"
	groupInUse = "DependencyViolation: resource %s has a dependent object"
	// groupRules lists the parts of a rule inside a group.
	ingressModel = "ingress.protocol ingress.fromPort ingress.toPort ingress.cidrBlocks ingress.ipv6CidrBlocks " +
		"ingress.securityGroups ingress.self ingress.description"
	egressModel = "egress.protocol egress.fromPort egress.toPort egress.cidrBlocks egress.ipv6CidrBlocks " +
		"egress.securityGroups egress.self egress.description"
)

// allowed is the set of characters of a group's or rule's description.
var allowed = shaped(`^[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}$`,
	"has characters that AWS does not allow, or is longer than 255")

var securityKinds = []kind{
	{
		token: securityGroupType, args: ec2.SecurityGroupArgs{}, state: ec2.SecurityGroup{},
		models:   "description name revokeRulesOnDelete tags vpcId " + ingressModel + " " + egressModel,
		required: "vpcId", forceNew: "description name vpcId",
		sets: "ingress egress ingress.cidrBlocks egress.cidrBlocks",
		name: simprovider.AutoName{Property: "name", Hex: 7, Max: 255},
		defaults: map[string]any{
			"description": "Managed by Pulumi", "revokeRulesOnDelete": false,
		},
		fills: map[string]any{"ingress": []any{}, "egress": []any{}},
		normal: map[string]func(string) string{
			"ingress.protocol": protocol, "egress.protocol": protocol,
		},
		limits: []limit{
			{"description", groupGuide, allowed},
			{"name", groupGuide, shaped(`^([^s]|s[^g]|sg[^-])`, "must not begin with sg-")},
			{"name", groupGuide, allowed},
		},
		id: "sg-{hex17}",
		computed: map[string]string{
			"arn": "arn:{partition}:ec2:{region}:{account}:security-group/{id}", "ownerId": "{account}",
		},
		refs: []ref{
			{path: "vpcId", to: vpcType, missing: noVPC, holds: vpcInUse, source: ec2Errors},
			{path: "ingress.securityGroups", to: securityGroupType, holds: groupInUse, source: groupGuide},
			{path: "egress.securityGroups", to: securityGroupType, holds: groupInUse, source: groupGuide},
		},
		rules: []rule{{onCreate, "InvalidGroup.Duplicate", ec2Errors, groupNameIsFree}},
	},
	{
		token: defaultGroupType, args: ec2.DefaultSecurityGroupArgs{}, state: ec2.DefaultSecurityGroup{},
		models:   "revokeRulesOnDelete tags vpcId " + ingressModel + " " + egressModel,
		required: "vpcId", forceNew: "vpcId",
		sets: "ingress egress",
		fills: map[string]any{
			"ingress": []any{}, "egress": []any{}, "name": "default", "description": "default VPC security group",
		},
		idOf: func(c *call) string {
			vpc, _ := c.find(vpcType, "", c.in.str("vpcId"))
			return vpc.str("defaultSecurityGroupId")
		},
		exists: "InvalidGroup.Duplicate: the default security group %s is managed by another resource already",
		computed: map[string]string{
			"arn": "arn:{partition}:ec2:{region}:{account}:security-group/{id}", "ownerId": "{account}",
		},
		refs: []ref{{path: "vpcId", to: vpcType, missing: noVPC, source: ec2Errors}},
	},
	{
		token: oldRuleType, args: ec2.SecurityGroupRuleArgs{}, state: ec2.SecurityGroupRule{},
		models: "cidrBlocks description fromPort ipv6CidrBlocks prefixListIds protocol securityGroupId self " +
			"sourceSecurityGroupId toPort type",
		forceNew: "cidrBlocks fromPort ipv6CidrBlocks prefixListIds protocol securityGroupId self " +
			"sourceSecurityGroupId toPort type",
		defaults: map[string]any{"self": false},
		normal:   map[string]func(string) string{"protocol": protocol},
		limits: []limit{
			{"description", groupGuide, allowed},
			{"type", groupGuide, oneOf("ingress egress")},
			{"cidrBlocks", groupGuide, block(0, 32)},
			{"fromPort", groupGuide, between(-1, 65535)},
			{"toPort", groupGuide, between(-1, 65535)},
		},
		id:       "sgrule-{hex10}",
		computed: map[string]string{"securityGroupRuleId": "sgr-{hex17}"},
		refs:     ruleRefs("sourceSecurityGroupId"),
		rules:    firewallRules("sourceSecurityGroupId", "protocol"),
	},
	newRule(ingressType, vpc.SecurityGroupIngressRuleArgs{}, vpc.SecurityGroupIngressRule{}),
	newRule(egressType, vpc.SecurityGroupEgressRuleArgs{}, vpc.SecurityGroupEgressRule{}),
}

// newRule is the row of a rule with one source, ingress or egress.
func newRule(token string, args, state any) kind {
	return kind{
		token: token, args: args, state: state,
		models: "cidrIpv4 cidrIpv6 description fromPort ipProtocol prefixListId referencedSecurityGroupId " +
			"securityGroupId tags toPort",
		forceNew: "securityGroupId",
		normal:   map[string]func(string) string{"ipProtocol": protocol},
		limits: []limit{
			{"description", groupGuide, allowed},
			{"cidrIpv4", groupGuide, block(0, 32)},
			{"fromPort", groupGuide, between(-1, 65535)},
			{"toPort", groupGuide, between(-1, 65535)},
		},
		id: "sgr-{hex17}",
		computed: map[string]string{
			"arn":                 "arn:{partition}:ec2:{region}:{account}:security-group-rule/{id}",
			"securityGroupRuleId": "{id}",
		},
		refs:  ruleRefs("referencedSecurityGroupId"),
		rules: firewallRules("referencedSecurityGroupId", "ipProtocol"),
	}
}

// ruleRefs is what a rule refers to. The group on its other side cannot be deleted before the rule.
func ruleRefs(other string) []ref {
	return []ref{
		{path: "securityGroupId", to: securityGroupType, missing: noGroup, source: ec2Errors},
		{path: other, to: securityGroupType, missing: noGroup, holds: groupInUse, source: groupGuide},
	}
}

// firewallRules is what AWS checks of any rule.
func firewallRules(other, proto string) []rule {
	return []rule{
		{onWrite, "InvalidParameterValue", groupGuide, func(c *call) string { return oneSource(c, other) }},
		{onWrite, "InvalidParameterValue", groupGuide, func(c *call) string { return portsFit(c, proto) }},
		{onCreate, "InvalidPermission.Duplicate", ec2Errors, ruleIsNew},
		{onCreate, "RulesPerSecurityGroupLimitExceeded", vpcQuotas, ruleQuota},
	}
}

func groupNameIsFree(c *call) string {
	for _, g := range c.where(securityGroupType, "vpcId", c.in.str("vpcId")) {
		if g.str("name") == c.in.str("name") {
			return fmt.Sprintf("The security group '%s' already exists for VPC '%s'", g.str("name"), c.in.str("vpcId"))
		}
	}
	return ""
}
