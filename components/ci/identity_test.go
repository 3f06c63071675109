package ci_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/ci"
	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/ptest"
)

const (
	account  = "123456789012"
	region   = "eu-west-1"
	provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
	operator = "arn:aws:iam::123456789012:role/PlatformAdmin"
	keyARN   = "arn:aws:kms:eu-west-1:123456789012:key/state"
	userType = "aws:test/user:User"
)

// args returns a valid identity of two environments, changed by change.
func args(change func(*ci.IdentityArgs)) *ci.IdentityArgs {
	const repository = "example/shop"
	a := &ci.IdentityArgs{
		AccountID: account, Region: region,
		Preview: ci.Preview{Subjects: []ci.Subject{ci.GitHubPullRequests(repository)}},
		Environments: map[string]ci.Environment{
			"dev": {
				Subjects: []ci.Subject{ci.GitHubEnvironment(repository, "dev")}, Clusters: []string{"shop-dev"},
				Operators: []string{operator},
			},
			"prod": {Subjects: []ci.Subject{ci.GitHubEnvironment(repository, "prod")}, Clusters: []string{"shop-prod"}},
		},
		Release: ci.Release{Subjects: []ci.Subject{ci.GitHubBranch(repository, "main")}, Repositories: []string{"main"}},
		State: &ci.State{
			Bucket: "shop-state", KeyARN: pulumi.String(keyARN), Shared: []string{"slipway-bootstrap/account"},
		},
	}
	if change != nil {
		change(a)
	}
	return a
}

// program registers an identity and something that uses its outputs.
func program(a *ci.IdentityArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		i, err := ci.NewIdentity(ctx, "shop", a)
		if err != nil {
			return err
		}
		var user pulumi.CustomResourceState
		return ctx.RegisterResource(userType, "user", pulumi.Map{
			"provider": i.ProviderARN, "preview": i.PreviewRoleARN, "deploy": i.DeployRoleARNs, "release": i.ReleaseRoleARN,
		}, &user)
	}
}

func TestNewIdentity_rolesWithTheirPolicies(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	topics := map[string][]string{
		"shop-preview":     {"cluster", "network", "records", "roles", "state"},
		"shop-deploy-dev":  {"cluster", "network", "records", "roles", "state"},
		"shop-deploy-prod": {"cluster", "network", "records", "roles", "state"},
		"shop-release":     {"images"},
	}
	assert.Len(t, got.OfType(roleType), len(topics))
	for name, want := range topics {
		role := got.Named(t, roleType, name)
		assert.Equal(t, name, role.Value(t, "name"))
		assert.Equal(t, "/", role.Value(t, "path"))
		assert.InDelta(t, 3600, role.Value(t, "maxSessionDuration"), 0)
		assert.Nil(t, role.Value(t, "permissionsBoundary"))
		var found []string
		for _, p := range got.OfType(policyType) {
			if topic, ok := strings.CutPrefix(p.Name, name+"-"); ok {
				found = append(found, topic)
				assert.Equal(t, p.Name, p.Value(t, "name"))
			}
		}
		assert.Equal(t, want, found)
		assert.Len(t, policiesOf(t, got, name), len(want))
	}
	user := got.Only(t, userType)
	assert.Equal(t, "arn:aws:iam:eu-west-1:123456789012:shop-preview", user.Value(t, "preview"))
	assert.Equal(t, "arn:aws:iam:eu-west-1:123456789012:shop-release", user.Value(t, "release"))
	assert.Equal(t, map[string]any{
		"dev":  "arn:aws:iam:eu-west-1:123456789012:shop-deploy-dev",
		"prod": "arn:aws:iam:eu-west-1:123456789012:shop-deploy-prod",
	}, user.Value(t, "deploy"))
}

func TestNewIdentity_provider(t *testing.T) {
	t.Parallel()
	made := ptest.Run(t, program(args(nil)))
	p := made.Only(t, providerType)
	assert.Equal(t, "https://token.actions.githubusercontent.com", p.Value(t, "url"))
	assert.Equal(t, []any{"sts.amazonaws.com"}, p.Value(t, "clientIdLists"))
	assert.Nil(t, p.Value(t, "thumbprintLists"))
	for _, role := range made.OfType(roleType) {
		assert.Contains(t, role.DependsOn, p.URN, "a role is made after the provider that it trusts")
	}
	given := ptest.Run(t, program(args(func(a *ci.IdentityArgs) { a.ProviderARN = provider })))
	assert.Empty(t, given.OfType(providerType))
	assert.Equal(t, provider, given.Only(t, userType).Value(t, "provider"))
	assert.Equal(t, trustOf(t, made, "shop-release"), trustOf(t, given, "shop-release"))
}

