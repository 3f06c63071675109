package nodes_test

import (
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/nodes"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

// Types of what a node group registers.
const (
	groupType      = "aws:eks/nodeGroup:NodeGroup"
	templateType   = "aws:ec2/launchTemplate:LaunchTemplate"
	attachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
)

// args returns a valid group, changed by change.
func args(change func(*nodes.ManagedGroupArgs)) *nodes.ManagedGroupArgs {
	a := &nodes.ManagedGroupArgs{
		Group:       spec.NodeGroup{InstanceTypes: []string{"t3.large"}, Max: 6},
		GroupName:   "general",
		ClusterName: pulumi.String("shop"),
		SubnetIDs:   pulumi.ToStringArray([]string{"subnet-a", "subnet-b"}),
		Version:     "1.35",
	}
	if change != nil {
		change(a)
	}
	return a
}

func program(a *nodes.ManagedGroupArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := nodes.NewManagedGroup(ctx, "shop-general", a)
		return err
	}
}

func TestNewManagedGroup(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))

	group := got.Only(t, groupType)
	assert.Nil(t, group.Value(t, "nodeGroupName"), "a fixed name would forbid to make the new group before the old goes")
	assert.Equal(t, "AL2023_x86_64_STANDARD", group.Value(t, "amiType"))
	assert.Equal(t, "ON_DEMAND", group.Value(t, "capacityType"))
	assert.Equal(t, "1.35", group.Value(t, "version"))
	assert.Equal(t, map[string]any{"minSize": 2.0, "maxSize": 6.0, "desiredSize": 2.0}, group.Value(t, "scalingConfig"))
	assert.Equal(t, []string{"scalingConfig.desiredSize"}, group.IgnoreChanges)
	assert.Equal(t, map[string]any{"maxUnavailable": 1.0}, group.Value(t, "updateConfig"))
	assert.Equal(t, map[string]any{nodes.GroupLabel: "general"}, group.Value(t, "labels"))
	assert.Equal(t, "1", group.Value(t, "launchTemplate.version"))
	for _, attachment := range got.OfType(attachmentType) {
		assert.Contains(t, group.DependsOn, attachment.URN, "a node without its policies cannot join")
	}
}

func TestNewManagedGroup_launchTemplate(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *nodes.ManagedGroupArgs) { a.Tags = map[string]string{"team": "shop"} })))
	template := got.Only(t, templateType)
	assert.Equal(t, "required", template.Value(t, "metadataOptions.httpTokens"))
	assert.InDelta(t, 1, template.Value(t, "metadataOptions.httpPutResponseHopLimit"), 0)
	disk := template.Value(t, "blockDeviceMappings[0].ebs")
	assert.Equal(t, map[string]any{
		"volumeType": "gp3", "volumeSize": 50.0, "encrypted": "true", "deleteOnTermination": "true",
	}, disk)
	for _, absent := range []string{"keyName", "vpcSecurityGroupIds", "imageId", "iamInstanceProfile", "instanceType"} {
		assert.Nil(t, template.Value(t, absent), absent)
	}
	for i, kind := range []string{"instance", "volume", "network-interface"} {
		at := fmt.Sprintf("tagSpecifications[%d]", i)
		assert.Equal(t, kind, template.Value(t, at+".resourceType"))
		assert.Equal(t, map[string]any{"Name": "shop-general", "team": "shop"}, template.Value(t, at+".tags"))
	}
}

func TestNewManagedGroup_architectureAndCapacity(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *nodes.ManagedGroupArgs) {
		a.Group.InstanceTypes = []string{"m7g.large", "m6g.large"}
		a.Group.Spot = true
	})))
	group := got.Only(t, groupType)
	assert.Equal(t, "AL2023_ARM_64_STANDARD", group.Value(t, "amiType"))
	assert.Equal(t, "SPOT", group.Value(t, "capacityType"))
	assert.Equal(t, []any{"m7g.large", "m6g.large"}, group.Value(t, "instanceTypes"))
}

// Nodes pull images by their own role, which may do nothing else in the registry, and cannot change the network.
func TestNewManagedGroup_rolePolicies(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *nodes.ManagedGroupArgs) { a.Partition = "aws-cn" })))
	var policies []string
	for _, attachment := range got.OfType(attachmentType) {
		policies = append(policies, fmt.Sprint(attachment.Value(t, "policyArn")))
	}
	assert.ElementsMatch(t, []string{
		"arn:aws-cn:iam::aws:policy/AmazonEKSWorkerNodePolicy",
		"arn:aws-cn:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
		"arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore",
	}, policies)
}

