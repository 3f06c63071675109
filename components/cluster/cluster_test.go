package cluster_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/cluster"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

// Types of what a cluster registers.
const (
	remoteType      = "eks:index:Cluster"
	entryType       = "aws:eks/accessEntry:AccessEntry"
	associationType = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
	addonType       = "aws:eks/addon:Addon"
	logGroupType    = "aws:cloudwatch/logGroup:LogGroup"
)

const deployRole = "arn:aws:iam::123456789012:role/deploy"

// asOf is a day on which the default version is supported.
var asOf = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// args returns a valid cluster, changed by change.
func args(change func(*cluster.ClusterArgs)) *cluster.ClusterArgs {
	a := &cluster.ClusterArgs{
		Cluster:   spec.Cluster{Name: "shop", DeployRoleARN: deployRole},
		Region:    "eu-west-1",
		VpcID:     pulumi.String("vpc-1"),
		SubnetIDs: pulumi.ToStringArray([]string{"subnet-a", "subnet-b"}),
		AsOf:      asOf,
	}
	if change != nil {
		change(a)
	}
	return a
}

func program(a *cluster.ClusterArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := cluster.NewCluster(ctx, "shop", a)
		return err
	}
}

func TestNewCluster(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))

	plane := got.Only(t, remoteType)
	assert.Equal(t, "shop", plane.Value(t, "name"))
	assert.Equal(t, "1.35", plane.Value(t, "version"))
	assert.Equal(t, "API", plane.Value(t, "authenticationMode"))
	assert.Equal(t, true, plane.Value(t, "endpointPrivateAccess"))
	assert.Equal(t, false, plane.Value(t, "endpointPublicAccess"), "private unless ranges are given")
	assert.Nil(t, plane.Value(t, "publicAccessCidrs"))
	assert.Equal(t, true, plane.Value(t, "skipDefaultNodeGroup"))
	assert.Equal(t, true, plane.Value(t, "useDefaultVpcCni"))
	assert.Equal(t, []any{}, plane.Value(t, "instanceRoles"), "empty, not absent: no role, no entry")
	assert.Equal(t, []any{"api", "audit", "authenticator", "controllerManager", "scheduler"},
		plane.Value(t, "enabledClusterLogTypes"))
	assert.Nil(t, plane.Value(t, "encryptionConfigKeyArn"))
}

func TestNewCluster_logGroupComesFirst(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	logs := got.Only(t, logGroupType)
	assert.Equal(t, "/aws/eks/shop/cluster", logs.Value(t, "name"))
	assert.InDelta(t, 90, logs.Value(t, "retentionInDays"), 0)
	assert.Contains(t, got.Only(t, remoteType).DependsOn, logs.URN)
}

func TestNewCluster_access(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *cluster.ClusterArgs) {
		a.Cluster.Admins = map[string]string{"platform": "arn:aws:iam::123456789012:role/Platform"}
	})))
	assert.Len(t, got.OfType(entryType), 2)
	assert.Equal(t, deployRole, got.Named(t, entryType, "shop-deployer").Value(t, "principalArn"))
	admin := got.Named(t, associationType, "shop-admin-platform")
	assert.Equal(t, "arn:aws:iam::123456789012:role/Platform", admin.Value(t, "principalArn"))
	assert.Equal(t, "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", admin.Value(t, "policyArn"))
	assert.Equal(t, "cluster", admin.Value(t, "accessScope.type"))
}

func TestNewCluster_otherPartition(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *cluster.ClusterArgs) {
		a.Cluster.DeployRoleARN = "arn:aws-cn:iam::123456789012:role/deploy"
	})))
	assert.Equal(t, "arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
		got.Only(t, associationType).Value(t, "policyArn"))
}

// Two roles share a stack: neither its kubeconfig nor anything else differs between them, and the lesser one has no rights
// but those of its group.
func TestS18_previewHasAnEntryWithoutRights(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::123456789012:role/preview"
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		c, err := cluster.NewCluster(ctx, "shop", args(func(a *cluster.ClusterArgs) { a.Cluster.PreviewRoleARN = role }))
		if err != nil {
			return err
		}
		var object pulumi.CustomResourceState
		return ctx.RegisterResource("aws:test/object:Object", "object", pulumi.Map{"kubeconfig": c.Kubeconfig}, &object)
	})
	entry := got.Named(t, entryType, "shop-preview")
	assert.Equal(t, role, entry.Value(t, "principalArn"))
	assert.Equal(t, []any{"slipway:preview"}, entry.Value(t, "kubernetesGroups"))
	for _, association := range got.OfType(associationType) {
		assert.NotEqual(t, role, association.Value(t, "principalArn"), "an access policy gives rights that nothing takes back")
	}
	text, _ := got.Named(t, "aws:test/object:Object", "object").Value(t, "kubeconfig").(string)
	assert.Contains(t, text, "get-token")
	assert.NotContains(t, text, "role-arn", "whoever uses it is there with rights of their own")
}