func TestNewIdentity_aServerOfOnesOwn(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *ci.IdentityArgs) {
		a.Issuer, a.Audience, a.Partition = "https://jenkins.example.com/oidc/", "aws", "aws-cn"
		a.Preview.Subjects = []ci.Subject{"https://jenkins.example.com/job/shop-preview/"}
		a.Environments = map[string]ci.Environment{"dev": {
			Subjects: []ci.Subject{"https://jenkins.example.com/job/shop-dev/"}, Clusters: []string{"shop-dev"},
		}}
		a.Release.Subjects = []ci.Subject{"https://jenkins.example.com/job/shop-release/"}
	})))
	s := trustOf(t, got, "shop-deploy-dev").Statement[0]
	assert.Equal(t, map[string]identity.Values{
		"Federated": {"arn:aws-cn:iam::123456789012:oidc-provider/jenkins.example.com/oidc"},
	}, s.Principal)
	assert.Equal(t, identity.Conditions{"StringEquals": {
		"jenkins.example.com/oidc:aud": {"aws"},
		"jenkins.example.com/oidc:sub": {"https://jenkins.example.com/job/shop-dev/"},
	}}, s.Condition)
}

func TestNewIdentity_boundaryPathAndSession(t *testing.T) {
	t.Parallel()
	const boundary = "arn:aws:iam::123456789012:policy/ci-boundary"
	got := ptest.Run(t, program(args(func(a *ci.IdentityArgs) {
		a.PermissionsBoundary, a.Path, a.MaxSessionSeconds = boundary, "/ci/", 7200
	})))
	for _, role := range got.OfType(roleType) {
		assert.Equal(t, boundary, role.Value(t, "permissionsBoundary"), role.Name)
		assert.Equal(t, "/ci/", role.Value(t, "path"), role.Name)
		assert.InDelta(t, 7200, role.Value(t, "maxSessionDuration"), 0, role.Name)
	}
	self := "arn:aws:iam::123456789012:role/ci/shop-deploy-prod"
	trust := trustOf(t, got, "shop-deploy-prod")
	assert.True(t, allowed(t, []identity.Document{trust}, call{
		action: "sts:AssumeRole", context: map[string]string{"aws:PrincipalArn": self},
	}))
	assert.True(t, allowed(t, policiesOf(t, got, "shop-deploy-prod"), call{action: "sts:AssumeRole", resource: self}))
}

func TestNewIdentity_withoutState(t *testing.T) {
	t.Parallel()
	none := ptest.Run(t, program(args(func(a *ci.IdentityArgs) { a.State = nil })))
	for _, p := range none.OfType(policyType) {
		assert.NotContains(t, p.Value(t, "policy"), "s3:")
	}
	keyless := ptest.Run(t, program(args(func(a *ci.IdentityArgs) { a.State.KeyARN = nil })))
	text := fmt.Sprint(keyless.Named(t, policyType, "shop-deploy-dev-state").Value(t, "policy"))
	assert.Contains(t, text, "s3:PutObject")
	assert.NotContains(t, text, "kms:")
}

func TestNewIdentity_policiesFit(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *ci.IdentityArgs) {
		for _, name := range []string{"dev", "prod"} {
			e := a.Environments[name]
			e.Clusters = []string{strings.Repeat("a-"+name, 12), strings.Repeat("b-"+name, 12)}
			a.Environments[name] = e
		}
	})))
	for _, p := range got.OfType(policyType) {
		text := fmt.Sprint(p.Value(t, "policy"))
		require.NoError(t, identity.CheckManagedPolicy(p.Name, text))
		assert.Empty(t, parse(t, text).ValidatePermissions(nil))
		t.Log(p.Name, len(text))
	}
}

func TestNewIdentity_leavesItsArgsAlone(t *testing.T) {
	t.Parallel()
	a := args(nil)
	ptest.Run(t, program(a))
	assert.Equal(t, args(nil), a)
}

func TestRights_everyRightIsWhatItSays(t *testing.T) {
	t.Parallel()
	looks := []string{"Describe", "Get", "List"}
	types := map[string]bool{}
	for _, r := range ci.Rights() {
		assert.False(t, types[r.Type], "%s has one row", r.Type)
		types[r.Type] = true
		assert.NotEmpty(t, r.Read, r.Type)
		for _, action := range r.Read {
			_, name, _ := strings.Cut(action, ":")
			assert.True(t, slices.ContainsFunc(looks, func(l string) bool { return strings.HasPrefix(name, l) }), action)
		}
		for _, action := range slices.Concat(r.Read, r.Write) {
			assert.Regexp(t, `^(autoscaling|ec2|eks|iam|kms|logs|route53|sns):[A-Z]\w+$`, action)
		}
	}
}
