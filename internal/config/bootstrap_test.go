package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/config"
)

const reference = "organization/slipway-bootstrap/account"

// sharing is a small stack that reads its registry and roles from another one.
var sharing = func() string {
	var kept []string
	for line := range strings.Lines(smallStack) {
		if !strings.Contains(line, "slipway:registry") {
			kept = append(kept, line)
		}
	}
	text := strings.ReplaceAll(strings.Join(kept, ""), `deployRoleArn: "arn:aws:iam::123456789012:role/deploy"`, `version: "1.35"`)
	return text + "  slipway:bootstrap: " + reference + "\n"
}()

var shared = config.Shared{
	Image:          "210987654321.dkr.ecr.eu-west-1.amazonaws.com/shop:{service}_{version}",
	DeployRoleARN:  "arn:aws:iam::210987654321:role/ci-deploy-dev",
	PreviewRoleARN: "arn:aws:iam::210987654321:role/ci-preview",
}

// answering is a source whose bootstrap stack answers.
func answering(t *testing.T, stack string, answer config.Shared, err error) config.Source {
	t.Helper()
	s := project(t, stack, smallServices)
	s.Bootstrap = func(asked string) (config.Shared, error) {
		assert.Equal(t, reference, asked)
		return answer, err
	}
	return s
}

func TestBootstrap_givesWhatIsMissing(t *testing.T) {
	t.Parallel()
	cfg, err := answering(t, sharing, shared, nil).FromFiles(today)
	require.NoError(t, err)
	assert.Equal(t, shared.Image, cfg.Platform.Registry.Image)
	assert.Equal(t, shared.DeployRoleARN, cfg.Platform.Cluster.DeployRoleARN)
	assert.Equal(t, shared.PreviewRoleARN, cfg.Platform.Cluster.PreviewRoleARN)
	assert.Equal(t, "1.35", cfg.Platform.Cluster.Version, "what the stack says itself stays")
	assert.Empty(t, cfg.Notes)
}

func TestBootstrap_comesAfterTheStack(t *testing.T) {
	t.Parallel()
	stack := smallStack + "  slipway:bootstrap: " + reference + "\n"
	cfg, err := answering(t, stack, shared, nil).FromFiles(today)
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:iam::123456789012:role/deploy", cfg.Platform.Cluster.DeployRoleARN)
	assert.NotEqual(t, shared.Image, cfg.Platform.Registry.Image)
	assert.Equal(t, shared.PreviewRoleARN, cfg.Platform.Cluster.PreviewRoleARN)
}

func TestBootstrap_isNotReadFromFilesAlone(t *testing.T) {
	t.Parallel()
	cfg, err := project(t, sharing, smallServices).FromFiles(today)
	require.NoError(t, err)
	require.Len(t, cfg.Notes, 1)
	assert.Contains(t, cfg.Notes[0], reference+", which is not read")
}

func TestBootstrap_refuses(t *testing.T) {
	t.Parallel()
	none := shared
	none.DeployRoleARN, none.Image = "", ""
	for name, c := range map[string]struct {
		source config.Source
		want   []string
	}{
		"a stack that cannot be read": {
			answering(t, sharing, config.Shared{}, errors.New("there is no such stack")), []string{"bootstrap: there is no such stack"},
		},
		"a stack without what is needed": {
			answering(t, sharing, none, nil), []string{"registry.image: Required", "cluster.deployRoleArn: Required"},
		},
		"an empty name": {
			project(t, strings.ReplaceAll(sharing, reference, `""`), smallServices), []string{"bootstrap: Required"},
		},
		"no stack at all": {
			project(t, strings.ReplaceAll(sharing, "  slipway:bootstrap: "+reference+"\n", ""), smallServices),
			[]string{"registry.image: Required", "cluster.deployRoleArn: Required"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.source.FromFiles(today)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}
