package ci

import (
	"maps"
	"slices"
	"strings"

	"github.com/slipway-eks/slipway/components/identity"
)

// stackTag is the tag that every resource of a stack has, with the stack's name.
const stackTag = "slipway:stack"

// bounds are what a role is kept to.
type bounds struct {
	partition, region, account string
	// clusters are the names of the EKS clusters, with which the names of what a platform makes begin.
	clusters []string
	// stack is the value of stackTag.
	stack string
}

// scope is what an action is limited to.
type scope int

const (
	// inRegion is for actions that name no resource, or none whose name is known before.
	inRegion scope = iota
	// notOthers is for resources that only tags tell apart: everything but what carries another stack's.
	notOthers
	fromTemplate
	forAWS
	ownClusters
	ownRoles
	issuers
	passing
	linking
	ownLogs
	ownTopics
	ownGroups
	anywhere
)

// writes are the scopes of what a service's actions change; reads are those of what they only look at.
var (
	writes = map[string]scope{
		"ec2": notOthers, "kms": notOthers, "eks": ownClusters, "iam": ownRoles, "logs": ownLogs, "sns": ownTopics,
		"autoscaling": ownGroups,
	}
	reads = map[string]scope{
		"ec2": inRegion, "kms": inRegion, "eks": ownClusters, "iam": ownRoles, "logs": ownLogs, "sns": ownTopics,
		"autoscaling": inRegion,
	}
)

// exceptions are actions of a narrower scope than their service's, or that AWS cannot limit as it can those (service
// authorization reference, resource types).
var exceptions = map[string]scope{
	// Miners start machines by hand: a deployment only by a launch template, through EKS.
	"ec2:RunInstances": fromTemplate,
	// EKS uses the key that encrypts Kubernetes' objects through a grant.
	"kms:CreateGrant":                    forAWS,
	"iam:PassRole":                       passing,
	"iam:CreateServiceLinkedRole":        linking,
	"logs:DescribeLogGroups":             inRegion,
	"sns:GetSubscriptionAttributes":      inRegion,
	"sns:SetSubscriptionAttributes":      inRegion,
	"sns:Unsubscribe":                    inRegion,
	"route53:AssociateVPCWithHostedZone": anywhere,
}

// Services that a platform's roles are passed to, and those that make a role of their own on first use.
var (
	roleUsers    = []string{"ec2", "eks", "pods.eks", "vpc-flow-logs"}
	linkedByName = []string{"autoscaling", "eks", "eks-nodegroup", "spot"}
)

// scopeOf returns what an action is limited to, among those that its service's actions are in ofService.
func scopeOf(action string, ofService map[string]scope) scope {
	if s, ok := exceptions[action]; ok {
		return s
	}
	service, name, _ := strings.Cut(action, ":")
	if service == "iam" && strings.Contains(name, "OpenIDConnectProvider") {
		return issuers
	}
	return ofService[service]
}

// statements allows the actions, each as far as its scope reaches.
func (b bounds) statements(actions []string, ofService map[string]scope) []identity.Statement {
	byScope := map[scope][]string{}
	for _, action := range actions {
		s := scopeOf(action, ofService)
		byScope[s] = append(byScope[s], action)
	}
	var all []identity.Statement
	for _, s := range slices.Sorted(maps.Keys(byScope)) {
		statement := b.limit(s)
		statement.Effect = identity.Allow
		statement.Action = slices.Compact(slices.Sorted(slices.Values(byScope[s])))
		all = append(all, statement)
	}
	return all
}

// limit returns the resources and conditions of a scope.
func (b bounds) limit(s scope) identity.Statement {
	switch s {
	case notOthers, fromTemplate, forAWS:
		return b.tagged(s)
	case ownClusters, ownLogs, ownTopics, ownGroups:
		return identity.Statement{Resource: b.regional(s)}
	case ownRoles, issuers, passing, linking:
		return b.global(s)
	case anywhere:
		return identity.Statement{Resource: identity.Values{"*"}}
	case inRegion:
	}
	return identity.Statement{Resource: identity.Values{"*"}, Condition: b.here()}
}

func (b bounds) here() identity.Conditions {
	return identity.Conditions{"StringEquals": {"aws:RequestedRegion": {b.region}}}
}

// tagged keeps off what carries another stack's tag. What has no tag passes: a VPC's default security group has none
// when it is taken over, and what is being made has none yet.
func (b bounds) tagged(s scope) identity.Statement {
	conditions := b.here()
	conditions["StringEqualsIfExists"] = map[string]identity.Values{"aws:ResourceTag/" + stackTag: {b.stack}}
	switch s {
	case fromTemplate:
		template := b.arn("ec2", "launch-template/*")
		conditions["ArnLike"] = map[string]identity.Values{"ec2:LaunchTemplate": {template}}
	case forAWS:
		conditions["Bool"] = map[string]identity.Values{"kms:GrantIsForAWSResource": {"true"}}
	default:
	}
	return identity.Statement{Resource: identity.Values{"*"}, Condition: conditions}
}

// regional returns the ARNs of what is named after the clusters, in the region.
func (b bounds) regional(s scope) identity.Values {
	var all identity.Values
	for _, name := range b.clusters {
		switch s {
		case ownClusters:
			all = append(all, b.arn("eks", "cluster/"+name))
			for _, kind := range []string{"nodegroup", "addon", "access-entry", "podidentityassociation"} {
				all = append(all, b.arn("eks", kind+"/"+name+"/*"))
			}
		case ownLogs:
			all = append(all, b.arn("logs", "log-group:/aws/eks/"+name+"/*"),
				b.arn("logs", "log-group:/aws/containerinsights/"+name+"/*"), b.arn("logs", "log-group:"+name+"-*"))
		case ownTopics:
			all = append(all, b.arn("sns", name+"-*"))
		default: // ownGroups: EKS names the group behind a node group eks-<node group>-<uuid>
			all = append(all, b.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/eks-"+name+"-*"))
		}
	}
	return all
}

// global limits what IAM has, which is in no region.
func (b bounds) global(s scope) identity.Statement {
	var roles identity.Values
	for _, name := range b.clusters {
		roles = append(roles, b.iamARN("role/"+name+"-*"))
	}
	switch s {
	case issuers:
		return identity.Statement{Resource: identity.Values{b.iamARN("oidc-provider/oidc.eks." + b.region + ".*")}}
	case passing:
		return identity.Statement{Resource: roles, Condition: ofServices("iam:PassedToService", roleUsers)}
	case linking:
		return identity.Statement{
			Resource:  identity.Values{b.iamARN("role/aws-service-role/*")},
			Condition: ofServices("iam:AWSServiceName", linkedByName),
		}
	default:
		return identity.Statement{Resource: roles}
	}
}

func ofServices(key string, names []string) identity.Conditions {
	var all identity.Values
	for _, name := range names {
		all = append(all, name+".amazonaws.com")
	}
	return identity.Conditions{"StringEquals": {key: all}}
}

func (b bounds) arn(service, resource string) string {
	return "arn:" + b.partition + ":" + service + ":" + b.region + ":" + b.account + ":" + resource
}

func (b bounds) iamARN(resource string) string {
	return "arn:" + b.partition + ":iam::" + b.account + ":" + resource
}