func TestNewCluster_publicAccess(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*cluster.ClusterArgs)
		want   []any
	}{
		"ranges":   {func(a *cluster.ClusterArgs) { a.Cluster.PublicAccessCIDRs = []string{"203.0.113.0/24"} }, []any{"203.0.113.0/24"}},
		"anywhere": {func(a *cluster.ClusterArgs) { a.Cluster.PublicAccessFromAnywhere = true }, []any{"0.0.0.0/0"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plane := ptest.Run(t, program(args(tt.change))).Only(t, remoteType)
			assert.Equal(t, true, plane.Value(t, "endpointPublicAccess"))
			assert.Equal(t, tt.want, plane.Value(t, "publicAccessCidrs"))
		})
	}
}

func TestNewCluster_secretsKey(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *cluster.ClusterArgs) { a.Cluster.CreateSecretsKey = true })))
	key := got.Only(t, "aws:kms/key:Key")
	assert.Equal(t, true, key.Value(t, "enableKeyRotation"))
	assert.Equal(t, "arn:aws:kms:eu-west-1:123456789012:shop-secrets",
		got.Only(t, remoteType).Value(t, "encryptionConfigKeyArn"))

	existing := ptest.Run(t, program(args(func(a *cluster.ClusterArgs) {
		a.Cluster.SecretsKeyARN = "arn:aws:kms:eu-west-1:123456789012:key/1"
	})))
	assert.Empty(t, existing.OfType("aws:kms/key:Key"))
	assert.Equal(t, "arn:aws:kms:eu-west-1:123456789012:key/1",
		existing.Only(t, remoteType).Value(t, "encryptionConfigKeyArn"))
}

func TestNewCluster_addonsThatNodesNeed(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *cluster.ClusterArgs) {
		a.Cluster.AddonVersions = map[string]string{"kube-proxy": "v1.35.0-eksbuild.2"}
	})))
	assert.Len(t, got.OfType(addonType), 3)
	proxy := got.Named(t, addonType, "shop-kube-proxy")
	assert.Equal(t, "v1.35.0-eksbuild.2", proxy.Value(t, "addonVersion"))
	assert.Equal(t, "OVERWRITE", proxy.Value(t, "resolveConflictsOnCreate"))
	assert.Nil(t, got.Named(t, addonType, "shop-eks-pod-identity-agent").Value(t, "addonVersion"))

	cni := got.Named(t, addonType, "shop-vpc-cni")
	text, ok := cni.Value(t, "configurationValues").(string)
	require.True(t, ok)
	assert.JSONEq(t, `{"env":{"ENABLE_PREFIX_DELEGATION":"true","WARM_PREFIX_TARGET":"1"},"enableNetworkPolicy":"true"}`, text)
	role := got.Named(t, "aws:iam/role:Role", "shop-vpc-cni")
	assert.Contains(t, cni.DependsOn, role.URN)
	policy := got.Named(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "shop-vpc-cni-AmazonEKS_CNI_Policy")
	assert.Equal(t, "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy", policy.Value(t, "policyArn"))
	assert.Contains(t, cni.DependsOn, policy.URN, "a CNI without its rights cannot give pods addresses")
	trust, ok := role.Value(t, "assumeRolePolicy").(string)
	require.True(t, ok)
	assert.Contains(t, trust, `"oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub":"system:serviceaccount:kube-system:aws-node"`)
	assert.Contains(t, trust, `"oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud":"sts.amazonaws.com"`)
}

