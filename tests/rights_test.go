package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/slipway-eks/slipway/components/ci"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/stacks"
)

// campus is a project of its own, with few services.
var campus = filepath.Join(root, "examples", "campus")

// deployCampus runs the campus platform.
func deployCampus(t *testing.T) *ptest.Result {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(campus, "Pulumi.campus.yaml"))
	require.NoError(t, err)
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	config := map[string]string{}
	for key, value := range file.Config {
		config[key] = asText(t, value)
	}
	text, err = os.ReadFile(filepath.Join(campus, "services.yaml"))
	require.NoError(t, err)
	var catalogue map[string]struct {
		SecretEnv   map[string]string `yaml:"secretEnv"`
		SecretFiles map[string]string `yaml:"secretFiles"`
	}
	require.NoError(t, yaml.Unmarshal(text, &catalogue))
	var secrets []string
	for _, service := range catalogue {
		for _, names := range []map[string]string{service.SecretEnv, service.SecretFiles} {
			for _, key := range names {
				config["slipway:"+key], secrets = marker, append(secrets, "slipway:"+key)
			}
		}
	}
	return ptest.Run(t, stacks.DeployAsOf(campus, asOf),
		ptest.WithStack("campus"), ptest.WithAnswers(zones), ptest.WithConfig(config, secrets...))
}

// The table that the CI's policies are made from is what the stacks consist of: no type is without its rights, and no
// right is without a type that needs it.
func TestRights_areThoseOfWhatStacksRegister(t *testing.T) {
	t.Parallel()
	rights := map[string]ci.Right{}
	for _, r := range ci.Rights() {
		rights[r.Type] = r
	}
	used := map[string]bool{}
	for _, got := range []*ptest.Result{deploy(t, "dev", nil), deploy(t, "prod", nil), deployCampus(t)} {
		for _, r := range got.All() {
			if strings.HasPrefix(r.Type, "aws:") && r.Custom {
				assert.Contains(t, rights, r.Type, "%s: add a row to components/ci", r.Name)
				used[r.Type] = true
			}
		}
	}
	for _, r := range ci.Rights() {
		assert.Equal(t, !used[r.Type], r.Why != "", "%s is registered by a stack, or the row says what needs it", r.Type)
	}
}

// The deploy roles are kept to names that begin with the clusters', so those must be the ones that the stacks give.
func TestRights_theAccountNamesTheClustersOfTheStacks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "bootstrap", "Pulumi.account.yaml"))
	require.NoError(t, err)
	var file struct {
		Config struct {
			CI struct {
				Environments map[string]struct {
					Clusters []string `yaml:"clusters"`
				} `yaml:"environments"`
			} `yaml:"slipway-bootstrap:ci"`
		} `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	for _, stack := range []string{"dev", "prod"} {
		cluster := deploy(t, stack, nil).Only(t, "eks:index:Cluster").Value(t, "name")
		assert.Equal(t, []string{cluster.(string)}, file.Config.CI.Environments[stack].Clusters, stack)
	}
}
