package simaws

import (
	"encoding/base64"
	"fmt"
	"strings"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

const clusterType = "aws:eks/cluster:Cluster"

// Documents that state the rules of EKS.
const (
	eksAPI      = "EKS API reference, errors of the call"
	eksNetwork  = "EKS user guide, network requirements for VPC and subnets"
	eksVersions = "EKS user guide, Kubernetes versions; upgrade policy"
	eksEndpoint = "EKS user guide, cluster endpoint access"
	eksAccess   = "EKS user guide, access entries"
	eksRole     = "EKS user guide, cluster IAM role"
	eksQuotas   = "EKS user guide, service quotas"
	eksLogging  = "EKS user guide, control plane logs"
	eksKeys     = "EKS user guide, envelope encryption"
)

const (
	noCluster = "ResourceNotFoundException: No cluster found for name: %s."
	maxCIDRs  = 40
	maxGroups = 4
)

// authority is what an authority's certificate looks like from outside: text in base64.
const authority = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCnJlaGVhcnNhbAotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg=="

var clusterKinds = []kind{{
	token: clusterType, args: awseks.ClusterArgs{}, state: awseks.Cluster{},
	models: "accessConfig.authenticationMode accessConfig.bootstrapClusterCreatorAdminPermissions " +
		"bootstrapSelfManagedAddons enabledClusterLogTypes encryptionConfig.provider.keyArn encryptionConfig.resources " +
		"forceUpdateVersion kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr name roleArn tags " +
		"upgradePolicy.supportType version vpcConfig.endpointPrivateAccess vpcConfig.endpointPublicAccess " +
		"vpcConfig.publicAccessCidrs vpcConfig.securityGroupIds vpcConfig.subnetIds zonalShiftConfig.enabled",
	required: "vpcConfig.subnetIds encryptionConfig.resources",
	forceNew: "accessConfig.bootstrapClusterCreatorAdminPermissions bootstrapSelfManagedAddons " +
		"kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr name roleArn",
	forceNewIfRemoved: "encryptionConfig",
	volatile:          "platformVersion",
	sets:              "enabledClusterLogTypes vpcConfig.publicAccessCidrs vpcConfig.securityGroupIds vpcConfig.subnetIds",
	name:              simprovider.AutoName{Property: "name", Hex: 7, Max: 100},
	defaults:          map[string]any{"bootstrapSelfManagedAddons": true},
	fills:             map[string]any{"status": "ACTIVE"},
	limits: []limit{
		{"name", eksAPI, shaped(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`, "is no name of a cluster")},
		{"accessConfig.authenticationMode", eksAccess, oneOf("API API_AND_CONFIG_MAP CONFIG_MAP")},
		{"enabledClusterLogTypes", eksLogging, oneOf("api audit authenticator controllerManager scheduler")},
		{"upgradePolicy.supportType", eksVersions, oneOf("STANDARD EXTENDED")},
		{"kubernetesNetworkConfig.ipFamily", eksNetwork, oneOf("ipv4 ipv6")},
		{"kubernetesNetworkConfig.serviceIpv4Cidr", eksNetwork, block(12, 24)},
		{"encryptionConfig.resources", eksKeys, oneOf("secrets")},
		{"vpcConfig.publicAccessCidrs", eksEndpoint, block(0, 32)},
	},
	id:       "{name}",
	computed: map[string]string{"arn": "arn:{partition}:eks:{region}:{account}:cluster/{name}", "createdAt": "{now}"},
	derive:   deriveCluster,
	start:    startControlPlane,
	stop:     stopControlPlane,
	exists:   "ResourceInUseException: Cluster already exists with name: %s",
	refs: []ref{
		{
			path: "vpcConfig.subnetIds", to: subnetType, source: eksAPI,
			missing: "InvalidParameterException: The subnet ID '%s' does not exist",
			holds:   "DependencyViolation: The subnet '%s' has dependencies and cannot be deleted.",
		},
		{
			path: "vpcConfig.securityGroupIds", to: securityGroupType, source: eksAPI,
			missing: "InvalidParameterException: The security group '%s' does not exist", holds: groupInUse,
		},
		{
			path: "roleArn", to: roleType, by: "arn", source: eksRole,
			missing: "InvalidParameterException: Role with arn: %s, could not be assumed because it does not exist or " +
				"the trusted entity is not correct",
		},
		{
			path: "encryptionConfig.provider.keyArn", to: keyType, by: "arn", source: eksKeys,
			missing: "InvalidParameterException: The keyArn %s does not exist",
		},
	},
	rules: []rule{
		{onCreate, "InvalidParameterException", eksRole, clusterRoleTrust},
		{onWrite, "InvalidParameterException", eksNetwork, clusterSubnets},
		{onWrite, "UnsupportedAvailabilityZoneException", eksNetwork, clusterZones},
		{onUpdate, "InvalidParameterException", eksNetwork, sameZones},
		{onWrite, "InvalidParameterException", eksQuotas, clusterQuotas},
		{onWrite, "InvalidParameterException", eksEndpoint, endpointReachable},
		{onWrite, "InvalidParameterException", eksEndpoint, cidrsNeedPublic},
		{onCreate, "InvalidParameterException", eksNetwork, serviceBlock},
		{onCreate, "InvalidParameterException", eksVersions, versionOffered},
		{onUpdate, "InvalidParameterException", eksVersions, versionStep},
		{onWrite, "InvalidParameterException", eksVersions, policyFitsVersion},
		{onUpdate, "InvalidRequestException", eksAccess, modeStep},
		{onDelete, "ResourceInUseException", eksAPI, nodeGroupsGone},
	},
}}

// deriveCluster sets what EKS computes, and makes what it makes besides.
func deriveCluster(c *call) {
	c.fill("version", c.defaultVersion())
	c.set("platformVersion", "eks.1")
	c.within("vpcConfig", "endpointPublicAccess", true)
	c.within("vpcConfig", "endpointPrivateAccess", false)
	if c.in.flag("vpcConfig.endpointPublicAccess") {
		c.within("vpcConfig", "publicAccessCidrs", []any{"0.0.0.0/0"})
	}
	c.within("kubernetesNetworkConfig", "ipFamily", "ipv4")
	c.within("kubernetesNetworkConfig", "serviceIpv4Cidr", c.serviceCIDR())
	c.within("upgradePolicy", "supportType", "EXTENDED")
	c.within("accessConfig", "authenticationMode", "CONFIG_MAP")
	if c.was != nil {
		return
	}
	c.within("vpcConfig", "vpcId", c.clusterVPC())
	c.within("vpcConfig", "clusterSecurityGroupId", "sg-"+c.hex("cluster", 17))
	id := strings.ToUpper(c.hex("cluster", 32))
	c.set("endpoint", "https://"+id+".gr7."+c.region.name+".eks."+c.region.suffix)
	ca := map[string]any{"data": authority}
	c.set("certificateAuthority", ca)
	c.set("certificateAuthorities", []any{ca})
	issuer := "https://oidc.eks." + c.region.name + "." + c.region.suffix + "/id/" + id
	c.set("identities", []any{map[string]any{"oidcs": []any{map[string]any{"issuer": issuer}}}})
	c.makeClusterParts()
}

// startControlPlane replaces the made-up address by that of a control plane that answers.
func startControlPlane(c *call) error {
	if c.options.ControlPlanes == nil {
		return nil
	}
	endpoint, authority, err := c.options.ControlPlanes.Start(c.id)
	if err != nil {
		return fmt.Errorf("starting the control plane of %s: %w", c.id, err)
	}
	ca := map[string]any{"data": base64.StdEncoding.EncodeToString(authority)}
	c.set("endpoint", endpoint)
	c.set("certificateAuthority", ca)
	c.set("certificateAuthorities", []any{ca})
	return nil
}

func stopControlPlane(c *call) error {
	if c.options.ControlPlanes == nil {
		return nil
	}
	return c.options.ControlPlanes.Stop(c.id)
}

// makeClusterParts makes the security group that EKS puts on its own and the nodes' network interfaces, the access
// entry of whoever created the cluster, and a log group unless there is one.
func (c *call) makeClusterParts() {
	sg := c.in.str("vpcConfig.clusterSecurityGroupId")
	c.make(securityGroupType, sg, c.key(), map[string]any{
		"name": "eks-cluster-sg-" + c.id + "-" + c.hex("sg", 9), "vpcId": c.clusterVPC(),
		"arn": c.expand("arn:{partition}:ec2:{region}:{account}:security-group/" + sg),
	})
	if c.bootstrapsCreator() {
		caller := c.options.CallerARN
		c.make(accessEntryType, c.id+":"+caller, c.key(), map[string]any{
			"clusterName": c.id, "principalArn": caller, "type": "STANDARD",
		})
		policy := "arn:" + c.region.partition + ":eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
		c.make(accessPolicyType, c.id+"#"+caller+"#"+policy, c.key(), map[string]any{
			"clusterName": c.id, "principalArn": caller, "policyArn": policy,
		})
	}
	// EKS makes the group without retention, and leaves it behind.
	group := "/aws/eks/" + c.id + "/cluster"
	if _, there := c.find(logGroupType, "", group); !there && c.in.has("enabledClusterLogTypes") {
		c.make(logGroupType, group, "", map[string]any{
			"name": group, "retentionInDays": 0, "arn": c.expand("arn:{partition}:logs:{region}:{account}:log-group:" + group),
		})
	}
}
