package ci_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/ci"
	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/ptest"
)

// The story: keys of AWS leaked, and miners ran until the account was suspended. The CI has no keys: it shows a token,
// and what it gets for that lasts an hour and does what its run is for.

const repository = "example/shop"

// TestS18_trustComparesSubjectAndAudience: GitHub gives every repository tokens of one audience, so that a trust policy
// which names the audience alone lets all of them in.
func TestS18_trustComparesSubjectAndAudience(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	const audience = "sts.amazonaws.com"
	tests := map[string]struct {
		token call
		want  string
	}{
		"a pull request":                   {token(ci.GitHubPullRequests(repository), audience), "shop-preview"},
		"a job of the environment dev":     {token(ci.GitHubEnvironment(repository, "dev"), audience), "shop-deploy-dev"},
		"a job of the environment prod":    {token(ci.GitHubEnvironment(repository, "prod"), audience), "shop-deploy-prod"},
		"the main branch":                  {token(ci.GitHubBranch(repository, "main"), audience), "shop-release"},
		"another branch":                   {token(ci.GitHubBranch(repository, "main-2"), audience), ""},
		"another repository":               {token(ci.GitHubPullRequests("example/other"), audience), ""},
		"another owner's":                  {token(ci.GitHubEnvironment("exampl/shop", "prod"), audience), ""},
		"a repository that begins like it": {token(ci.GitHubEnvironment("example/shop-2", "dev"), audience), ""},
		"an environment with a colon":      {token(ci.GitHubEnvironment(repository, "prod:x"), audience), ""},
		"a token for somebody else":        {token(ci.GitHubBranch(repository, "main"), "https://github.com/example"), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, role := range got.OfType(roleType) {
				trust := []identity.Document{trustOf(t, got, role.Name)}
				assert.Equal(t, role.Name == tt.want, allowed(t, trust, tt.token), role.Name)
			}
		})
	}
}

// TestS18_aSubjectIsOneRun: a pattern lets in what nobody thought of, such as a repository that somebody else names.
func TestS18_aSubjectIsOneRun(t *testing.T) {
	t.Parallel()
	for _, s := range []ci.Subject{
		"repo:example/*:environment:dev", "repo:example/shop:*", "repo:exam?le/shop:environment:dev",
		ci.GitHubEnvironment(repository, "*"), ci.GitHubBranch(repository, "release/*"),
	} {
		got, err := ptest.Err(t, program(args(subjects(s))))
		require.ErrorContains(t, err, "environments[dev].subjects[0]: Invalid value", s)
		require.ErrorContains(t, err, "has a wildcard", s)
		assert.Empty(t, got.All(), s)
	}
}

// TestS18_sessionsLastAnHour: what leaks from a run ends soon.
func TestS18_sessionsLastAnHour(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	for _, role := range got.OfType(roleType) {
		assert.InDelta(t, 3600, role.Value(t, "maxSessionDuration"), 0, role.Name)
	}
	for _, r := range got.All() {
		assert.NotContains(t, r.Type, "accessKey", "no key that lasts")
	}
}

// TestS18_previewChangesNothing: whoever may open a pull request can run anything with the preview role.
func TestS18_previewChangesNothing(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	looks := []string{"Describe", "Get", "List"}
	for _, d := range policiesOf(t, got, "shop-preview") {
		for _, s := range d.Statement {
			for _, action := range s.Action {
				_, name, _ := strings.Cut(action, ":")
				look := slices.ContainsFunc(looks, func(l string) bool { return strings.HasPrefix(name, l) })
				assert.True(t, look || action == "kms:Decrypt", action)
				assert.NotContains(t, action, "*")
			}
		}
	}
	preview := policiesOf(t, got, "shop-preview")
	assert.True(t, allowed(t, preview, call{"ec2:DescribeVpcs", "*", here()}))
	assert.True(t, allowed(t, preview, call{"eks:DescribeCluster", eks("cluster/shop-prod"), here()}))
	assert.False(t, allowed(t, preview, call{"sts:AssumeRole", iam("role/shop-deploy-dev"), nil}))
}

