package addons_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/addons"
	"github.com/slipway-eks/slipway/internal/ptest"
)

// TestS24_logs: logs had to be read pod by pod. They are in one place and kept for as long as was said: each group
// exists with its retention before anything can write to it.
func TestS24_logs(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *addons.AddonsArgs) { a.Addons.Logs.RetentionDays = 90 })))
	require.Contains(t, names(got), "amazon-cloudwatch-observability")
	addon := got.Named(t, addonType, "shop-addons-amazon-cloudwatch-observability")
	assert.Contains(t, settings(t, got, "amazon-cloudwatch-observability"), `"containerLogs":{"enabled":true}`)
	var groups []string
	for _, g := range got.OfType(logGroupType) {
		name, ok := g.Value(t, "name").(string)
		require.True(t, ok)
		groups = append(groups, name)
		assert.EqualValues(t, 90, g.Value(t, "retentionInDays"), name)
		assert.Contains(t, addon.DependsOn, g.URN, "the agents would make the group without a retention")
	}
	assert.Equal(t, []string{
		"/aws/containerinsights/shop/application", "/aws/containerinsights/shop/dataplane",
		"/aws/containerinsights/shop/host", "/aws/containerinsights/shop/performance",
	}, groups)
}

// The agents leave the services' own pods alone.
func TestNewAddons_agentsChangeNoPods(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	assert.JSONEq(t, `{
		"containerLogs": {"enabled": true},
		"agent": {"config": {"logs": {"metrics_collected": {"kubernetes": {"enhanced_container_insights": true}}}}},
		"manager": {"applicationSignals": {"autoMonitor": {"monitorAllServices": false}}}
	}`, settings(t, got, "amazon-cloudwatch-observability"))
}

func TestNewAddons_withoutLogs(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *addons.AddonsArgs) { a.Addons.Logs.Off = true })))
	assert.Equal(t, []string{"aws-ebs-csi-driver", "coredns", "metrics-server"}, names(got))
	assert.Empty(t, got.OfType(logGroupType))
	assert.Len(t, got.OfType(roleType), 1, "the volume driver's")
}
