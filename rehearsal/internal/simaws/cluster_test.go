package simaws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

// cluster makes a second cluster, with changes to the inputs of a good one.
func cluster(changes func(p *parts) m) func(*parts) error {
	return func(p *parts) error {
		_, err := p.Try(clusterType, "second", with(p.clusterInputs(m{"name": "second"}), changes(p)))
		return err
	}
}

func fixed(changes m) func(*parts) m { return func(*parts) m { return changes } }

// changed updates the cluster.
func changed(changes func(p *parts) m) func(*parts) error {
	return func(p *parts) error {
		_, err := p.Update(p.cluster, with(p.clusterInputs(nil), changes(p)))
		return err
	}
}

// entryFor is an access entry's inputs.
func entryFor(changes m) m { return with(m{"clusterName": "main", "principalArn": admin}, changes) }

// adminPolicy is an association's inputs.
func adminPolicy(changes m) m {
	return with(m{
		"clusterName": "main", "principalArn": admin, "policyArn": eksAdmin, "accessScope": m{"type": "cluster"},
	}, changes)
}

// withEntry makes an access entry first.
func withEntry(entry m, then m) func(*parts) error {
	return func(p *parts) error {
		if _, err := p.Try(entryType, "admin", entry); err != nil {
			return err
		}
		_, err := p.Try(accessType, "admin", then)
		return err
	}
}

func addon(changes m) func(*parts) error {
	return try(addonType, func(*parts) m {
		return with(m{"clusterName": "main", "addonName": "kube-proxy"}, changes)
	})
}

var podTrust = trust("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession")

