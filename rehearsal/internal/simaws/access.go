package simaws

import (
	"fmt"
	"slices"
	"strings"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
)

const (
	accessEntryType  = "aws:eks/accessEntry:AccessEntry"
	accessPolicyType = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
	identityType     = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
	identityGuide    = "EKS user guide, EKS Pod Identity associations and role"
)

// accessPolicies lists the access policies of EKS (EKS user guide, access policy permissions).
var accessPolicies = strings.Fields(`
	AmazonEKSAdminPolicy AmazonEKSAdminViewPolicy AmazonEKSAutoNodePolicy AmazonEKSClusterAdminPolicy
	AmazonEKSEditPolicy AmazonEKSViewPolicy
`)

var accessKinds = []kind{
	{
		token: accessEntryType, args: awseks.AccessEntryArgs{}, state: awseks.AccessEntry{},
		models:   "clusterName kubernetesGroups principalArn tags type userName",
		forceNew: "clusterName principalArn type", volatile: "modifiedAt",
		sets:     "kubernetesGroups",
		defaults: map[string]any{"type": "STANDARD"},
		fills:    map[string]any{"kubernetesGroups": []any{}},
		limits: []limit{
			{"principalArn", eksAccess, shaped(`^arn:[a-z-]+:iam::\d{12}:(role|user)/`, "is no ARN of an IAM role or user")},
			{"type", eksAccess, oneOf("STANDARD EC2_LINUX EC2_WINDOWS EC2 FARGATE_LINUX HYBRID_LINUX")},
			{"kubernetesGroups", eksAccess, shaped(`^([^s]|s[^y]|sy[^s]|sys[^t]|syst[^e]|syste[^m]|system[^:])`,
				"must not begin with system:")},
			{"userName", eksAccess, shaped(`^([^s]|s[^y]|sy[^s]|sys[^t]|syst[^e]|syste[^m]|system[^:]|system:node:)`,
				"must not begin with system:")},
		},
		id:       "{clusterName}:{principalArn}",
		computed: map[string]string{"createdAt": "{now}"},
		derive:   deriveEntry,
		exists:   "ResourceInUseException: The specified access entry resource is already in use on this cluster: %s",
		refs:     []ref{{path: "clusterName", to: clusterType, missing: noCluster, source: eksAPI}},
		rules: []rule{
			{onCreate, "InvalidRequestException", eksAccess, apiMode},
			{onCreate, "InvalidParameterException", eksAccess, principalFits},
		},
	},
	{
		token: accessPolicyType, args: awseks.AccessPolicyAssociationArgs{}, state: awseks.AccessPolicyAssociation{},
		models:   "accessScope.namespaces accessScope.type clusterName policyArn principalArn",
		forceNew: "accessScope clusterName policyArn principalArn",
		sets:     "accessScope.namespaces",
		limits:   []limit{{"accessScope.type", eksAccess, oneOf("cluster namespace")}},
		id:       "{clusterName}#{principalArn}#{policyArn}",
		computed: map[string]string{"associatedAt": "{now}", "modifiedAt": "{now}"},
		exists:   "ResourceInUseException: The policy is associated already: %s",
		refs:     []ref{{path: "clusterName", to: clusterType, missing: noCluster, source: eksAPI}},
		rules: []rule{
			{onCreate, "ResourceNotFoundException", eksAccess, entryExists},
			{onCreate, "InvalidParameterException", eksAccess, accessPolicyExists},
			{onCreate, "InvalidParameterException", eksAccess, scopeFits},
		},
	},
	{
		token: identityType, args: awseks.PodIdentityAssociationArgs{}, state: awseks.PodIdentityAssociation{},
		models:   "clusterName namespace roleArn serviceAccount tags",
		forceNew: "clusterName namespace serviceAccount",
		limits: []limit{
			{"namespace", identityGuide, shaped(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`, "is no name of a namespace")},
			{
				"serviceAccount", identityGuide,
				shaped(`^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$`, "is no name of a service account"),
			},
		},
		id: "a-{hex17}",
		computed: map[string]string{
			"associationId":  "{id}",
			"associationArn": "arn:{partition}:eks:{region}:{account}:podidentityassociation/{clusterName}/{id}",
		},
		refs: []ref{
			{path: "clusterName", to: clusterType, missing: noCluster, source: eksAPI},
			{
				path: "roleArn", to: roleType, by: "arn", source: identityGuide,
				missing: "InvalidParameterException: Role %s does not exist",
			},
		},
		rules: []rule{
			{onCreate, "ResourceInUseException", eksAPI, identityIsNew},
			{onWrite, "InvalidParameterException", identityGuide, identityTrust},
		},
	},
}

// deriveEntry sets the user name that the entry's role has in the cluster.
func deriveEntry(c *call) {
	c.set("modifiedAt", c.now())
	principal := c.in.str("principalArn")
	account, name := part(principal, 4), principal[strings.LastIndex(principal, "/")+1:]
	kind := "user"
	user := principal
	if strings.Contains(principal, ":role/") {
		kind = "role"
		user = fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/{{SessionName}}", c.region.partition, account, name)
	}
	if c.in.str("type") != "STANDARD" {
		user = "system:node:{{EC2PrivateDNSName}}"
	}
	c.fill("userName", user)
	if c.was == nil {
		c.set("accessEntryArn", fmt.Sprintf("arn:%s:eks:%s:%s:access-entry/%s/%s/%s/%s/%s", c.region.partition, c.region.name,
			c.options.AccountID, c.in.str("clusterName"), kind, account, name, c.hex("entry", 32)))
	}
}

// part returns one part of an ARN.
func part(arn string, n int) string {
	parts := strings.Split(arn, ":")
	if n >= len(parts) {
		return ""
	}
	return parts[n]
}

func apiMode(c *call) string {
	cluster, _ := c.find(clusterType, "", c.in.str("clusterName"))
	if cluster.str("accessConfig.authenticationMode") == "CONFIG_MAP" {
		return "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."
	}
	return ""
}

func principalFits(c *call) string {
	if strings.Contains(c.in.str("principalArn"), ":role/aws-service-role/") {
		return "A service-linked role cannot be the principal of an access entry."
	}
	if c.in.str("type") != "STANDARD" && (c.in.has("kubernetesGroups") || c.in.has("userName")) {
		return fmt.Sprintf("An entry of type %s takes neither groups nor a user name.", c.in.str("type"))
	}
	return ""
}

func entryExists(c *call) string {
	entry, ok := c.find(accessEntryType, "", c.in.str("clusterName")+":"+c.in.str("principalArn"))
	if !ok {
		return "The specified principalArn could not be found. You can view your available access entries with " +
			"'list-access-entries'."
	}
	if kind := entry.str("type"); kind != "STANDARD" {
		return fmt.Sprintf("An entry of type %s takes no access policy.", kind)
	}
	return ""
}

func accessPolicyExists(c *call) string {
	arn := c.in.str("policyArn")
	name, ok := strings.CutPrefix(arn, "arn:"+c.region.partition+":eks::aws:cluster-access-policy/")
	if ok && slices.Contains(accessPolicies, name) {
		return ""
	}
	return fmt.Sprintf("The policyArn parameter format is not valid, or the policy does not exist: %s", arn)
}

func scopeFits(c *call) string {
	if named := c.in.has("accessScope.namespaces"); named != (c.in.str("accessScope.type") == "namespace") {
		return "Namespaces are given exactly when the scope is of type namespace."
	}
	return ""
}

func identityIsNew(c *call) string {
	for _, a := range c.where(identityType, "clusterName", c.in.str("clusterName")) {
		if a.str("namespace") == c.in.str("namespace") && a.str("serviceAccount") == c.in.str("serviceAccount") {
			return "Association already exists: " + a.id
		}
	}
	return ""
}

func identityTrust(c *call) string {
	role := c.in.str("roleArn")
	for _, action := range []string{"sts:AssumeRole", "sts:TagSession"} {
		if !c.trusts(role, "pods.eks.amazonaws.com", action) {
			return fmt.Sprintf("Trust policy of %s must allow %s to pods.eks.amazonaws.com", role, action)
		}
	}
	return ""
}
