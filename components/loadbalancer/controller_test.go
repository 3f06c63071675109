package loadbalancer_test

import (
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/components/loadbalancer"
	"github.com/slipway-eks/slipway/internal/ptest"
)

// Types of what a controller registers.
const (
	roleType    = "aws:iam/role:Role"
	policyType  = "aws:iam/rolePolicy:RolePolicy"
	accountType = "kubernetes:core/v1:ServiceAccount"
	releaseType = "kubernetes:helm.sh/v3:Release"
)

const (
	host     = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
	provider = "arn:aws:iam::123456789012:oidc-provider/" + host
)

// args returns a valid controller, changed by change.
func args(change func(*loadbalancer.ControllerArgs)) *loadbalancer.ControllerArgs {
	a := &loadbalancer.ControllerArgs{
		ClusterName: pulumi.String("shop"), Region: "eu-west-1", VpcID: pulumi.String("vpc-1"),
		OIDCProviderARN: pulumi.String(provider), Issuer: pulumi.String(ptest.Issuer),
	}
	if change != nil {
		change(a)
	}
	return a
}

func program(a *loadbalancer.ControllerArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := loadbalancer.NewController(ctx, "shop-lb", a)
		return err
	}
}

func TestNewController(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	r := got.Only(t, releaseType)
	assert.Equal(t, "aws-load-balancer-controller", r.Value(t, "name"))
	assert.Equal(t, "kube-system", r.Value(t, "namespace"))
	assert.Equal(t, "aws-load-balancer-controller", r.Value(t, "chart"))
	assert.Equal(t, "3.5.0", r.Value(t, "version"))
	assert.Equal(t, map[string]any{"repo": "https://aws.github.io/eks-charts"}, r.Value(t, "repositoryOpts"))
	assert.Equal(t, true, r.Value(t, "atomic"))
	assert.EqualValues(t, 600, r.Value(t, "timeout"))
	assert.Contains(t, r.DependsOn, got.Only(t, accountType).URN)
	assert.Equal(t, map[string]any{
		"clusterName": "shop", "region": "eu-west-1", "vpcId": "vpc-1",
		"serviceAccount":              map[string]any{"create": false, "name": "aws-load-balancer-controller"},
		"replicaCount":                2.0,
		"enableServiceMutatorWebhook": false,
		"keepTLSSecret":               true,
		"defaultTargetType":           "ip",
		"podDisruptionBudget":         map[string]any{"maxUnavailable": 1.0},
		"resources": map[string]any{
			"requests": map[string]any{"cpu": "100m", "memory": "200Mi"}, "limits": map[string]any{"memory": "500Mi"},
		},
		"topologySpreadConstraints": []any{map[string]any{
			"maxSkew": 1.0, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
			"labelSelector":  map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "aws-load-balancer-controller"}},
			"matchLabelKeys": []any{"pod-template-hash"}, "nodeTaintsPolicy": "Honor",
		}},
		"controllerConfig": map[string]any{"featureGates": map[string]any{"ALBGatewayAPI": false, "NLBGatewayAPI": false}},
	}, r.Value(t, "values"))
}

func TestNewController_tags(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *loadbalancer.ControllerArgs) {
		a.Tags, a.Replicas = map[string]string{"team": "shop"}, 3
	})))
	r := got.Only(t, releaseType)
	assert.Equal(t, map[string]any{"team": "shop"}, r.Value(t, "values.defaultTags"))
	assert.EqualValues(t, 3, r.Value(t, "values.replicaCount"))
}