// eks and iam return ARNs of the account.
func eks(resource string) string { return "arn:aws:eks:" + region + ":" + account + ":" + resource }

func iam(resource string) string { return "arn:aws:iam::" + account + ":" + resource }

// TestS18_aDeploymentKeepsToItsEnvironment: what leaks from a run for dev is of no use in prod.
func TestS18_aDeploymentKeepsToItsEnvironment(t *testing.T) {
	t.Parallel()
	policies := policiesOf(t, ptest.Run(t, program(args(nil))), "shop-deploy-dev")
	const tag = "aws:ResourceTag/slipway:stack"
	group := func(name string) string {
		return "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:1:autoScalingGroupName/eks-" + name
	}
	tests := map[string]struct {
		call call
		want bool
	}{
		"makes its cluster":                {call{"eks:CreateCluster", eks("cluster/shop-dev"), here()}, true},
		"upgrades prod's":                  {call{"eks:UpdateClusterVersion", eks("cluster/shop-prod"), here()}, false},
		"lets itself into prod's":          {call{"eks:CreateAccessEntry", eks("cluster/shop-prod"), here()}, false},
		"changes its node group":           {call{"eks:UpdateNodegroupConfig", eks("nodegroup/shop-dev/general/1"), here()}, true},
		"deletes prod's":                   {call{"eks:DeleteNodegroup", eks("nodegroup/shop-prod/general/1"), here()}, false},
		"makes a VPC":                      {call{"ec2:CreateVpc", "*", here()}, true},
		"deletes its VPC":                  {call{"ec2:DeleteVpc", "*", here(tag, "dev")}, true},
		"deletes prod's VPC":               {call{"ec2:DeleteVpc", "*", here(tag, "prod")}, false},
		"takes prod's for its own":         {call{"ec2:CreateTags", "*", here(tag, "prod")}, false},
		"empties a group without a tag":    {call{"ec2:RevokeSecurityGroupIngress", "*", here()}, true},
		"schedules its key's deletion":     {call{"kms:ScheduleKeyDeletion", "*", here(tag, "dev")}, true},
		"schedules the state key's":        {call{"kms:ScheduleKeyDeletion", keyARN, here(tag, "account")}, false},
		"changes the state key's policy":   {call{"kms:PutKeyPolicy", keyARN, here(tag, "account")}, false},
		"works in another region":          {call{"ec2:CreateVpc", "*", map[string]string{"aws:RequestedRegion": "us-east-1"}}, false},
		"deletes its logs":                 {call{"logs:DeleteLogGroup", "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/eks/shop-dev/cluster:*", here()}, true},
		"deletes prod's logs":              {call{"logs:DeleteLogGroup", "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/eks/shop-prod/cluster:*", here()}, false},
		"deletes its flow logs":            {call{"logs:DeleteLogGroup", "arn:aws:logs:eu-west-1:123456789012:log-group:shop-dev-network-flow-logs-1:*", here()}, true},
		"makes its topic":                  {call{"sns:CreateTopic", "arn:aws:sns:eu-west-1:123456789012:shop-dev-alerts-1", here()}, true},
		"deletes another topic":            {call{"sns:DeleteTopic", "arn:aws:sns:eu-west-1:123456789012:billing", here()}, false},
		"tags its Auto Scaling group":      {call{"autoscaling:CreateOrUpdateTags", group("shop-dev-general-1-2"), here()}, true},
		"tags prod's Auto Scaling group":   {call{"autoscaling:CreateOrUpdateTags", group("shop-prod-general-1-2"), here()}, false},
		"makes a role for its nodes":       {call{"iam:CreateRole", iam("role/shop-dev-general-1"), nil}, true},
		"changes prod's roles":             {call{"iam:PutRolePolicy", iam("role/shop-prod-general-1"), nil}, false},
		"makes a user":                     {call{"iam:CreateUser", iam("user/miner"), nil}, false},
		"makes a key":                      {call{"iam:CreateAccessKey", iam("user/shop-dev-a"), nil}, false},
		"becomes prod's deployer":          {call{"sts:AssumeRole", iam("role/shop-deploy-prod"), nil}, false},
		"stays who it is":                  {call{"sts:AssumeRole", iam("role/shop-deploy-dev"), nil}, true},
		"trusts its cluster":               {call{"iam:CreateOpenIDConnectProvider", iam("oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A"), nil}, true},
		"trusts somebody else":             {call{"iam:CreateOpenIDConnectProvider", iam("oidc-provider/ci.example.com"), nil}, false},
		"has EKS make the role it needs":   {call{"iam:CreateServiceLinkedRole", iam("role/aws-service-role/eks.amazonaws.com/A"), map[string]string{"iam:AWSServiceName": "eks.amazonaws.com"}}, true},
		"has another service make one":     {call{"iam:CreateServiceLinkedRole", iam("role/aws-service-role/a/A"), map[string]string{"iam:AWSServiceName": "organizations.amazonaws.com"}}, false},
		"gives EKS the use of its key":     {call{"kms:CreateGrant", "*", here("kms:GrantIsForAWSResource", "true")}, true},
		"gives somebody the use of a key":  {call{"kms:CreateGrant", "*", here("kms:GrantIsForAWSResource", "false")}, false},
		"writes its state":                 {call{"s3:PutObject", "arn:aws:s3:::shop-state/.pulumi/stacks/slipway/dev.json", here()}, true},
		"locks its state":                  {call{"s3:PutObject", "arn:aws:s3:::shop-state/.pulumi/locks/organization/slipway/dev/1.json", here()}, true},
		"writes prod's state":              {call{"s3:PutObject", "arn:aws:s3:::shop-state/.pulumi/stacks/slipway/prod.json", here()}, false},
		"reads prod's state":               {call{"s3:GetObject", "arn:aws:s3:::shop-state/.pulumi/stacks/slipway/prod.json", here()}, false},
		"reads what all share":             {call{"s3:GetObject", "arn:aws:s3:::shop-state/.pulumi/stacks/slipway-bootstrap/account.json", here()}, true},
		"writes what all share":            {call{"s3:PutObject", "arn:aws:s3:::shop-state/.pulumi/stacks/slipway-bootstrap/account.json", here()}, false},
		"lists what stacks there are":      {call{"s3:ListBucket", "arn:aws:s3:::shop-state", here()}, true},
		"encrypts its secrets":             {call{"kms:Encrypt", keyARN, here()}, true},
		"encrypts with another key":        {call{"kms:Encrypt", strings.Replace(keyARN, "state", "other", 1), here()}, false},
		"deletes images":                   {call{"ecr:BatchDeleteImage", "*", here()}, false},
		"reads a secret that is not its":   {call{"secretsmanager:GetSecretValue", "*", here()}, false},
		"passes its nodes' role to EC2":    {call{"iam:PassRole", iam("role/shop-dev-general-1"), map[string]string{"iam:PassedToService": "ec2.amazonaws.com"}}, true},
		"passes its nodes' role to Lambda": {call{"iam:PassRole", iam("role/shop-dev-general-1"), map[string]string{"iam:PassedToService": "lambda.amazonaws.com"}}, false},
		"passes an administrator's role":   {call{"iam:PassRole", operator, map[string]string{"iam:PassedToService": "ec2.amazonaws.com"}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, allowed(t, policies, tt.call))
		})
	}
}

