package autoscaler_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/autoscaler"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

// Types of what an autoscaler registers.
const (
	deploymentType  = "kubernetes:apps/v1:Deployment"
	accountType     = "kubernetes:core/v1:ServiceAccount"
	budgetType      = "kubernetes:policy/v1:PodDisruptionBudget"
	clusterRoleType = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	bindingPrefix   = "kubernetes:rbac.authorization.k8s.io/v1:"
	policyType      = "aws:iam/rolePolicy:RolePolicy"
	associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
)

const (
	pod       = "spec.template.spec"
	container = pod + ".containers[0]"
)

// args returns a valid autoscaler, changed by change.
func args(change func(*autoscaler.AutoscalerArgs)) *autoscaler.AutoscalerArgs {
	a := &autoscaler.AutoscalerArgs{ClusterName: pulumi.String("shop"), Version: "1.35", Region: "eu-west-1"}
	if change != nil {
		change(a)
	}
	return a
}

func program(a *autoscaler.AutoscalerArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := autoscaler.NewAutoscaler(ctx, "shop-autoscaler", a)
		return err
	}
}

func TestNewAutoscaler(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	d := got.Only(t, deploymentType)
	assert.Equal(t, "kube-system", d.Value(t, "metadata.namespace"))
	assert.Equal(t, "cluster-autoscaler", d.Value(t, "metadata.name"))
	assert.EqualValues(t, 2, d.Value(t, "spec.replicas"))
	assert.Equal(t, "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.1", d.Value(t, container+".image"))
	assert.Equal(t, "system-cluster-critical", d.Value(t, pod+".priorityClassName"))
	assert.Equal(t, "cluster-autoscaler", d.Value(t, pod+".serviceAccountName"))
	assert.Equal(t, []any{map[string]any{"name": "AWS_REGION", "value": "eu-west-1"}}, d.Value(t, container+".env"),
		"a pod cannot ask the metadata service")
	assert.Equal(t, []any{
		"./cluster-autoscaler", "--cloud-provider=aws", "--namespace=kube-system",
		"--node-group-auto-discovery=asg:tag=k8s.io/cluster-autoscaler/enabled=true,eks:cluster-name=shop",
		"--leader-elect=true", "--leader-elect-resource-name=cluster-autoscaler",
		"--balance-similar-node-groups=true", "--expander=least-waste",
		"--skip-nodes-with-system-pods=false", "--skip-nodes-with-local-storage=false",
		"--scale-down-unneeded-time=10m", "--scale-down-delay-after-add=10m",
		"--scale-down-utilization-threshold=0.5", "--max-node-provision-time=15m",
		"--stderrthreshold=info", "--v=2",
	}, d.Value(t, container+".command"))
	assert.EqualValues(t, 1, got.Only(t, budgetType).Value(t, "spec.maxUnavailable"))
	assert.Equal(t, d.Value(t, "spec.selector.matchLabels"), got.Only(t, budgetType).Value(t, "spec.selector.matchLabels"))
}

// The pods pass the restricted Pod Security Standard and cannot change their own files.
func TestNewAutoscaler_restricted(t *testing.T) {
	t.Parallel()
	d := ptest.Run(t, program(args(nil))).Only(t, deploymentType)
	d.AssertRestricted(t, pod)
	for _, id := range []string{"runAsUser", "runAsGroup", "fsGroup"} {
		assert.InDelta(t, 65534, d.Value(t, pod+".securityContext."+id), 0, id)
	}
	assert.Equal(t, true, d.Value(t, container+".securityContext.readOnlyRootFilesystem"))
	assert.Nil(t, d.Value(t, container+".securityContext.capabilities.add"))
	assert.Equal(t, map[string]any{
		"requests": map[string]any{"cpu": "100m", "memory": "300Mi"}, "limits": map[string]any{"memory": "600Mi"},
	}, d.Value(t, container+".resources"))
}