// TestS19_controllersTrust: AccessDenied on sts:AssumeRoleWithWebIdentity. The role trusts the service account that the
// controller's pods run as, for the audience of their token, and that service account names the role.
func TestS19_controllersTrust(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	account := got.Only(t, accountType)
	namespace, name := account.Value(t, "metadata.namespace"), account.Value(t, "metadata.name")
	require.Equal(t, "kube-system", namespace)
	require.Equal(t, "aws-load-balancer-controller", name)

	role := got.Only(t, roleType)
	text, ok := role.Value(t, "assumeRolePolicy").(string)
	require.True(t, ok)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{
		"Effect": "Allow", "Principal": {"Federated": "`+provider+`"}, "Action": "sts:AssumeRoleWithWebIdentity",
		"Condition": {"StringEquals": {
			"`+host+`:sub": "system:serviceaccount:kube-system:aws-load-balancer-controller",
			"`+host+`:aud": "sts.amazonaws.com"
		}}
	}]}`, text)

	annotation := account.Value(t, `metadata.annotations["eks.amazonaws.com/role-arn"]`)
	assert.Equal(t, "arn:aws:iam:eu-west-1:123456789012:shop-lb", annotation)
	assert.Contains(t, account.DependsOn, role.URN)
	assert.Contains(t, account.DependsOn, got.Only(t, policyType).URN, "pods that start before it may do nothing")

	release := got.Only(t, releaseType)
	assert.Equal(t, name, release.Value(t, "values.serviceAccount.name"), "who the pods run as")
	assert.Equal(t, namespace, release.Value(t, "namespace"))
	assert.Equal(t, false, release.Value(t, "values.serviceAccount.create"))
}

// The policy is the one that the controller's project publishes for its version.
func TestNewController_policy(t *testing.T) {
	t.Parallel()
	published, err := os.ReadFile("iam_policy.json")
	require.NoError(t, err)
	want, err := identity.ParseDocument(string(published))
	require.NoError(t, err)
	require.Len(t, want.Statement, 16)

	text := policyOf(t, nil)
	got, err := identity.ParseDocument(text)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Less(t, len(text), identity.MaxManagedPolicy)
}

// For these partitions the project publishes the same policy with other ARNs, 13 of them.
func TestNewController_partitions(t *testing.T) {
	t.Parallel()
	for _, partition := range []string{"aws-cn", "aws-eusc", "aws-us-gov"} {
		text := policyOf(t, func(a *loadbalancer.ControllerArgs) { a.Partition = partition })
		assert.NotContains(t, text, "arn:aws:")
		assert.Equal(t, 13, strings.Count(text, "arn:"+partition+":"))
		assert.Less(t, len(text), identity.MaxManagedPolicy)
	}
}

// Narrowed, one statement differs: the one that would open any security group of the account.
func TestNewController_clusterSecurityGroupsOnly(t *testing.T) {
	t.Parallel()
	all, err := identity.ParseDocument(policyOf(t, nil))
	require.NoError(t, err)
	text := policyOf(t, func(a *loadbalancer.ControllerArgs) { a.ClusterSecurityGroupsOnly = true })
	narrowed, err := identity.ParseDocument(text)
	require.NoError(t, err)
	assert.Less(t, len(text), identity.MaxManagedPolicy)

	require.Len(t, narrowed.Statement, len(all.Statement))
	differ := 0
	for i, s := range narrowed.Statement {
		if assert.ObjectsAreEqual(all.Statement[i], s) {
			continue
		}
		differ++
		assert.Equal(t, identity.Values{"ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"}, s.Action)
		assert.Equal(t, identity.Values{"*"}, s.Resource)
		assert.Equal(t, identity.Conditions{
			"Null": {"aws:ResourceTag/kubernetes.io/cluster/shop": {"false"}},
		}, s.Condition)
	}
	assert.Equal(t, 1, differ)
}

// A Service that gets its class from here is made after the controller and deleted before it.
func TestNewController_servicesWaitForIt(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		c, err := loadbalancer.NewController(ctx, "shop-lb", args(nil))
		if err != nil {
			return err
		}
		var service pulumi.CustomResourceState
		return ctx.RegisterResource("aws:test/user:User", "user", pulumi.Map{"class": c.LoadBalancerClass}, &service)
	})
	service := got.Only(t, "aws:test/user:User")
	assert.Equal(t, "service.k8s.aws/nlb", service.Value(t, "class"))
	assert.Contains(t, service.DependsOn, got.Only(t, releaseType).URN)
}

func TestNewController_rejects(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args *loadbalancer.ControllerArgs
		want string
	}{
		"nil args":               {nil, "clusterName: Required"},
		"no cluster":             {args(func(a *loadbalancer.ControllerArgs) { a.ClusterName = nil }), "clusterName: Required"},
		"no region":              {args(func(a *loadbalancer.ControllerArgs) { a.Region = "" }), "region: Required"},
		"no VPC":                 {args(func(a *loadbalancer.ControllerArgs) { a.VpcID = nil }), "vpcId: Required"},
		"no provider":            {args(func(a *loadbalancer.ControllerArgs) { a.OIDCProviderARN = nil }), "oidcProviderArn: Required"},
		"no issuer":              {args(func(a *loadbalancer.ControllerArgs) { a.Issuer = nil }), "issuer: Required"},
		"an isolated partition":  {args(func(a *loadbalancer.ControllerArgs) { a.Partition = "aws-iso" }), "partition: Unsupported"},
		"one pod":                {args(func(a *loadbalancer.ControllerArgs) { a.Replicas = 1 }), "replicas: Invalid"},
		"more pods than are use": {args(func(a *loadbalancer.ControllerArgs) { a.Replicas = 11 }), "replicas: Invalid"},
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

func TestNewController_refusesANameThatNoRoleCanHave(t *testing.T) {
	t.Parallel()
	got, err := ptest.Err(t, func(ctx *pulumi.Context) error {
		_, err := loadbalancer.NewController(ctx, strings.Repeat("a", 57), args(nil))
		return err
	})
	require.ErrorContains(t, err, "name: Too long")
	assert.Empty(t, got.All())
}

// policyOf returns the policy of the controller's role.
func policyOf(t *testing.T, change func(*loadbalancer.ControllerArgs)) string {
	t.Helper()
	text, ok := ptest.Run(t, program(args(change))).Only(t, policyType).Value(t, "policy").(string)
	require.True(t, ok)
	return text
}
