package nodes_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
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
	policyType     = "aws:autoscaling/policy:Policy"
	tagType        = "aws:autoscaling/tag:Tag"
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

// TestS06_nodesPullByTheirRole: registry tokens ended every 12 hours. Nodes pull images by their own role, which may do
// nothing else in the registry, and cannot change the network. (Whether an image is pulled is not shown here.)
func TestS06_nodesPullByTheirRole(t *testing.T) {
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

// TestS07_podsOnANode: a t3.medium took 17 pods. With an image of its own a group says how many its nodes take, in all
// that the node needs to join: EKS adds nothing to it and overrides nothing.
func TestS07_podsOnANode(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(withImage)))
	group, template := got.Only(t, groupType), got.Only(t, templateType)
	for _, absent := range []string{"amiType", "version"} {
		assert.Nil(t, group.Value(t, absent), "%s comes with the image", absent)
	}
	assert.Equal(t, "ami-0123456789abcdef0", template.Value(t, "imageId"))
	encoded, ok := template.Value(t, "userData").(string)
	require.True(t, ok)
	text, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	message, err := mail.ReadMessage(bytes.NewReader(text))
	require.NoError(t, err)
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	require.NoError(t, err)
	part, err := multipart.NewReader(message.Body, params["boundary"]).NextPart()
	require.NoError(t, err)
	assert.Equal(t, "application/node.eks.aws", part.Header.Get("Content-Type"))
	body, err := io.ReadAll(part)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig",
		"spec": {
			"cluster": {
				"name": "shop", "apiServerEndpoint": "https://api.example.com", "certificateAuthority": "Q0E=", "cidr": "172.20.0.0/16"
			},
			"kubelet": {
				"config": {"maxPods": 50},
				"flags": ["--node-labels=slipway.dev/node-group=general,tier=web", "--register-with-taints=dedicated=web:NoSchedule"]
			}
		}
	}`, string(body))
}

// Without a number of their own, such nodes take what EKS computes for others: the image by itself would count fewer.
func TestS07_podsOnANodeWithAnImageOfItsOwn(t *testing.T) {
	t.Parallel()
	template := ptest.Run(t, program(args(func(a *nodes.ManagedGroupArgs) {
		withImage(a)
		a.Group.MaxPods = 0
	}))).Only(t, templateType)
	encoded, _ := template.Value(t, "userData").(string)
	text, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"maxPods": 110`)
}

func withImage(a *nodes.ManagedGroupArgs) {
	a.Group.InstanceTypes = []string{"t3.medium"}
	a.Group.ImageID, a.Group.MaxPods = "ami-0123456789abcdef0", 50
	a.Group.Labels = map[string]string{"tier": "web"}
	a.Group.Taints = map[string]spec.Taint{"dedicated": {Value: "web"}}
	a.ControlPlane = nodes.ControlPlane{
		Endpoint:             pulumi.String("https://api.example.com"),
		CertificateAuthority: pulumi.String("Q0E="),
		ServiceCIDR:          pulumi.String("172.20.0.0/16"),
	}
}

func TestNewManagedGroup_taints(t *testing.T) {
	t.Parallel()
	group := ptest.Run(t, program(args(func(a *nodes.ManagedGroupArgs) {
		a.Group.Taints = map[string]spec.Taint{"b": {Effect: "NoExecute"}, "a": {Value: "1"}}
	}))).Only(t, groupType)
	assert.Equal(t, []any{
		map[string]any{"key": "a", "value": "1", "effect": "NO_SCHEDULE"},
		map[string]any{"key": "b", "value": "", "effect": "NO_EXECUTE"},
	}, group.Value(t, "taints"))
}

// TestS10_nodeScaling: one node died, and its pods took the next ones with it. A group grows by its own CPU, or by the
// pods that find no place, and never by both. (That a policy can fire at all is judged for the whole stack.)
func TestS10_nodeScaling(t *testing.T) {
	t.Parallel()
	cpu := ptest.Run(t, program(args(func(a *nodes.ManagedGroupArgs) { a.Group.Scaling.CPU = &spec.CPUScaling{} })))
	policy := cpu.Only(t, policyType)
	assert.Equal(t, "eks-general-0123", policy.Value(t, "autoscalingGroupName"))
	assert.Equal(t, "TargetTrackingScaling", policy.Value(t, "policyType"))
	assert.Equal(t, map[string]any{
		"targetValue": 50.0, "disableScaleIn": true,
		"predefinedMetricSpecification": map[string]any{"predefinedMetricType": "ASGAverageCPUUtilization"},
	}, policy.Value(t, "targetTrackingConfiguration"))
	assert.Empty(t, cpu.OfType(tagType))

	pending := ptest.Run(t, program(args(nil)))
	assert.Empty(t, pending.OfType(policyType))
	assert.Equal(t, map[string]any{"key": nodes.AutoscalerTag, "value": "true", "propagateAtLaunch": false},
		pending.Only(t, tagType).Value(t, "tag"))

	none := ptest.Run(t, program(args(func(a *nodes.ManagedGroupArgs) { a.Group.Scaling.None = true })))
	assert.Empty(t, none.OfType(policyType))
	assert.Empty(t, none.OfType(tagType))
}

