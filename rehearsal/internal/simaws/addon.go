package simaws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
)

const (
	addonType  = "aws:eks/addon:Addon"
	addonGuide = "EKS user guide, add-ons"
)

// daemons and deployments name the add-ons of EKS (EKS user guide, AWS add-ons and community add-ons). The latter
// run pods that need nodes: without any, the add-on is never active.
var (
	daemons = strings.Fields(`
		vpc-cni kube-proxy eks-pod-identity-agent eks-node-monitoring-agent aws-network-flow-monitoring-agent
		prometheus-node-exporter aws-guardduty-agent fluent-bit aws-mountpoint-s3-csi-driver
	`)
	deployments = strings.Fields(`
		coredns aws-ebs-csi-driver aws-efs-csi-driver aws-fsx-csi-driver snapshot-controller
		amazon-cloudwatch-observability adot aws-privateca-connector-for-kubernetes
		amazon-sagemaker-hyperpod-taskgovernance metrics-server kube-state-metrics cert-manager external-dns
		sriov-network-metrics-exporter
	`)
)

var addonKinds = []kind{{
	token: addonType, args: awseks.AddonArgs{}, state: awseks.Addon{},
	models: "addonName addonVersion clusterName configurationValues podIdentityAssociations.roleArn " +
		"podIdentityAssociations.serviceAccount preserve resolveConflictsOnCreate resolveConflictsOnUpdate " +
		"serviceAccountRoleArn tags",
	forceNew: "addonName clusterName", volatile: "modifiedAt", keepIf: "preserve",
	normal: map[string]func(string) string{"configurationValues": compact},
	limits: []limit{
		{"resolveConflictsOnCreate", eksAPI, oneOf("NONE OVERWRITE")},
		{"resolveConflictsOnUpdate", eksAPI, oneOf("NONE OVERWRITE PRESERVE")},
		{
			"addonVersion", eksAPI,
			shaped(`^v\d+\.\d+\.\d+-eksbuild\.\d+$`, "is no version of an add-on, such as v1.2.3-eksbuild.1"),
		},
	},
	id: "{clusterName}:{addonName}",
	computed: map[string]string{
		"arn":       "arn:{partition}:eks:{region}:{account}:addon/{clusterName}/{addonName}/{hex32}",
		"createdAt": "{now}",
	},
	derive: func(c *call) {
		c.set("modifiedAt", c.now())
		c.fill("addonVersion", "v1.0.0-eksbuild.1")
	},
	exists: "ResourceInUseException: Addon already exists: %s",
	refs: []ref{
		{path: "clusterName", to: clusterType, missing: noCluster, source: eksAPI},
		{
			path: "serviceAccountRoleArn", to: roleType, by: "arn", source: eksAPI,
			missing: "InvalidParameterException: The role %s does not exist",
		},
		{
			path: "podIdentityAssociations.roleArn", to: roleType, by: "arn", source: identityGuide,
			missing: "InvalidParameterException: The role %s does not exist",
		},
	},
	rules: []rule{
		{onCreate, "InvalidParameterException", addonGuide, addonExists},
		{onWrite, "InvalidParameterException", addonGuide, configurationReads},
		{onWrite, "InvalidParameterException", identityGuide, addonTrust},
		{onCreate, "InsufficientNumberOfReplicas", addonGuide + ", status DEGRADED", addonHasNodes},
	},
}}

func addonExists(c *call) string {
	name := c.in.str("addonName")
	if !slices.Contains(daemons, name) && !slices.Contains(deployments, name) {
		return fmt.Sprintf("Addon %s specified is not supported, or the rehearsal does not know it", name)
	}
	return ""
}

// configurationReads accepts JSON objects only, although EKS reads YAML too: the library writes JSON.
func configurationReads(c *call) string {
	text := c.in.str("configurationValues")
	var values map[string]any
	if err := json.Unmarshal([]byte(text), &values); text != "" && err != nil {
		return "ConfigurationValue is not in valid JSON object format"
	}
	return ""
}

func addonTrust(c *call) string {
	for _, role := range c.in.strs("podIdentityAssociations.roleArn") {
		if !c.trusts(role, "pods.eks.amazonaws.com", "sts:TagSession") {
			return fmt.Sprintf("Trust policy of %s must allow sts:AssumeRole and sts:TagSession to pods.eks.amazonaws.com",
				role)
		}
	}
	return ""
}

func addonHasNodes(c *call) string {
	if !slices.Contains(deployments, c.in.str("addonName")) {
		return ""
	}
	for _, g := range c.where(nodeGroupType, "clusterName", c.in.str("clusterName")) {
		if g.num("scalingConfig.desiredSize") > 0 {
			return ""
		}
	}
	return fmt.Sprintf("The add-on %s would stay DEGRADED: the cluster has no nodes for its pods.", c.in.str("addonName"))
}