var clusterRefusals = map[string]refused{
	"a subnet that does not exist": {clusterType, "InvalidParameterException: subnet-0", cluster(func(p *parts) m {
		return p.vpcConfig(m{"subnetIds": list{p.subnetA.ID, "subnet-0"}})
	})},
	"a security group that does not exist": {clusterType, "InvalidParameterException: sg-0", cluster(func(p *parts) m {
		return p.vpcConfig(m{"securityGroupIds": list{"sg-0"}})
	})},
	"a role that does not exist": {clusterType, "InvalidParameterException: could not be assumed", cluster(fixed(m{"roleArn": admin}))},
	"a key that does not exist": {clusterType, "InvalidParameterException: keyArn", cluster(fixed(m{
		"encryptionConfig": m{"provider": m{"keyArn": "arn:aws:kms:x"}, "resources": list{"secrets"}},
	}))},
	"a role that trusts something else": {clusterType, "InvalidParameterException: trusted entity", cluster(func(p *parts) m {
		return m{"roleArn": arn(p.nodeRole)}
	})},
	"subnets in one zone": {clusterType, "InvalidParameterException: at least two different AZs", cluster(func(p *parts) m {
		return p.vpcConfig(m{"subnetIds": list{p.subnetA.ID}})
	})},
	"a second cluster of one name": {clusterType, "ResourceInUseException: already exists", cluster(fixed(m{"name": "main"}))},
	"an update into other zones": {clusterType, "InvalidParameterException: wrong AZs", func(p *parts) error {
		b, err := p.Try(subnetType, "b", m{"vpcId": p.vpc.ID, "cidrBlock": "10.0.8.0/24", "availabilityZone": "ap-northeast-2b"})
		if err != nil {
			return err
		}
		_, err = p.Update(p.cluster, with(p.clusterInputs(nil), p.vpcConfig(m{"subnetIds": list{p.subnetA.ID, b.ID}})))
		return err
	}},
	"41 public blocks": {clusterType, "InvalidParameterException: at most 40", cluster(func(p *parts) m {
		var blocks list
		for i := range 41 {
			blocks = append(blocks, fmt.Sprintf("203.0.%d.0/24", i))
		}
		return p.vpcConfig(m{"publicAccessCidrs": blocks})
	})},
	"no endpoint at all": {clusterType, "InvalidParameterException: cannot be false", cluster(func(p *parts) m {
		return p.vpcConfig(m{"endpointPublicAccess": false, "endpointPrivateAccess": false, "publicAccessCidrs": nil})
	})},
	"public blocks for a private endpoint": {clusterType, "InvalidParameterException: without public access", cluster(func(p *parts) m {
		return p.vpcConfig(m{"endpointPublicAccess": false})
	})},
	"services over the VPC": {clusterType, "InvalidParameterException: overlaps", cluster(fixed(m{
		"kubernetesNetworkConfig": m{"serviceIpv4Cidr": "10.0.0.0/20"},
	}))},
	"a version that EKS no longer has": {clusterType, "InvalidParameterException: 1.30", cluster(fixed(m{"version": "1.30"}))},
	"two versions at once":             {clusterType, "InvalidParameterException: from 1.34 to 1.36", changed(fixed(m{"version": "1.36"}))},
	"a version back":                   {clusterType, "InvalidParameterException: from 1.34 to 1.33", changed(fixed(m{"version": "1.33"}))},
	"standard support of an old version": {clusterType, "InvalidParameterException: extended support", cluster(fixed(m{
		"version": "1.32", "upgradePolicy": m{"supportType": "STANDARD"},
	}))},
	"back to the config map": {clusterType, "InvalidRequestException: from API to", changed(fixed(m{
		"accessConfig": m{"authenticationMode": "API_AND_CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": false},
	}))},
	"a cluster is deleted under its nodes": {clusterType, "ResourceInUseException: nodegroups attached", drop(func(p *parts) simtest.Resource { return p.cluster })},
	"a zone without room":                  {clusterType, "UnsupportedAvailabilityZoneException: use1-az3", closedZone},

	"an entry of no cluster": {entryType, "ResourceNotFoundException: nothing", try(entryType, func(*parts) m {
		return entryFor(m{"clusterName": "nothing"})
	})},
	"an entry in a cluster without entries": {entryType, "InvalidRequestException: API_AND_CONFIG_MAP", func(p *parts) error {
		mode := m{"name": "old", "accessConfig": m{"authenticationMode": "CONFIG_MAP"}}
		if _, err := p.Try(clusterType, "old", p.clusterInputs(mode)); err != nil {
			return err
		}
		_, err := p.Try(entryType, "old", entryFor(m{"clusterName": "old"}))
		return err
	}},
	"an entry of a service-linked role": {entryType, "InvalidParameterException: service-linked", try(entryType, func(*parts) m {
		return entryFor(m{"principalArn": "arn:aws:iam::123456789012:role/aws-service-role/x"})
	})},
	"the creator's entry, which EKS made": {entryType, "ResourceInUseException: already in use", func(p *parts) error {
		boot := m{"name": "boot", "accessConfig": m{"authenticationMode": "API"}}
		if _, err := p.Try(clusterType, "boot", p.clusterInputs(boot)); err != nil {
			return err
		}
		_, err := p.Try(entryType, "boot", m{"clusterName": "boot", "principalArn": deployer})
		return err
	}},
	"a policy in no cluster": {accessType, "ResourceNotFoundException: No cluster", try(accessType, func(*parts) m {
		return adminPolicy(m{"clusterName": "nothing"})
	})},
	"a policy without entry": {accessType, "ResourceNotFoundException: principalArn could not", try(accessType, func(*parts) m { return adminPolicy(nil) })},
	"a policy that EKS does not have": {accessType, "InvalidParameterException: AmazonEKSGodPolicy", withEntry(entryFor(nil), adminPolicy(m{
		"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSGodPolicy",
	}))},
	"a scope without its namespaces": {accessType, "InvalidParameterException: Namespaces", withEntry(entryFor(nil), adminPolicy(m{
		"accessScope": m{"type": "namespace"},
	}))},
	"the same policy twice": {accessType, "ResourceInUseException: associated already", func(p *parts) error {
		if err := withEntry(entryFor(nil), adminPolicy(nil))(p); err != nil {
			return err
		}
		_, err := p.Try(accessType, "again", adminPolicy(nil))
		return err
	}},

	"an identity in no cluster": {identityType, "ResourceNotFoundException: nothing", identity(podTrust, m{"clusterName": "nothing"})},
	"an identity of no role":    {identityType, "InvalidParameterException: does not exist", identity(podTrust, m{"roleArn": admin})},
	"an identity of a role that pods may not take on": {identityType, "InvalidParameterException: sts:TagSession", identity(
		trust("pods.eks.amazonaws.com"), nil)},
	"a second identity of one account": {identityType, "ResourceInUseException: already exists", func(p *parts) error {
		if err := identity(podTrust, nil)(p); err != nil {
			return err
		}
		_, err := p.Try(identityType, "again", m{
			"clusterName": "main", "namespace": "app", "serviceAccount": "app", "roleArn": arn(p.role),
		})
		return err
	}},

	"an add-on of no cluster":                   {addonType, "ResourceNotFoundException: nothing", addon(m{"clusterName": "nothing"})},
	"an add-on with a role that does not exist": {addonType, "InvalidParameterException: does not exist", addon(m{"serviceAccountRoleArn": admin})},
	"an add-on with an identity that does not exist": {addonType, "InvalidParameterException: does not exist", addon(m{
		"podIdentityAssociations": list{m{"roleArn": admin, "serviceAccount": "x"}},
	})},
	"an add-on that EKS does not have": {addonType, "InvalidParameterException: ingress-nginx", addon(m{"addonName": "ingress-nginx"})},
	"a configuration that is not JSON": {addonType, "InvalidParameterException: valid JSON", addon(m{"configurationValues": "a: b"})},
	"an identity that pods may not have": {addonType, "InvalidParameterException: TagSession", func(p *parts) error {
		return addon(m{"podIdentityAssociations": list{m{"roleArn": arn(p.role), "serviceAccount": "x"}}})(p)
	}},
	"an add-on twice": {addonType, "ResourceInUseException: already exists", func(p *parts) error {
		return several(p, 2, addonType, func(int) m { return m{"clusterName": "main", "addonName": "kube-proxy"} })
	}},
	"an add-on with pods but no nodes": {addonType, "InsufficientNumberOfReplicas: DEGRADED", func(p *parts) error {
		if err := cluster(fixed(nil))(p); err != nil {
			return err
		}
		return addon(m{"clusterName": "second", "addonName": "coredns"})(p)
	}},
}