// TestS18_machinesComeFromATemplate: miners start machines by the hundred. A deployment starts none by hand: EKS does,
// from a launch template.
func TestS18_machinesComeFromATemplate(t *testing.T) {
	t.Parallel()
	policies := policiesOf(t, ptest.Run(t, program(args(nil))), "shop-deploy-dev")
	const template = "arn:aws:ec2:eu-west-1:123456789012:launch-template/lt-1"
	assert.True(t, allowed(t, policies, call{"ec2:RunInstances", "*", here("ec2:LaunchTemplate", template)}))
	assert.False(t, allowed(t, policies, call{"ec2:RunInstances", "*", here()}), "by hand")
	assert.False(t, allowed(t, policies, call{"ec2:RunInstances", "*", map[string]string{
		"aws:RequestedRegion": "us-east-1", "ec2:LaunchTemplate": template,
	}}), "in a region where nobody looks")
	for _, action := range []string{"ec2:RequestSpotInstances", "ec2:CreateFleet", "autoscaling:CreateAutoScalingGroup"} {
		assert.False(t, allowed(t, policies, call{action, "*", here("ec2:LaunchTemplate", template)}), action)
	}
}

// TestS18_aDeploymentCannotChangeItsOwnRights: a deploy role changes roles whose names begin with its cluster's. Were
// the CI's among them, or another environment's, it would have every right there is.
func TestS18_aDeploymentCannotChangeItsOwnRights(t *testing.T) {
	t.Parallel()
	for sentence, row := range map[string]struct{ cluster, want string }{
		"the CI's roles begin with it":    {"shop", "the CI's own roles, shop-..., begin with it"},
		"prod's names begin with it":      {"shop-prod", "names of shop-prod, of the environment prod, begin with it"},
		"prod's begin with it and a dash": {"live", "names of live-eu, of the environment prod, begin with it"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			_, err := ptest.Err(t, program(args(func(a *ci.IdentityArgs) {
				if row.cluster == "live" {
					e := a.Environments["prod"]
					e.Clusters = []string{"live-eu"}
					a.Environments["prod"] = e
				}
				clusters(row.cluster)(a)
			})))
			require.ErrorContains(t, err, "environments[dev].clusters[0]: Invalid value")
			require.ErrorContains(t, err, row.want)
		})
	}
	got := ptest.Run(t, program(args(nil)))
	for _, role := range got.OfType(roleType) {
		for _, action := range []string{"iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRolePermissionsBoundary"} {
			assert.False(t, allowed(t, policiesOf(t, got, "shop-deploy-dev"), call{action, iam("role/" + role.Name), nil}), role.Name)
		}
	}
}