// TestS12_mailWhenNodesComeAndGo: the operator wanted mail when nodes are added.
func TestS12_mailWhenNodesComeAndGo(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		alerts, err := nodes.NewAlerts(ctx, "shop-alerts", &nodes.AlertsArgs{
			Alerts: spec.Alerts{Emails: []string{"b@example.com", "a@example.com"}},
		})
		if err != nil {
			return err
		}
		_, err = nodes.NewManagedGroup(ctx, "shop-general", args(func(a *nodes.ManagedGroupArgs) {
			a.AlertTopicARN = alerts.TopicARN
		}))
		return err
	})
	topic := "arn:aws:sns:eu-west-1:123456789012:shop-alerts"
	notification := got.Only(t, "aws:autoscaling/notification:Notification")
	assert.Equal(t, topic, notification.Value(t, "topicArn"))
	assert.Equal(t, []any{"eks-general-0123"}, notification.Value(t, "groupNames"))
	assert.ElementsMatch(t, []any{
		"autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_TERMINATE",
		"autoscaling:EC2_INSTANCE_LAUNCH_ERROR", "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
	}, notification.Value(t, "notifications"))
	subscriptions := got.OfType("aws:sns/topicSubscription:TopicSubscription")
	require.Len(t, subscriptions, 2)
	first := got.Named(t, "aws:sns/topicSubscription:TopicSubscription", "shop-alerts-a@example.com")
	assert.Equal(t, "email", first.Value(t, "protocol"))
	assert.Equal(t, "a@example.com", first.Value(t, "endpoint"))
	assert.Equal(t, topic, first.Value(t, "topic"))
}

func TestNewAlerts_rejects(t *testing.T) {
	t.Parallel()
	for want, emails := range map[string][]string{
		"emails: Required":     nil,
		"emails[0]: Invalid":   {"Me <me@example.com>"},
		"emails[1]: Duplicate": {"a@example.com", "a@example.com"},
	} {
		got, err := ptest.Err(t, func(ctx *pulumi.Context) error {
			_, err := nodes.NewAlerts(ctx, "alerts", &nodes.AlertsArgs{Alerts: spec.Alerts{Emails: emails}})
			return err
		})
		require.ErrorContains(t, err, want)
		assert.Empty(t, got.All())
	}
	_, err := ptest.Err(t, func(ctx *pulumi.Context) error {
		_, err := nodes.NewAlerts(ctx, "alerts", nil)
		return err
	})
	require.ErrorContains(t, err, "emails: Required")
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
		"nil args":              {nil, "instanceTypes: Required"},
		"no cluster":            {args(func(a *nodes.ManagedGroupArgs) { a.ClusterName = nil }), "clusterName: Required"},
		"no subnets":            {args(func(a *nodes.ManagedGroupArgs) { a.SubnetIDs = nil }), "subnetIds: Required"},
		"no version":            {args(func(a *nodes.ManagedGroupArgs) { a.Version = "" }), "version: Required"},
		"no group name":         {args(func(a *nodes.ManagedGroupArgs) { a.GroupName = "" }), "groupName: Invalid"},
		"a long group name":     {args(func(a *nodes.ManagedGroupArgs) { a.GroupName = "a12345678901234567890" }), "groupName: Too long"},
		"an unknown type":       {set(func(g *spec.NodeGroup) { g.InstanceTypes = []string{"t9.huge"} }), "instanceTypes[0]: Invalid"},
		"a type twice":          {set(func(g *spec.NodeGroup) { g.InstanceTypes = []string{"t3.large", "t3.large"} }), "instanceTypes[1]: Duplicate"},
		"two architectures":     {set(func(g *spec.NodeGroup) { g.InstanceTypes = []string{"t3.large", "t4g.large"} }), "instanceTypes[1]: Invalid"},
		"no max":                {set(func(g *spec.NodeGroup) { g.Max = 0 }), "max: Invalid"},
		"max below min":         {set(func(g *spec.NodeGroup) { g.Min = 7 }), "max: Invalid"},
		"too many":              {set(func(g *spec.NodeGroup) { g.Max = 451 }), "max: Invalid"},
		"a negative min":        {set(func(g *spec.NodeGroup) { g.Min = -1 }), "min: Invalid"},
		"a small disk":          {set(func(g *spec.NodeGroup) { g.DiskGiB = 8 }), "diskGiB: Invalid"},
		"pods without an image": {set(func(g *spec.NodeGroup) { g.MaxPods = 50 }), "imageId: Required"},
		"an image by name":      {set(func(g *spec.NodeGroup) { g.ImageID = "al2023" }), "imageId: Invalid"},
		"more pods than addresses": {args(func(a *nodes.ManagedGroupArgs) {
			withImage(a)
			a.Group.InstanceTypes, a.Group.MaxPods = []string{"t3.micro"}, 35
		}), "a t3.micro has addresses for 34 pods"},
		"an image without its control plane": {args(func(a *nodes.ManagedGroupArgs) {
			withImage(a)
			a.ControlPlane = nodes.ControlPlane{}
		}), "controlPlane.endpoint: Required"},
		"two owners":         {set(func(g *spec.NodeGroup) { g.Scaling = spec.Scaling{None: true, CPU: &spec.CPUScaling{}} }), "scaling: Forbidden"},
		"a target of 95":     {set(func(g *spec.NodeGroup) { g.Scaling.CPU = &spec.CPUScaling{Percent: 95} }), "scaling.cpu.percent: Invalid"},
		"an odd taint":       {set(func(g *spec.NodeGroup) { g.Taints = map[string]spec.Taint{"a b": {}} }), "taints.a b: Invalid"},
		"an odd effect":      {set(func(g *spec.NodeGroup) { g.Taints = map[string]spec.Taint{"a": {Effect: "Never"}} }), "taints.a.effect: Unsupported"},
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