func identity(policy, changes m) func(*parts) error {
	return func(p *parts) error {
		role, err := p.Try(roleType, "pod", m{"assumeRolePolicy": policy})
		if err != nil {
			return err
		}
		_, err = p.Try(identityType, "tried", with(m{
			"clusterName": "main", "namespace": "app", "serviceAccount": "app", "roleArn": arn(role),
		}, changes))
		return err
	}
}

// closedZone makes a cluster in us-east-1, over a connection of its own.
func closedZone(p *parts) error {
	if err := p.Configure(m{"region": "us-east-1"}); err != nil {
		return err
	}
	vpc, err := p.Try(vpcType, "east", m{"cidrBlock": "10.0.0.0/16"})
	if err != nil {
		return err
	}
	var ids list
	for i, zone := range []string{"us-east-1a", "us-east-1e"} {
		s, err := p.Try(subnetType, zone, m{"vpcId": vpc.ID, "cidrBlock": fmt.Sprintf("10.0.%d.0/24", i), "availabilityZone": zone})
		if err != nil {
			return err
		}
		ids = append(ids, s.ID)
	}
	_, err = p.Try(clusterType, "east", p.clusterInputs(m{"name": "east", "vpcConfig": m{"subnetIds": ids}}))
	return err
}

func TestCluster_refuses(t *testing.T) {
	t.Parallel()
	runRefusals(t, platform, clusterRefusals)
}

// node makes a second node group, with changes to the inputs of a good one.
func node(changes func(p *parts) m) func(*parts) error {
	return func(p *parts) error {
		_, err := p.Try(nodesType, "second", p.nodeInputs(changes(p)))
		return err
	}
}

// nodeWith makes a node group with a launch template.
func nodeWith(template, changes m) func(*parts) error {
	return func(p *parts) error {
		lt, err := p.Try(templateType, "workers", template)
		if err != nil {
			return err
		}
		_, err = p.Try(nodesType, "second", with(p.nodeInputs(m{"launchTemplate": m{"id": lt.ID, "version": "1"}}), changes))
		return err
	}
}