// TestS18_whoDeploysByHand: the people who are named, as the role that they have anyway, and nobody else.
func TestS18_whoDeploysByHand(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	by := func(arn string) call {
		return call{action: "sts:AssumeRole", context: map[string]string{"aws:PrincipalArn": arn}}
	}
	dev := []identity.Document{trustOf(t, got, "shop-deploy-dev")}
	prod := []identity.Document{trustOf(t, got, "shop-deploy-prod")}
	assert.True(t, allowed(t, dev, by(operator)))
	assert.True(t, allowed(t, dev, by(iam("role/shop-deploy-dev"))), "a kubeconfig assumes the role that the caller has")
	assert.False(t, allowed(t, dev, by(iam("role/shop-deploy-prod"))))
	assert.False(t, allowed(t, dev, by(iam("role/anybody"))))
	assert.False(t, allowed(t, prod, by(operator)), "who may deploy dev")
	assert.False(t, allowed(t, []identity.Document{trustOf(t, got, "shop-preview")}, by(operator)))
}

// TestS18_aReleasePushesImages: and does nothing else, in no other repository.
func TestS18_aReleasePushesImages(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *ci.IdentityArgs) { a.Release.Repositories = []string{"main", "shop/*"} })))
	release := policiesOf(t, got, "shop-release")
	in := func(name string) string { return "arn:aws:ecr:eu-west-1:123456789012:repository/" + name }
	for _, action := range []string{
		"ecr:PutImage", "ecr:BatchGetImage", "ecr:BatchDeleteImage", "ecr:ListImages", "ecr:UploadLayerPart",
	} {
		assert.True(t, allowed(t, release, call{action, in("main"), here()}), action)
		assert.True(t, allowed(t, release, call{action, in("shop/chat"), here()}), action)
		assert.False(t, allowed(t, release, call{action, in("main-2"), here()}), action)
	}
	assert.True(t, allowed(t, release, call{"ecr:GetAuthorizationToken", "*", here()}))
	for _, d := range release {
		for _, s := range d.Statement {
			for _, action := range s.Action {
				assert.True(t, strings.HasPrefix(action, "ecr:"), action)
			}
		}
	}
	assert.False(t, allowed(t, release, call{"ecr:DeleteRepository", in("main"), here()}))
	assert.False(t, allowed(t, release, call{"ecr:PutLifecyclePolicy", in("main"), here()}))
}
