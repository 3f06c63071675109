//go:build unix

package kubeprovider_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/kubeprovider"
)

func TestWarnings_nameTheObjectOnce(t *testing.T) {
	c := newCluster(t, m{"pod-security.kubernetes.io/warn": "restricted"})
	c.Make(t, configType, "quiet", c.config("quiet", m{"k": "v"}))
	assert.Empty(t, c.model.Warnings())

	app := c.Make(t, deploymentType, "app", c.deployment(nil, nil))
	require.Len(t, c.model.Warnings(), 1)
	assert.Contains(t, c.model.Warnings()[0], deploymentType+` "app": would violate PodSecurity "restricted:latest"`)

	_, err := c.Update(app, c.deployment(m{"revisionHistoryLimit": 2}, nil))
	require.NoError(t, err)
	assert.Len(t, c.model.Warnings(), 1, "the same warning, again")
}

func TestWarnings_withoutAnObjectStandAlone(t *testing.T) {
	model, err := kubeprovider.New(t.Context(), kubeprovider.Options{})
	require.NoError(t, err)
	model.HandleWarningHeaderWithContext(t.Context(), 299, "-", "v1 ComponentStatus is deprecated in v1.19+")
	model.HandleWarningHeaderWithContext(t.Context(), 299, "-", "another")
	model.HandleWarningHeaderWithContext(t.Context(), 299, "-", "another")
	model.HandleWarningHeaderWithContext(t.Context(), 199, "-", "of a proxy on the way")
	assert.Equal(t, []string{"another", "v1 ComponentStatus is deprecated in v1.19+"}, model.Warnings())
}
