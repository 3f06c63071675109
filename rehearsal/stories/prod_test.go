//go:build unix

package stories_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
	"github.com/slipway-eks/slipway/stacks"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// day is one on which the versions of the stack are supported.
var day = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// prod renders the whole platform of the stack prod from the files that users edit, changed by change.
func prod(t *testing.T, change func(*spec.Platform)) *ptest.Result {
	t.Helper()
	c, err := config.Source{Root: "../..", Project: ptest.Project, Stack: "prod"}.FromFiles(day)
	require.NoError(t, err)
	secrets := map[string]pulumi.StringInput{}
	for key := range c.Platform.SecretKeys() {
		secrets[key] = pulumi.String("not a secret")
	}
	if change != nil {
		change(&c.Platform)
	}
	return ptest.Run(t, func(ctx *pulumi.Context) error {
		_, err := stacks.NewPlatform(ctx, c.Platform.Cluster.Name, &stacks.PlatformArgs{
			Platform: c.Platform, Region: c.Region, Secrets: secrets, AsOf: day,
		})
		return err
	})
}

// recorded is the account of a rendered program: its node groups and add-ons as they were registered.
func recorded(t *testing.T, got *ptest.Result) account {
	t.Helper()
	view := simaws.ViewOf(resources(got))
	a := account{}
	for _, g := range got.OfType("aws:eks/nodeGroup:NodeGroup") {
		cluster := fmt.Sprint(g.Value(t, "clusterName"))
		a.groups, a.addons = view.NodeGroups(cluster), view.Addons(cluster)
	}
	require.NotEmpty(t, a.groups)
	return a
}