var nodeRefusals = map[string]refused{
	"a node group of no cluster":     {nodesType, "ResourceNotFoundException: nothing", node(fixed(m{"clusterName": "nothing"}))},
	"a subnet that does not exist":   {nodesType, "InvalidParameterException: subnet-0", node(fixed(m{"subnetIds": list{"subnet-0"}}))},
	"a role that does not exist":     {nodesType, "InvalidParameterException: cannot be found", node(fixed(m{"nodeRoleArn": admin}))},
	"a template that does not exist": {nodesType, "InvalidRequestException: lt-0", node(fixed(m{"launchTemplate": m{"id": "lt-0", "version": "1"}}))},
	"a template of a name that does not exist": {nodesType, "InvalidRequestException: nothing", node(fixed(m{
		"launchTemplate": m{"name": "nothing", "version": "1"},
	}))},
	"more desired than allowed": {nodesType, "InvalidParameterException: greater than max size", node(fixed(m{
		"scalingConfig": m{"minSize": 1, "desiredSize": 5, "maxSize": 4},
	}))},
	"two limits of an update": {nodesType, "InvalidParameterException: cannot both", node(fixed(m{
		"updateConfig": m{"maxUnavailable": 1, "maxUnavailablePercentage": 10},
	}))},
	"a role that instances may not take on": {nodesType, "InvalidParameterException: ec2.amazonaws.com", node(func(p *parts) m {
		return m{"nodeRoleArn": arn(p.role)}
	})},
	"nodes in another VPC": {nodesType, "InvalidParameterException: not in the VPC", func(p *parts) error {
		vpc, err := p.Try(vpcType, "other", m{"cidrBlock": "10.9.0.0/16"})
		if err != nil {
			return err
		}
		s, err := p.Try(subnetType, "other", m{"vpcId": vpc.ID, "cidrBlock": "10.9.0.0/24"})
		if err != nil {
			return err
		}
		return node(fixed(m{"subnetIds": list{s.ID}}))(p)
	}},
	"a disk beside a template": {nodesType, "InvalidParameterException: Disk size", nodeWith(m{}, m{"diskSize": 50})},
	"a version of a template that does not exist": {nodesType, "InvalidParameterException: specified version", nodeWith(m{"name": "workers"}, m{
		"launchTemplate": m{"name": "workers", "version": "2"},
	})},
	"ARM instances with an x86 image": {nodesType, "InvalidParameterException: t4g.large", node(fixed(m{"instanceTypes": list{"t4g.large"}}))},
	"nodes newer than the cluster":    {nodesType, "InvalidParameterException: greater than", node(fixed(m{"version": "1.35"}))},
	"an image of Amazon Linux 2":      {nodesType, "InvalidParameterException: AL2_x86_64", node(fixed(m{"amiType": "AL2_x86_64"}))},
	"an instance type in two places":  {nodesType, "InvalidParameterException: not in both", nodeWith(m{"instanceType": "t3.large"}, nil)},
	"a version beside an own image": {nodesType, "InvalidParameterException: has an image", nodeWith(
		m{"imageId": "ami-0123456789abcdef0"}, m{"version": "1.34"})},
	"a second node group of one name": {nodesType, "ResourceInUseException: already exists", func(p *parts) error {
		return several(p, 2, nodesType, func(int) m { return p.nodeInputs(m{"nodeGroupName": "one"}) })
	}},
	"a thirty-first node group": {nodesType, "LimitExceededException: 30", func(p *parts) error {
		return several(p, 30, nodesType, func(int) m { return p.nodeInputs(nil) })
	}},
	"nodes whose role may not join": {nodesType, "NodeCreationFailure: AmazonEKSWorkerNodePolicy", func(p *parts) error {
		role, err := p.Try(roleType, "bare", m{"assumeRolePolicy": trust("ec2.amazonaws.com")})
		if err != nil {
			return err
		}
		return node(fixed(m{"nodeRoleArn": arn(role)}))(p)
	}},
	"nodes without a way out": {nodesType, "NodeCreationFailure: neither a route out", func(p *parts) error {
		b, err := p.Try(subnetType, "b", m{"vpcId": p.vpc.ID, "cidrBlock": "10.0.8.0/24", "availabilityZone": "ap-northeast-2b"})
		if err != nil {
			return err
		}
		return node(fixed(m{"subnetIds": list{p.subnetA.ID, b.ID}}))(p)
	}},
	"nodes without the CNI": {nodesType, "NodeCreationFailure: vpc-cni", func(p *parts) error {
		if err := cluster(fixed(m{"bootstrapSelfManagedAddons": false}))(p); err != nil {
			return err
		}
		return node(fixed(m{"clusterName": "second"}))(p)
	}},
}

func TestNodes_refuses(t *testing.T) {
	t.Parallel()
	runRefusals(t, platform, nodeRefusals)
}

func TestCluster_leavesItsLogGroupBehindUnlessMadeBefore(t *testing.T) {
	t.Parallel()
	p := platform(t)
	second := p.Make(t, clusterType, "second", p.clusterInputs(m{"name": "second"}))
	require.NoError(t, p.Delete(second))
	var left []string
	for _, r := range p.account.Resources() {
		if r.URN == "" && r.Made {
			left = append(left, r.ID)
		}
	}
	assert.Equal(t, []string{"/aws/eks/second/cluster"}, left)
}

func TestCluster_makesWhatProgramsNeed(t *testing.T) {
	t.Parallel()
	p := platform(t)
	out := p.cluster.Outputs
	issuer := out["identities"].ArrayValue()[0].ObjectValue()["oidcs"].ArrayValue()[0].ObjectValue()["issuer"].StringValue()
	assert.True(t, strings.HasPrefix(issuer, "https://oidc.eks.ap-northeast-2.amazonaws.com/id/"))
	assert.NotEmpty(t, out["certificateAuthority"].ObjectValue()["data"].StringValue())
	assert.Contains(t, out["vpcConfig"].ObjectValue()["clusterSecurityGroupId"].StringValue(), "sg-")
	asg := p.nodes.Outputs["resources"].ArrayValue()[0].ObjectValue()["autoscalingGroups"].ArrayValue()[0].ObjectValue()
	assert.Contains(t, asg["name"].StringValue(), "eks-general-")
	_, err := p.Try(entryType, "nodes", m{"clusterName": "main", "principalArn": arn(p.nodeRole), "type": "EC2_LINUX"})
	assert.ErrorContains(t, err, "ResourceInUseException", "the node group made the entry of its role")
}