// What needs the cluster waits for what nodes need to join; what needs the kubeconfig, for the deployer's rights.
func TestNewCluster_outputsWait(t *testing.T) {
	t.Parallel()
	var kubeconfig string
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		c, err := cluster.NewCluster(ctx, "shop", args(nil))
		if err != nil {
			return err
		}
		var group, object pulumi.CustomResourceState
		if err := ctx.RegisterResource("aws:test/group:Group", "group", pulumi.Map{"cluster": c.Name}, &group); err != nil {
			return err
		}
		return ctx.RegisterResource("aws:test/object:Object", "object", pulumi.Map{"kubeconfig": c.Kubeconfig}, &object)
	})
	group := got.Named(t, "aws:test/group:Group", "group")
	for _, addon := range got.OfType(addonType) {
		assert.Contains(t, group.DependsOn, addon.URN)
	}
	object := got.Named(t, "aws:test/object:Object", "object")
	assert.Contains(t, object.DependsOn, got.Only(t, associationType).URN)
	assert.True(t, object.IsSecret(t, "kubeconfig"))

	kubeconfig, _ = object.Value(t, "kubeconfig").(string)
	var parsed struct {
		Clusters []struct {
			Cluster map[string]string `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User struct {
				Exec struct {
					Command string   `json:"command"`
					Args    []string `json:"args"`
				} `json:"exec"`
			} `json:"user"`
		} `json:"users"`
	}
	require.NoError(t, json.Unmarshal([]byte(kubeconfig), &parsed))
	assert.Equal(t, map[string]string{"server": ptest.Endpoint, "certificate-authority-data": "Q0E="}, parsed.Clusters[0].Cluster)
	exec := parsed.Users[0].User.Exec
	assert.Equal(t, "aws", exec.Command)
	assert.Subset(t, exec.Args, []string{"--region", "eu-west-1", "--role-arn", deployRole})
}

func TestNewCluster_protectsItsKeyOnly(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *cluster.ClusterArgs) {
		a.Protect = true
		a.Cluster.CreateSecretsKey = true
	})))
	for _, r := range got.All() {
		// The control plane itself is protected by a transform, which this engine does not run.
		assert.Equal(t, r.Type == "aws:kms/key:Key", r.Protect, r.URN)
	}
}

func TestNewCluster_rejects(t *testing.T) {
	t.Parallel()
	set := func(change func(*spec.Cluster)) *cluster.ClusterArgs {
		return args(func(a *cluster.ClusterArgs) { change(&a.Cluster) })
	}
	tests := map[string]struct {
		args *cluster.ClusterArgs
		want string
	}{
		"nil args":               {nil, "deployRoleArn: Required"},
		"no name":                {set(func(c *spec.Cluster) { c.Name = "" }), "name: Required"},
		"a long name":            {set(func(c *spec.Cluster) { c.Name = "a12345678901234567890123456789012345678" }), "name: Too long"},
		"an odd name":            {set(func(c *spec.Cluster) { c.Name = "my_shop" }), "name: Invalid"},
		"no region":              {args(func(a *cluster.ClusterArgs) { a.Region = "" }), "region: Required"},
		"no VPC":                 {args(func(a *cluster.ClusterArgs) { a.VpcID = nil }), "vpcId: Required"},
		"no subnets":             {args(func(a *cluster.ClusterArgs) { a.SubnetIDs = nil }), "subnetIds: Required"},
		"an unknown version":     {set(func(c *spec.Cluster) { c.Version = "1.99" }), "version: Invalid"},
		"a version past its end": {set(func(c *spec.Cluster) { c.Version = "1.33" }), "standard support ended on 2026-07-29"},
		"unknown support":        {set(func(c *spec.Cluster) { c.Support = "LONG" }), "support: Unsupported"},
		"a user as deployer":     {set(func(c *spec.Cluster) { c.DeployRoleARN = "arn:aws:iam::123456789012:user/me" }), "deployRoleArn: Invalid"},
		"the deployer as preview role": {
			set(func(c *spec.Cluster) { c.PreviewRoleARN = deployRole }), "previewRoleArn: Invalid",
		},
		"a user as preview role": {
			set(func(c *spec.Cluster) { c.PreviewRoleARN = "arn:aws:iam::123456789012:user/me" }), "previewRoleArn: Invalid",
		},
		"the preview role as admin": {
			set(func(c *spec.Cluster) {
				c.PreviewRoleARN, c.Admins = deployRole+"2", map[string]string{"me": deployRole + "2"}
			}),
			"admins.me: Duplicate",
		},
		"an admin twice":    {set(func(c *spec.Cluster) { c.Admins = map[string]string{"me": deployRole} }), "admins.me: Duplicate"},
		"an odd admin name": {set(func(c *spec.Cluster) { c.Admins = map[string]string{"A b": deployRole + "2"} }), "admins.A b: Invalid"},
		"deployer as admin name": {
			set(func(c *spec.Cluster) { c.Admins = map[string]string{"deployer": deployRole + "2"} }), "admins.deployer: Invalid",
		},
		"everywhere as a range": {
			set(func(c *spec.Cluster) { c.PublicAccessCIDRs = []string{"0.0.0.0/0"} }), "publicAccessFromAnywhere: true",
		},
		"no range": {set(func(c *spec.Cluster) { c.PublicAccessCIDRs = []string{"203.0.113.9"} }), "publicAccessCidrs[0]: Invalid"},
		"ranges and everywhere": {set(func(c *spec.Cluster) {
			c.PublicAccessCIDRs = []string{"203.0.113.0/24"}
			c.PublicAccessFromAnywhere = true
		}), "publicAccessCidrs: Forbidden"},
		"two keys": {set(func(c *spec.Cluster) {
			c.CreateSecretsKey = true
			c.SecretsKeyARN = "arn:aws:kms:eu-west-1:123456789012:key/1"
		}), "secretsKeyArn: Forbidden"},
		"a key by name":     {set(func(c *spec.Cluster) { c.SecretsKeyARN = "alias/x" }), "secretsKeyArn: Invalid"},
		"an odd retention":  {set(func(c *spec.Cluster) { c.LogRetentionDays = 91 }), "logRetentionDays: Unsupported"},
		"an unknown add-on": {set(func(c *spec.Cluster) { c.AddonVersions = map[string]string{"dns": "v1"} }), "addonVersions.dns: Unsupported"},
		"an odd add-on version": {
			set(func(c *spec.Cluster) { c.AddonVersions = map[string]string{"vpc-cni": "1.20"} }), "addonVersions.vpc-cni: Invalid",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ptest.Err(t, program(tt.args))
			require.ErrorContains(t, err, tt.want)
			assert.Empty(t, got.All(), "nothing is registered before everything is valid")
		})
	}
}