// What needs nodes waits for them by the name of the cluster.
func TestNewManagedGroup_clusterNameWaitsForNodes(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		g, err := nodes.NewManagedGroup(ctx, "shop-general", args(nil))
		if err != nil {
			return err
		}
		var user pulumi.CustomResourceState
		return ctx.RegisterResource("aws:test/user:User", "user", pulumi.Map{"cluster": g.ClusterName}, &user)
	})
	user := got.Only(t, "aws:test/user:User")
	assert.Equal(t, "shop", user.Value(t, "cluster"))
	assert.Contains(t, user.DependsOn, got.Only(t, groupType).URN)
}

func TestNewManagedGroup_rejects(t *testing.T) {
	t.Parallel()
	set := func(change func(*spec.NodeGroup)) *nodes.ManagedGroupArgs {
		return args(func(a *nodes.ManagedGroupArgs) { change(&a.Group) })
	}
	tests := map[string]struct {
		args *nodes.ManagedGroupArgs
		want string
	}{
		"nil args":           {nil, "instanceTypes: Required"},
		"no cluster":         {args(func(a *nodes.ManagedGroupArgs) { a.ClusterName = nil }), "clusterName: Required"},
		"no subnets":         {args(func(a *nodes.ManagedGroupArgs) { a.SubnetIDs = nil }), "subnetIds: Required"},
		"no version":         {args(func(a *nodes.ManagedGroupArgs) { a.Version = "" }), "version: Required"},
		"no group name":      {args(func(a *nodes.ManagedGroupArgs) { a.GroupName = "" }), "groupName: Invalid"},
		"a long group name":  {args(func(a *nodes.ManagedGroupArgs) { a.GroupName = "a12345678901234567890" }), "groupName: Too long"},
		"an unknown type":    {set(func(g *spec.NodeGroup) { g.InstanceTypes = []string{"t9.huge"} }), "instanceTypes[0]: Invalid"},
		"a type twice":       {set(func(g *spec.NodeGroup) { g.InstanceTypes = []string{"t3.large", "t3.large"} }), "instanceTypes[1]: Duplicate"},
		"two architectures":  {set(func(g *spec.NodeGroup) { g.InstanceTypes = []string{"t3.large", "t4g.large"} }), "instanceTypes[1]: Invalid"},
		"no max":             {set(func(g *spec.NodeGroup) { g.Max = 0 }), "max: Invalid"},
		"max below min":      {set(func(g *spec.NodeGroup) { g.Min = 7 }), "max: Invalid"},
		"too many":           {set(func(g *spec.NodeGroup) { g.Max = 451 }), "max: Invalid"},
		"a negative min":     {set(func(g *spec.NodeGroup) { g.Min = -1 }), "min: Invalid"},
		"a small disk":       {set(func(g *spec.NodeGroup) { g.DiskGiB = 8 }), "diskGiB: Invalid"},
		"an odd label":       {set(func(g *spec.NodeGroup) { g.Labels = map[string]string{"a b": "c"} }), "labels.a b: Invalid"},
		"an odd label value": {set(func(g *spec.NodeGroup) { g.Labels = map[string]string{"a": "c d"} }), "labels.a: Invalid"},
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

func ExampleNewManagedGroup() {
	program := func(ctx *pulumi.Context) error {
		_, err := nodes.NewManagedGroup(ctx, "shop-general", &nodes.ManagedGroupArgs{
			Group:       spec.NodeGroup{InstanceTypes: []string{"m7g.large"}, Max: 6},
			GroupName:   "general",
			ClusterName: pulumi.String("shop"), // normally the Name of a cluster.Cluster
			SubnetIDs:   pulumi.ToStringArray([]string{"subnet-a", "subnet-b"}),
			Version:     "1.35",
		})
		return err
	}
	for _, r := range ptest.Example(program).OfType("aws:eks/nodeGroup:NodeGroup") {
		fmt.Println(r.Name, r.Inputs["amiType"].StringValue())
	}
	// Output: shop-general AL2023_ARM_64_STANDARD
}
