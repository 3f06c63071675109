package simaws

import (
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

const (
	nodeGroupType = "aws:eks/nodeGroup:NodeGroup"
	nodeGuide     = "EKS user guide, managed node groups"
	nodeTemplates = "EKS user guide, customize managed nodes with launch templates"
	nodeRoleGuide = "EKS user guide, node IAM role"
	nodeNetwork   = "EKS user guide, managed node groups: subnets; private clusters"
	nodeProblems  = "EKS user guide, managed node group error codes"
)

// Quotas of EKS (EKS user guide, service quotas).
const (
	maxNodeGroups = 30
	maxNodes      = 450
)

var nodeKinds = []kind{{
	token: nodeGroupType, args: awseks.NodeGroupArgs{}, state: awseks.NodeGroup{},
	models: "amiType capacityType clusterName diskSize forceUpdateVersion instanceTypes labels launchTemplate.id " +
		"launchTemplate.name launchTemplate.version nodeGroupName nodeRepairConfig.enabled nodeRoleArn releaseVersion " +
		"scalingConfig.desiredSize scalingConfig.maxSize scalingConfig.minSize subnetIds tags taints.effect taints.key " +
		"taints.value updateConfig.maxUnavailable updateConfig.maxUnavailablePercentage version",
	required: "subnetIds",
	forceNew: "amiType capacityType clusterName diskSize instanceTypes launchTemplate.id launchTemplate.name " +
		"nodeGroupName nodeRoleArn subnetIds",
	sets:  "subnetIds taints",
	name:  simprovider.AutoName{Property: "nodeGroupName", Hex: 7, Max: 63},
	fills: map[string]any{"status": "ACTIVE", "capacityType": "ON_DEMAND"},
	limits: []limit{
		{"nodeGroupName", eksAPI, shaped(`^[0-9A-Za-z][A-Za-z0-9_-]{0,62}$`, "is no name of a node group")},
		{"capacityType", eksAPI, oneOf("ON_DEMAND SPOT CAPACITY_BLOCK")},
		{"amiType", eksAPI, oneOf(amiTypes)},
		{"taints.effect", eksAPI, oneOf("NO_SCHEDULE NO_EXECUTE PREFER_NO_SCHEDULE")},
		{"scalingConfig.minSize", eksAPI, between(0, maxNodes)},
		{"scalingConfig.maxSize", eksAPI, between(1, maxNodes)},
		{"updateConfig.maxUnavailable", eksAPI, between(1, 100)},
		{"updateConfig.maxUnavailablePercentage", eksAPI, between(1, 100)},
		{"instanceTypes", eksAPI, shaped(`^[a-z][a-z0-9-]*\.[a-z0-9-]+$`, "is no instance type")},
		{"diskSize", eksAPI, between(1, 65536)},
	},
	id: "{clusterName}:{nodeGroupName}",
	computed: map[string]string{
		"arn": "arn:{partition}:eks:{region}:{account}:nodegroup/{clusterName}/{nodeGroupName}/{hex32}",
	},
	derive: deriveNodeGroup,
	exists: "ResourceInUseException: NodeGroup already exists: %s",
	refs: []ref{
		{path: "clusterName", to: clusterType, missing: noCluster, source: eksAPI},
		{
			path: "subnetIds", to: subnetType, source: eksAPI,
			missing: "InvalidParameterException: The subnet ID '%s' does not exist",
			holds:   "DependencyViolation: The subnet '%s' has dependencies and cannot be deleted.",
		},
		{
			path: "nodeRoleArn", to: roleType, by: "arn", source: nodeRoleGuide,
			missing: "InvalidParameterException: The role with name %s cannot be found.",
		},
		{
			path: "launchTemplate.id", to: templateType, source: nodeTemplates,
			missing: "InvalidRequestException: Requested launch template does not exist: %s",
		},
		{
			path: "launchTemplate.name", to: templateType, by: "name", source: nodeTemplates,
			missing: "InvalidRequestException: Requested launch template does not exist: %s",
		},
	},
	rules: []rule{
		{onWrite, "InvalidParameterException", nodeGuide, sizesFit},
		{onWrite, "InvalidParameterException", eksAPI, oneUpdateLimit},
		{onCreate, "InvalidParameterException", nodeRoleGuide, nodeRoleTrust},
		{onCreate, "InvalidParameterException", nodeNetwork, nodeSubnets},
		{onWrite, "InvalidParameterException", nodeTemplates, templateFits},
		{onWrite, "InvalidParameterException", nodeGuide, typesFitImage},
		{onWrite, "InvalidParameterException", eksVersions, nodeVersion},
		{onCreate, "LimitExceededException", eksQuotas, nodeGroupQuota},
		{onCreate, "NodeCreationFailure", nodeRoleGuide, nodesMayJoin},
		{onCreate, "NodeCreationFailure", nodeProblems, nodesReachCluster},
		{onCreate, "NodeCreationFailure", nodeProblems, nodesHaveNetwork},
	},
}}

// deriveNodeGroup sets what EKS computes, and makes the access entry that lets the nodes join.
func deriveNodeGroup(c *call) {
	cluster, _ := c.find(clusterType, "", c.in.str("clusterName"))
	custom := c.template().str("imageId") != ""
	if custom {
		c.fill("amiType", "CUSTOM")
	} else {
		c.fill("amiType", "AL2023_x86_64_STANDARD")
		c.fill("version", cluster.str("version"))
		c.set("releaseVersion", c.releaseVersion())
	}
	if !c.in.has("launchTemplate") {
		c.fill("diskSize", 20)
	}
	if c.template().str("instanceType") == "" {
		c.fill("instanceTypes", []any{"t3.medium"})
	}
	if !c.in.has("updateConfig") {
		c.set("updateConfig", map[string]any{"maxUnavailable": 1})
	}
	if c.was != nil {
		return
	}
	asg := map[string]any{"name": "eks-" + c.in.str("nodeGroupName") + "-" + c.hex("asg", 32)}
	c.set("resources", []any{map[string]any{"autoscalingGroups": []any{asg}, "remoteAccessSecurityGroupId": ""}})
	c.makeNodeEntry(cluster)
}

// releaseVersion keeps what the program or EKS chose, until the version of Kubernetes changes.
func (c *call) releaseVersion() string {
	if given := c.in.str("releaseVersion"); given != "" && (c.was == nil || c.in.str("version") == c.was.str("version")) {
		return given
	}
	return c.in.str("version") + ".0-20260801"
}

// makeNodeEntry makes the entry of the nodes' role, unless the cluster has it or does not know entries.
func (c *call) makeNodeEntry(cluster thing) {
	role := c.in.str("nodeRoleArn")
	id := cluster.id + ":" + role
	if _, there := c.find(accessEntryType, "", id); there || cluster.str("accessConfig.authenticationMode") == "CONFIG_MAP" {
		return
	}
	c.make(accessEntryType, id, c.key(), map[string]any{
		"clusterName": cluster.id, "principalArn": role, "type": "EC2_LINUX",
		"userName": "system:node:{{EC2PrivateDNSName}}",
	})
}

// template returns the node group's launch template, or nothing.
func (c *call) template() thing {
	if t, ok := c.find(templateType, "", c.in.str("launchTemplate.id")); ok {
		return t
	}
	t, _ := c.find(templateType, "name", c.in.str("launchTemplate.name"))
	return t
}
