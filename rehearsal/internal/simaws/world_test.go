package simaws_test

import (
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

// Type tokens that the tests use most.
const (
	vpcType      = "aws:ec2/vpc:Vpc"
	subnetType   = "aws:ec2/subnet:Subnet"
	igwType      = "aws:ec2/internetGateway:InternetGateway"
	eipType      = "aws:ec2/eip:Eip"
	natType      = "aws:ec2/natGateway:NatGateway"
	tableType    = "aws:ec2/routeTable:RouteTable"
	routeType    = "aws:ec2/route:Route"
	assocType    = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	endpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"
	groupType    = "aws:ec2/securityGroup:SecurityGroup"
	defaultType  = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	oldRuleType  = "aws:ec2/securityGroupRule:SecurityGroupRule"
	ingressType  = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressType   = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	flowType     = "aws:ec2/flowLog:FlowLog"
	templateType = "aws:ec2/launchTemplate:LaunchTemplate"
	roleType     = "aws:iam/role:Role"
	inlineType   = "aws:iam/rolePolicy:RolePolicy"
	policyType   = "aws:iam/policy:Policy"
	attachType   = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	oidcType     = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
	logsType     = "aws:cloudwatch/logGroup:LogGroup"
	keyType      = "aws:kms/key:Key"
	aliasType    = "aws:kms/alias:Alias"
	clusterType  = "aws:eks/cluster:Cluster"
	entryType    = "aws:eks/accessEntry:AccessEntry"
	accessType   = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
	addonType    = "aws:eks/addon:Addon"
	nodesType    = "aws:eks/nodeGroup:NodeGroup"
	identityType = "aws:eks/podIdentityAssociation:PodIdentityAssociation"

	scalingPolicyType = "aws:autoscaling/policy:Policy"
	notificationType  = "aws:autoscaling/notification:Notification"
	groupTagType      = "aws:autoscaling/tag:Tag"
	topicType         = "aws:sns/topic:Topic"
	subscriptionType  = "aws:sns/topicSubscription:TopicSubscription"
	repositoryType    = "aws:ecr/repository:Repository"
	lifecycleType     = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
)

const (
	account  = "123456789012"
	deployer = "arn:aws:iam::123456789012:role/deploy"
	admin    = "arn:aws:iam::123456789012:role/Admin"
	eksAdmin = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
)

type (
	m    = simtest.Map
	list = []any
)

// today is a day on which 1.31 to 1.36 are offered, 1.33 and older in extended support.
func today() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// cloud is an account in ap-northeast-2, seen through the provider protocol.
type cloud struct {
	*simtest.Cloud
	account *simaws.Account
	file    string
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	return openCloud(t, filepath.Join(t.TempDir(), "account.json"), m{"region": "ap-northeast-2"})
}

func openCloud(t *testing.T, file string, config m) cloud {
	t.Helper()
	a, err := simaws.New(simaws.Options{File: file, Clock: today})
	require.NoError(t, err)
	return cloud{Cloud: simtest.Start(t, a, config), account: a, file: file}
}

// trust is a policy that lets a service take on a role.
func trust(service string, actions ...string) m {
	if len(actions) == 0 {
		actions = []string{"sts:AssumeRole"}
	}
	return m{"Version": "2012-10-17", "Statement": list{
		m{"Effect": "Allow", "Principal": m{"Service": service}, "Action": anys(actions)},
	}}
}

func anys(words []string) []any {
	var out []any
	for _, w := range words {
		out = append(out, w)
	}
	return out
}

// parts are the resources that most tests start from, in the order in which they were made.
type parts struct {
	cloud
	vpc, subnetA, subnetC, igw, eip, nat, table, route, role, nodeRole, group, logs, cluster, nodes simtest.Resource
	all                                                                                             []simtest.Resource
}

func (p *parts) make(t *testing.T, typ, name string, inputs m) simtest.Resource {
	t.Helper()
	r := p.Make(t, typ, name, inputs)
	p.all = append(p.all, r)
	return r
}

// network makes a VPC with two subnets and a way out.
func network(t *testing.T) *parts {
	t.Helper()
	p := &parts{cloud: newCloud(t)}
	p.vpc = p.make(t, vpcType, "net", m{
		"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true, "tags": m{"Name": "net"},
	})
	p.subnetA = p.make(t, subnetType, "a", m{
		"vpcId": p.vpc.ID, "cidrBlock": "10.0.0.0/24", "availabilityZone": "ap-northeast-2a",
	})
	p.subnetC = p.make(t, subnetType, "c", m{
		"vpcId": p.vpc.ID, "cidrBlock": "10.0.1.0/24", "availabilityZone": "ap-northeast-2c",
	})
	p.igw = p.make(t, igwType, "igw", m{"vpcId": p.vpc.ID})
	p.eip = p.make(t, eipType, "nat", m{"domain": "vpc"})
	p.nat = p.make(t, natType, "nat", m{"subnetId": p.subnetA.ID, "allocationId": p.eip.ID})
	p.table = p.make(t, tableType, "private", m{"vpcId": p.vpc.ID})
	p.route = p.make(t, routeType, "out", m{
		"routeTableId": p.table.ID, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": p.nat.ID,
	})
	p.make(t, assocType, "a", m{"routeTableId": p.table.ID, "subnetId": p.subnetA.ID})
	p.make(t, assocType, "c", m{"routeTableId": p.table.ID, "subnetId": p.subnetC.ID})
	p.group = p.make(t, groupType, "app", m{"vpcId": p.vpc.ID})
	return p
}

// platform adds a cluster with a node group.
func platform(t *testing.T) *parts {
	t.Helper()
	p := network(t)
	p.role = p.make(t, roleType, "cluster", m{"assumeRolePolicy": trust("eks.amazonaws.com")})
	p.nodeRole = p.make(t, roleType, "node", m{"assumeRolePolicy": trust("ec2.amazonaws.com")})
	for _, policy := range []string{"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"} {
		p.make(t, attachType, policy, m{"role": p.nodeRole.ID, "policyArn": "arn:aws:iam::aws:policy/" + policy})
	}
	p.logs = p.make(t, logsType, "logs", m{"name": "/aws/eks/main/cluster", "retentionInDays": 30})
	p.cluster = p.make(t, clusterType, "main", p.clusterInputs(nil))
	p.nodes = p.make(t, nodesType, "general", p.nodeInputs(nil))
	return p
}

// clusterInputs are those of a good cluster, with changes; a nil value takes an input out.
func (p *parts) clusterInputs(changes m) m {
	return with(m{
		"name": "main", "version": "1.34", "roleArn": arn(p.role),
		"vpcConfig": m{
			"subnetIds": list{p.subnetA.ID, p.subnetC.ID}, "securityGroupIds": list{p.group.ID},
			"endpointPublicAccess": true, "endpointPrivateAccess": true, "publicAccessCidrs": list{"203.0.113.0/24"},
		},
		"accessConfig":           m{"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": false},
		"enabledClusterLogTypes": list{"api", "audit"},
	}, changes)
}

// vpcConfig are the network settings of a good cluster, with changes.
func (p *parts) vpcConfig(changes m) m {
	config, _ := p.clusterInputs(nil)["vpcConfig"].(m)
	return m{"vpcConfig": with(config, changes)}
}

// nodeInputs are those of a good node group, with changes.
func (p *parts) nodeInputs(changes m) m {
	return with(m{
		"clusterName": "main", "nodeRoleArn": arn(p.nodeRole), "subnetIds": list{p.subnetA.ID, p.subnetC.ID},
		"instanceTypes": list{"t3.large"}, "scalingConfig": m{"minSize": 1, "desiredSize": 2, "maxSize": 4},
		"labels": m{"node.example.com/group": "general"},
	}, changes)
}

func with(base, changes m) m {
	out := maps.Clone(base)
	maps.Copy(out, changes)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

func arn(r simtest.Resource) string { return r.Outputs["arn"].StringValue() }
