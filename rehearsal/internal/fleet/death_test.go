package fleet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
)

// busy is a world of one node whose pods want so many millicores of 2000.
func busy(t *testing.T, o Options, milli float64) *world {
	t.Helper()
	w := newWorldWith(t, o, general())
	w.groups[0].Desired = 1
	w.settle(t)
	w.pod(t, "web-1", w.nodes(t)[0].Name, "100m")
	w.fleet.Load().SetPerPod("shop", "web", milli)
	return w
}

func TestOverload_killsANodeThatWantsTooMuchForTooLong(t *testing.T) {
	w := busy(t, Options{Speed: 10, Death: Death{Percent: 90, For: 20 * time.Second}}, 1801)
	w.pass(t, 0)
	w.pass(t, 2*time.Second-time.Millisecond)
	assert.Zero(t, w.fleet.Deaths())
	w.pass(t, time.Millisecond)
	assert.Equal(t, 1, w.fleet.Deaths())
	assert.True(t, w.said("dies: its pods want 1801m of 2000m CPU"))
	assert.Empty(t, w.fleet.Nodes(), "it looks dead at once from outside")
}

func TestOverload_isTheDefaultModelIfNothingIsSaid(t *testing.T) {
	assert.Equal(t, DefaultDeath, newFleet(Options{}, nil).options.Death)
}

func TestOverload_sparesANodeAtTheLimit(t *testing.T) {
	w := busy(t, Options{Death: Death{Percent: 90, For: 20 * time.Second}}, 1800)
	w.pass(t, 0)
	w.pass(t, time.Hour)
	assert.Zero(t, w.fleet.Deaths())
}

func TestOverload_countsAnewAfterAPause(t *testing.T) {
	w := busy(t, Options{Death: Death{Percent: 100, For: 30 * time.Second}}, 2001)
	w.pass(t, 0)
	w.pass(t, 29*time.Second)
	w.fleet.Load().Clear("shop", "web")
	w.pass(t, 0)
	w.fleet.Load().SetPerPod("shop", "web", 2001)
	w.pass(t, 0)
	w.pass(t, 29*time.Second)
	assert.Zero(t, w.fleet.Deaths())
	w.pass(t, time.Second)
	assert.Equal(t, 1, w.fleet.Deaths())
}

func TestKill_isNoticedAfterTheGraceAndBuriedAfterThat(t *testing.T) {
	const speed = 10
	w := newWorldWith(t, Options{Speed: speed}, general())
	w.groups[0].Desired = 1
	w.settle(t)
	node := w.nodes(t)[0].Name
	w.pod(t, "web-1", node, "100m")
	w.fleet.Kill(node, "the test ends it")
	w.fleet.Kill(node, "again")
	assert.Equal(t, 1, w.fleet.Deaths())
	w.pass(t, 0)

	lost := func() bool {
		for _, n := range w.nodes(t) {
			if n.Name == node {
				return n.Labels[controlplane.LostLabel] == "true"
			}
		}
		return false
	}
	w.pass(t, graceTime/speed)
	assert.False(t, lost())
	w.pass(t, time.Millisecond)
	assert.True(t, lost())
	assert.Equal(t, []string{"web-1"}, w.pods(t))
	w.pass(t, buryTime/speed)
	assert.False(t, lost())
	assert.Empty(t, w.pods(t))
	w.pass(t, 0)
	require.Len(t, w.nodes(t), 1)
	assert.NotEqual(t, node, w.nodes(t)[0].Name, "its group has made another")
}

func TestLoseZone_endsItsNodesAndLetsNoneBeginThere(t *testing.T) {
	w := newWorld(t, general())
	w.groups[0].Desired = 4
	w.settle(t)
	assert.Equal(t, 2, w.fleet.LoseZone("eu-west-1b"))
	assert.Equal(t, 2, w.fleet.Deaths())
	w.pass(t, 0)
	w.pass(t, graceTime+buryTime+time.Second)
	w.pass(t, time.Hour)
	assert.Equal(t, map[string]int{"eu-west-1a": 4}, w.zones(t))
}

func TestLoseZone_ofAGroupInOneZoneWaitsForItsReturn(t *testing.T) {
	w := newWorld(t, general())
	w.groups[0].Zones = []string{"eu-west-1b"}
	w.settle(t)
	w.fleet.LoseZone("eu-west-1b")
	w.pass(t, 0)
	w.pass(t, time.Hour)
	w.pass(t, time.Hour)
	assert.Empty(t, w.nodes(t))
	w.fleet.RestoreZone("eu-west-1b")
	w.pass(t, 0)
	assert.Equal(t, map[string]int{"eu-west-1b": 2}, w.zones(t))
}