// Its role changes the groups of its own cluster that carry the tag, and no others.
func TestNewAutoscaler_policy(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *autoscaler.AutoscalerArgs) {
		a.GroupTag, a.Partition = "example.com/autoscaled", "aws-cn"
	})))
	text, ok := got.Only(t, policyType).Value(t, "policy").(string)
	require.True(t, ok)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": [
			"autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
			"autoscaling:DescribeLaunchConfigurations", "autoscaling:DescribeScalingActivities",
			"autoscaling:DescribeTags", "ec2:DescribeImages", "ec2:DescribeInstanceTypes",
			"ec2:DescribeLaunchTemplateVersions", "ec2:GetInstanceTypesFromInstanceRequirements"
		], "Resource": "*"},
		{"Effect": "Allow", "Action": "eks:DescribeNodegroup",
		 "Resource": "arn:aws-cn:eks:eu-west-1:*:nodegroup/shop/*/*"},
		{"Effect": "Allow",
		 "Action": ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
		 "Resource": "arn:aws-cn:autoscaling:eu-west-1:*:autoScalingGroup:*",
		 "Condition": {"StringEquals": {
			"aws:ResourceTag/example.com/autoscaled": "true", "aws:ResourceTag/eks:cluster-name": "shop"
		 }}}
	]}`, text)
	command, ok := got.Only(t, deploymentType).Value(t, container+".command").([]any)
	require.True(t, ok)
	assert.Contains(t, command, "--node-group-auto-discovery=asg:tag=example.com/autoscaled=true,eks:cluster-name=shop",
		"it looks for the groups that it may change")
}

// A pod that starts before its role, or before its rights, would have to be replaced.
func TestNewAutoscaler_waitsForItsRights(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	waits := got.Only(t, deploymentType).DependsOn
	association := got.Only(t, associationType)
	assert.Equal(t, "kube-system", association.Value(t, "namespace"))
	assert.Equal(t, "cluster-autoscaler", association.Value(t, "serviceAccount"))
	assert.Contains(t, waits, association.URN)
	assert.Contains(t, waits, got.Only(t, policyType).URN)
	assert.Contains(t, waits, got.Only(t, accountType).URN)
	for _, kind := range []string{"ClusterRoleBinding", "RoleBinding"} {
		binding := got.Only(t, bindingPrefix+kind)
		assert.Contains(t, waits, binding.URN)
		assert.Equal(t, []any{map[string]any{
			"kind": "ServiceAccount", "name": "cluster-autoscaler", "namespace": "kube-system",
		}}, binding.Value(t, "subjects"))
	}
}

// It reads a lot and writes little; secrets are not among what it reads.
func TestNewAutoscaler_rights(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	written := map[string]any{}
	rules, ok := got.Only(t, clusterRoleType).Value(t, "rules").([]any)
	require.True(t, ok)
	var read []any
	for _, r := range rules {
		rule, ok := r.(map[string]any)
		require.True(t, ok)
		resources, ok := rule["resources"].([]any)
		require.True(t, ok)
		read = append(read, resources...)
		for _, verb := range rule["verbs"].([]any) {
			if verb != "get" && verb != "list" && verb != "watch" {
				for _, resource := range resources {
					written[resource.(string)] = true
				}
			}
		}
	}
	assert.Equal(t, map[string]any{"events": true, "pods/eviction": true, "pods/status": true, "nodes": true}, written)
	assert.NotContains(t, read, "secrets")
	assert.Contains(t, read, "volumeattachments", "without it, releases since 1.33 add no nodes")
}

func TestNewAutoscaler_releases(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, version := range []string{"1.31", "1.32", "1.33", "1.34", "1.35", "1.36"} {
		cluster := spec.Cluster{Name: "a", Version: version, Support: "EXTENDED", DeployRoleARN: "arn:aws:iam::123456789012:role/a"}
		cluster.Default()
		require.Empty(t, cluster.Validate(nil, day), "a version that a cluster can have")
		got := ptest.Run(t, program(args(func(a *autoscaler.AutoscalerArgs) { a.Version = version })))
		image, ok := got.Only(t, deploymentType).Value(t, container+".image").(string)
		require.True(t, ok)
		assert.True(t, strings.HasPrefix(image, "registry.k8s.io/autoscaling/cluster-autoscaler:v"+version+"."), image)
	}
	got := ptest.Run(t, program(args(func(a *autoscaler.AutoscalerArgs) {
		a.Version, a.Image = "1.37", "registry.example.com/cluster-autoscaler:v1.37.0"
	})))
	assert.Equal(t, "registry.example.com/cluster-autoscaler:v1.37.0", got.Only(t, deploymentType).Value(t, container+".image"))
}

func TestNewAutoscaler_outputsWait(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		r, err := autoscaler.NewAutoscaler(ctx, "shop-autoscaler", args(nil))
		if err != nil {
			return err
		}
		var user pulumi.CustomResourceState
		return ctx.RegisterResource("aws:test/user:User", "user", pulumi.Map{"cluster": r.ClusterName}, &user)
	})
	user := got.Only(t, "aws:test/user:User")
	assert.Equal(t, "shop", user.Value(t, "cluster"))
	assert.Contains(t, user.DependsOn, got.Only(t, deploymentType).URN)
}

func TestNewAutoscaler_rejects(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args *autoscaler.AutoscalerArgs
		want string
	}{
		"nil args":             {nil, "clusterName: Required"},
		"no cluster":           {args(func(a *autoscaler.AutoscalerArgs) { a.ClusterName = nil }), "clusterName: Required"},
		"no version":           {args(func(a *autoscaler.AutoscalerArgs) { a.Version = "" }), "version: Required"},
		"a version unheard of": {args(func(a *autoscaler.AutoscalerArgs) { a.Version = "1.99" }), "version: Unsupported"},
		"no region":            {args(func(a *autoscaler.AutoscalerArgs) { a.Region = "" }), "region: Required"},
		"two tags":             {args(func(a *autoscaler.AutoscalerArgs) { a.GroupTag = "a,b" }), "groupTag: Invalid"},
		"a tag and its value":  {args(func(a *autoscaler.AutoscalerArgs) { a.GroupTag = "a=b" }), "groupTag: Invalid"},
		"an odd image":         {args(func(a *autoscaler.AutoscalerArgs) { a.Image = "a b" }), "image: Invalid"},
		"fewer than no pods":   {args(func(a *autoscaler.AutoscalerArgs) { a.Replicas = -1 }), "replicas: Invalid"},
		"many pods":            {args(func(a *autoscaler.AutoscalerArgs) { a.Replicas = 6 }), "replicas: Invalid"},
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

func TestNewAutoscaler_refusesANameThatNoRoleCanHave(t *testing.T) {
	t.Parallel()
	got, err := ptest.Err(t, func(ctx *pulumi.Context) error {
		_, err := autoscaler.NewAutoscaler(ctx, strings.Repeat("a", 57), args(nil))
		return err
	})
	require.ErrorContains(t, err, "name: Too long")
	assert.Empty(t, got.All())
}
