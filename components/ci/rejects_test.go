package ci_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/ci"
	"github.com/slipway-eks/slipway/internal/ptest"
)

// environment changes the environment dev.
func environment(change func(*ci.Environment)) func(*ci.IdentityArgs) {
	return func(a *ci.IdentityArgs) {
		e := a.Environments["dev"]
		change(&e)
		a.Environments["dev"] = e
	}
}

// subjects makes s the subjects of the environment dev.
func subjects(s ...ci.Subject) func(*ci.IdentityArgs) {
	return environment(func(e *ci.Environment) { e.Subjects = s })
}

func clusters(names ...string) func(*ci.IdentityArgs) {
	return environment(func(e *ci.Environment) { e.Clusters = names })
}

func TestNewIdentity_rejects(t *testing.T) {
	t.Parallel()
	const dev = "environments[dev]."
	tests := map[string]struct {
		change func(*ci.IdentityArgs)
		want   string
	}{
		"no account":                   {func(a *ci.IdentityArgs) { a.AccountID = "" }, "accountId: Invalid"},
		"an odd account":               {func(a *ci.IdentityArgs) { a.AccountID = "12345678901" }, "accountId: Invalid"},
		"no region":                    {func(a *ci.IdentityArgs) { a.Region = "" }, "region: Invalid"},
		"an issuer without https":      {func(a *ci.IdentityArgs) { a.Issuer = "http://ci.example.com" }, "issuer: Invalid value: \"http://ci.example.com\": must begin with https://"},
		"an issuer without a scheme":   {func(a *ci.IdentityArgs) { a.Issuer = "ci.example.com" }, "issuer: Invalid"},
		"an issuer with a query":       {func(a *ci.IdentityArgs) { a.Issuer = "https://ci.example.com?a=b" }, "issuer: Invalid"},
		"an audience of space":         {func(a *ci.IdentityArgs) { a.Audience = " " }, "audience: Invalid"},
		"an audience with a wildcard":  {func(a *ci.IdentityArgs) { a.Audience = "*" }, "audience: Invalid"},
		"another issuer's provider":    {func(a *ci.IdentityArgs) { a.ProviderARN = strings.Replace(provider, "token", "tokens", 1) }, "providerArn: Invalid"},
		"another account's provider":   {func(a *ci.IdentityArgs) { a.ProviderARN = strings.Replace(provider, "123", "321", 1) }, "providerArn: Invalid"},
		"a boundary that is no policy": {func(a *ci.IdentityArgs) { a.PermissionsBoundary = operator }, "permissionsBoundary: Invalid"},
		"a path without a slash":       {func(a *ci.IdentityArgs) { a.Path = "ci" }, "path: Invalid"},
		"a short session":              {func(a *ci.IdentityArgs) { a.MaxSessionSeconds = 900 }, "maxSessionSeconds: Invalid value: 900: must be from 3600 to 43200"},
		"a long session":               {func(a *ci.IdentityArgs) { a.MaxSessionSeconds = 86400 }, "maxSessionSeconds: Invalid"},

		"nobody previews":             {func(a *ci.IdentityArgs) { a.Preview.Subjects = nil }, "preview.subjects: Required"},
		"nobody deploys":              {subjects(), dev + "subjects: Required"},
		"nobody releases":             {func(a *ci.IdentityArgs) { a.Release.Subjects = nil }, "release.subjects: Required"},
		"an empty subject":            {subjects(""), dev + "subjects[0]: Invalid"},
		"a subject of an owner":       {subjects("repo:example"), "must name the repository"},
		"a subject of a repository":   {subjects("repo:example/shop"), "must name the repository and what of it runs"},
		"no context in a subject":     {subjects("repo:example/shop:"), dev + "subjects[0]: Invalid"},
		"a subject without a name":    {subjects(ci.GitHubBranch("example", "main")), "must name the repository"},
		"a subject of something else": {subjects("environment:dev"), "must name the repository"},
		"GitLab's without a branch":   {subjects("project_path:group/shop"), "must name the"},
		"a project without a group": {func(a *ci.IdentityArgs) {
			a.Issuer = "https://gitlab.com"
			subjects(ci.GitLabBranch("shop", "main"))(a)
		}, "must name the project and its branch"},
		"one run, two roles": {subjects(ci.GitHubPullRequests("example/shop")), dev + "subjects[0]: Invalid value: \"repo:example/shop:pull_request\": has the role of preview.subjects[0] already"},

		"no environments":            {func(a *ci.IdentityArgs) { a.Environments = nil }, "environments: Required"},
		"an odd environment":         {func(a *ci.IdentityArgs) { a.Environments["a b"] = a.Environments["dev"] }, "environments[a b]: Invalid"},
		"no clusters":                {clusters(), dev + "clusters: Required"},
		"an odd cluster":             {clusters("shop*"), dev + "clusters[0]: Invalid"},
		"another account's operator": {environment(func(e *ci.Environment) { e.Operators = []string{"arn:aws:iam::210987654321:role/a"} }), dev + "operators[0]: Invalid"},
		"any operator":               {environment(func(e *ci.Environment) { e.Operators = []string{"arn:aws:iam::123456789012:role/*"} }), dev + "operators[0]: Invalid"},

		"no repository":       {func(a *ci.IdentityArgs) { a.Release.Repositories = nil }, "release.repositories: Required"},
		"every repository":    {func(a *ci.IdentityArgs) { a.Release.Repositories = []string{"*"} }, "release.repositories[0]: Invalid"},
		"an odd bucket":       {func(a *ci.IdentityArgs) { a.State.Bucket = "Shop" }, "state.bucket: Invalid"},
		"an odd shared stack": {func(a *ci.IdentityArgs) { a.State.Shared = []string{"*/*"} }, "state.shared[0]: Invalid"},
		"a long name of a role": {func(a *ci.IdentityArgs) {
			a.Environments[strings.Repeat("x", 60)] = ci.Environment{Subjects: []ci.Subject{ci.GitHubBranch("a/b", "c")}, Clusters: []string{"x"}}
		}, "more than IAM's 64"},
		"a long trust policy":         {environment(func(e *ci.Environment) { e.Operators = slicesOf(operator, 40) }), "more than IAM's 2048"},
		"more clusters than fit":      {environment(func(e *ci.Environment) { e.Clusters = numbered(40) }), "more than IAM's 6144"},
		"the same cluster everywhere": {clusters("shop-prod"), dev + "clusters[0]: Invalid"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ptest.Err(t, program(args(tt.change)))
			require.ErrorContains(t, err, tt.want)
			assert.Empty(t, got.All(), "nothing is registered before everything is valid")
		})
	}
	t.Run("nil args, with every problem at once", func(t *testing.T) {
		t.Parallel()
		_, err := ptest.Err(t, program(nil))
		for _, want := range []string{"accountId:", "region:", "preview.subjects:", "environments:", "release.subjects:", "release.repositories:"} {
			require.ErrorContains(t, err, want)
		}
	})
}

func slicesOf(text string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = text + strings.Repeat("x", i)
	}
	return all
}

// numbered returns n names of clusters, none of which begins another.
func numbered(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.Repeat("c", i+1) + "luster"
	}
	return all
}
