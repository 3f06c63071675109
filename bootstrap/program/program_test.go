package program_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/slipway-eks/slipway/bootstrap/program"
	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/ptest"
)

// root is the folder of the project.
const root = ".."

// Types of what the program registers.
const (
	repositoryType = "aws:ecr/repository:Repository"
	roleType       = "aws:iam/role:Role"
	bucketType     = "aws:s3/bucketV2:BucketV2"
	keyType        = "aws:kms/key:Key"
	accountStack   = "account"
)

// configured returns the configuration of the stack's own file, changed by more; an empty value takes a key out.
func configured(t *testing.T, more map[string]string) []ptest.Option {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Pulumi.account.yaml"))
	require.NoError(t, err)
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	config := map[string]string{}
	for key, value := range file.Config {
		if plain, ok := value.(string); ok {
			config[key] = plain
			continue
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		config[key] = string(text)
	}
	maps.Copy(config, more)
	maps.DeleteFunc(config, func(_, value string) bool { return value == "" })
	return []ptest.Option{ptest.WithStack(accountStack), ptest.WithConfig(config)}
}

func deploy(t *testing.T, more map[string]string) *ptest.Result {
	t.Helper()
	return ptest.Run(t, program.DeployFrom(root), configured(t, more)...)
}

func TestDeploy_theStackThatIsShipped(t *testing.T) {
	t.Parallel()
	got := deploy(t, nil)
	var roles []string
	for _, role := range got.OfType(roleType) {
		roles = append(roles, role.Name)
	}
	assert.Equal(t, []string{"slipway-deploy-dev", "slipway-deploy-prod", "slipway-preview", "slipway-release"}, roles)
	assert.Equal(t, "main", got.Only(t, repositoryType).Value(t, "name"))
	provider := got.Only(t, "pulumi:providers:aws")
	assert.Equal(t, `["123456789012"]`, asJSON(t, provider.Value(t, "allowedAccountIds")))
	assert.JSONEq(t, `{"tags": {"slipway:project": "slipway", "slipway:stack": "account"}}`,
		asJSON(t, provider.Value(t, "defaultTags")))
	for _, r := range got.All() {
		if r.Custom && r.Type != provider.Type {
			assert.NotEmpty(t, r.Provider, r.URN)
		}
	}
}

// asJSON returns a setting of a provider, which the SDK hands over as a value or as its JSON.
func asJSON(t *testing.T, value any) string {
	t.Helper()
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

func TestDeploy_protectsWhatHoldsSomething(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{repositoryType, bucketType, keyType, "aws:kms/alias:Alias"} {
		assert.True(t, deploy(t, nil).Only(t, typ).Protect, typ)
		assert.False(t, deploy(t, map[string]string{"slipway-bootstrap:unprotected": "true"}).Only(t, typ).Protect, typ)
	}
}

func TestDeploy_stateIsKeptWell(t *testing.T) {
	t.Parallel()
	got := deploy(t, nil)
	assert.Equal(t, "example-shop-pulumi-state", got.Only(t, bucketType).Value(t, "bucket"))
	assert.Nil(t, got.Only(t, bucketType).Value(t, "forceDestroy"))
	assert.Equal(t, true, got.Only(t, keyType).Value(t, "enableKeyRotation"))
	assert.Equal(t, "alias/example-shop-pulumi-state", got.Only(t, "aws:kms/alias:Alias").Value(t, "name"))
	assert.Equal(t, "Enabled",
		got.Only(t, "aws:s3/bucketVersioningV2:BucketVersioningV2").Value(t, "versioningConfiguration.status"))
	encryption := got.Only(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2")
	assert.Equal(t, "aws:kms", encryption.Value(t, "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm"))
	assert.Equal(t, "arn:aws:kms:eu-west-1:123456789012:state",
		encryption.Value(t, "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId"))
	block := got.Only(t, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
	for _, way := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		assert.Equal(t, true, block.Value(t, way), way)
	}
	policy := fmt.Sprint(got.Named(t, "aws:iam/policy:Policy", "slipway-deploy-dev-state").Value(t, "policy"))
	assert.Contains(t, policy, "arn:aws:s3:::example-shop-pulumi-state/.pulumi/stacks/slipway/account.*")

	without := deploy(t, map[string]string{"slipway-bootstrap:state": ""})
	assert.Empty(t, without.OfType(bucketType))
	assert.Empty(t, without.OfType(keyType))
}

// Who runs something is read from the trust policies: GitHub's usual subjects, or those that are given.
func TestDeploy_whoGetsWhichRole(t *testing.T) {
	t.Parallel()
	const github = "token.actions.githubusercontent.com:sub"
	tests := map[string]struct {
		ci, key string
		want    map[string]string
	}{
		"GitHub": {"", github, map[string]string{
			"slipway-preview": "repo:example/shop:pull_request", "slipway-release": "repo:example/shop:ref:refs/heads/main",
			"slipway-deploy-dev": "repo:example/shop:environment:dev", "slipway-deploy-prod": "repo:example/shop:environment:prod",
		}},
		"GitHub, with a branch and a subject of its own": {
			`{"name": "ci", "github": {"repository": "a-1/b-2", "branch": "trunk"}, "environments":
			{"dev": {"clusters": ["x"], "subjects": ["repo:a-1/b-2:ref:refs/heads/dev"]}}}`, github, map[string]string{
				"ci-preview": "repo:a-1/b-2:pull_request", "ci-release": "repo:a-1/b-2:ref:refs/heads/trunk",
				"ci-deploy-dev": "repo:a-1/b-2:ref:refs/heads/dev",
			},
		},
		"GitLab": {
			`{"issuer": "https://gitlab.com",
			"preview": {"subjects": ["project_path:group/shop:ref_type:branch:ref:preview"]},
			"release": {"subjects": ["project_path:group/shop:ref_type:branch:ref:main"]}, "environments":
			{"dev": {"clusters": ["x"], "subjects": ["project_path:group/shop:ref_type:branch:ref:dev"]}}}`,
			"gitlab.com:sub",
			map[string]string{
				"slipway-preview":    "project_path:group/shop:ref_type:branch:ref:preview",
				"slipway-release":    "project_path:group/shop:ref_type:branch:ref:main",
				"slipway-deploy-dev": "project_path:group/shop:ref_type:branch:ref:dev",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			more := map[string]string{}
			if tt.ci != "" {
				more["slipway-bootstrap:ci"] = tt.ci
			}
			found := map[string]string{}
			for _, role := range deploy(t, more).OfType(roleType) {
				trust, err := identity.ParseDocument(fmt.Sprint(role.Value(t, "assumeRolePolicy")))
				require.NoError(t, err)
				subjects := trust.Statement[0].Condition["StringEquals"][tt.key]
				require.Len(t, subjects, 1, role.Name)
				found[role.Name] = subjects[0]
			}
			assert.Equal(t, tt.want, found)
		})
	}
}

func TestDeploy_aRepositoryForEachService(t *testing.T) {
	t.Parallel()
	got := deploy(t, map[string]string{"slipway-bootstrap:registry": `{"layout": "perService", "repositoryName": "shop"}`})
	assert.Equal(t, "shop/chatting-server", got.Named(t, repositoryType, "registry-chatting-server").Value(t, "name"))
	policy := fmt.Sprint(got.Named(t, "aws:iam/policy:Policy", "slipway-release-images").Value(t, "policy"))
	assert.Contains(t, policy, ":repository/shop/*")
}

func TestDeploy_rejects(t *testing.T) {
	t.Parallel()
	const ci = "slipway-bootstrap:ci"
	tests := map[string]struct {
		key, value, want string
	}{
		"no region":             {"aws:region", "", "aws:region: Required"},
		"no account":            {"slipway-bootstrap:accountId", "", "accountId: Required"},
		"an odd account":        {"slipway-bootstrap:accountId", "42", "accountId: Invalid"},
		"no registry":           {"slipway-bootstrap:registry", "", "registry: Required"},
		"an odd layout":         {"slipway-bootstrap:registry", `{"layout": "one", "repositoryName": "main"}`, "registry.layout: Unsupported"},
		"an unknown key":        {ci, `{"githup": {}}`, "ci.githup: Forbidden: unknown key; did you mean github?"},
		"what is no object":     {ci, `[`, "ci: Invalid value: cannot be read"},
		"a text for an object":  {ci, `"a"`, "ci: Invalid value: must be a mapping"},
		"no environments":       {ci, `{"github": {"repository": "a/b"}}`, "ci.environments: Required"},
		"nobody's environments": {ci, `{"environments": {"dev": {"clusters": ["x"]}}}`, "ci.environments[dev].subjects: Required"},
		"an odd bucket":         {"slipway-bootstrap:state", `{"bucket": "A"}`, "ci.state.bucket: Invalid"},
		"an empty key":          {"slipway-bootstrap:state", `{"bucket": ""}`, "state.bucket: Required"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ptest.Err(t, program.DeployFrom(root), configured(t, map[string]string{tt.key: tt.value})...)
			require.ErrorContains(t, err, tt.want)
			assert.Empty(t, got.OfType(repositoryType))
		})
	}
	t.Run("every problem at once, before anything is registered", func(t *testing.T) {
		t.Parallel()
		got, err := ptest.Err(t, program.DeployFrom(t.TempDir()), configured(t, map[string]string{
			"aws:region": "", "slipway-bootstrap:accountId": "42",
		})...)
		for _, want := range []string{"aws:region: Required", "accountId: Invalid", "services: Invalid value"} {
			require.ErrorContains(t, err, want)
		}
		assert.Empty(t, got.All())
	})
	t.Run("a key of ours in the stack's file that nothing reads", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "bootstrap")
		require.NoError(t, os.Mkdir(dir, 0o700))
		text := "config: {slipway-bootstrap:regstry: {}, other:key: 1}\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.account.yaml"), []byte(text), 0o600))
		_, err := ptest.Err(t, program.DeployFrom(dir), configured(t, nil)...)
		require.ErrorContains(t, err, "slipway-bootstrap:regstry: Forbidden")
		assert.NotContains(t, err.Error(), "other:key")
	})
}
