package fleet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestGroups_nodesOfANewGroupAreThereAtOnceOverItsZones(t *testing.T) {
	w := newWorld(t, general())
	w.pass(t, 0)
	assert.Equal(t, map[string]int{"eu-west-1a": 1, "eu-west-1b": 1}, w.zones(t))
	w.pass(t, time.Hour)
	assert.Len(t, w.nodes(t), 2)
}

func TestGroups_laterNodesTakeTheLaunchTime(t *testing.T) {
	w := newWorldWith(t, Options{Speed: 10}, general())
	w.settle(t)
	w.groups[0].Min = 3
	w.pass(t, 0)
	assert.True(t, w.said("general launches a node: 3 of 4"))
	w.pass(t, launchTime/10-time.Millisecond)
	assert.Len(t, w.nodes(t), 2)
	w.pass(t, time.Millisecond)
	assert.Len(t, w.nodes(t), 3)
	w.pass(t, time.Hour)
	assert.Len(t, w.nodes(t), 3)
}

func TestGroups_goOnFromAnEarlierRun(t *testing.T) {
	w := newWorld(t, general())
	w.groups[0].Desired = 3
	w.settle(t)
	again := newFleet(w.fleet.options, w.client)
	again.now = w.fleet.now
	w.fleet, w.groups[0].Desired = again, 2 // the number that the program gave is that of the start
	w.pass(t, time.Hour)
	assert.Len(t, w.nodes(t), 3)
}

func TestGroups_smallerGivesUpNodesOfTheFullestZone(t *testing.T) {
	w := newWorld(t, general())
	w.groups[0].Desired = 3
	w.settle(t)
	require.Equal(t, map[string]int{"eu-west-1a": 2, "eu-west-1b": 1}, w.zones(t))
	w.groups[0].Max = 2
	w.pass(t, 0)
	w.pass(t, 0)
	assert.Equal(t, map[string]int{"eu-west-1a": 1, "eu-west-1b": 1}, w.zones(t))
	assert.True(t, w.said("its group got smaller"))
	assert.Zero(t, w.fleet.Deaths(), "nothing died of it")
}

// inZone is a node of a recipe, drained or not.
func inZone(zone, recipe string, drained bool) corev1.Node {
	n := corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: zone + recipe, Labels: map[string]string{corev1.LabelTopologyZone: zone}, Annotations: map[string]string{recipeNote: recipe},
	}}
	if drained {
		n.Annotations[drainNote] = "since"
	}
	return n
}

func TestSurplus_isOfTheFullestZoneUnlessOneIsDrainedAlready(t *testing.T) {
	assert.Equal(t, "b1", surplus([]corev1.Node{inZone("a", "1", false), inZone("b", "1", false), inZone("b", "2", false)}).Name)
	assert.Equal(t, "a1", surplus([]corev1.Node{inZone("b", "1", false), inZone("b", "2", false), inZone("a", "1", true)}).Name)
}

func TestOutdated_goesOnWithTheOneThatIsDrainedAlready(t *testing.T) {
	g := general()
	nodes := []corev1.Node{inZone("a", "one", false), inZone("a", "old", false), inZone("b", "old", true), inZone("c", "old", false)}
	assert.Equal(t, "bold", outdated(nodes, &g).Name)
	assert.Equal(t, "aold", outdated(nodes[:2], &g).Name)
	assert.Nil(t, outdated(nodes[:1], &g))
}

func TestGroups_deletedAreDrained(t *testing.T) {
	w := newWorld(t, general())
	w.settle(t)
	own := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "of-nobody"}}
	_, err := w.client.CoreV1().Nodes().Create(t.Context(), own, metav1.CreateOptions{})
	require.NoError(t, err)
	w.groups = nil
	w.pass(t, 0)
	w.pass(t, 0)
	require.Len(t, w.nodes(t), 1)
	assert.Equal(t, "of-nobody", w.nodes(t)[0].Name)
}

// byRecipe counts nodes, and those that take no more pods.
func (w *world) byRecipe(t *testing.T) (count, cordoned map[string]int) {
	t.Helper()
	count, cordoned = map[string]int{}, map[string]int{}
	for _, n := range w.nodes(t) {
		count[n.Annotations[recipeNote]]++
		if n.Spec.Unschedulable {
			cordoned[n.Annotations[recipeNote]]++
		}
	}
	return count, cordoned
}

func TestGroups_replaceNodesOneAfterTheOtherNewBeforeOld(t *testing.T) {
	w := newWorld(t, general())
	w.settle(t)
	w.groups[0].Recipe = "two"
	for range 2 {
		before, _ := w.byRecipe(t)
		w.pass(t, 0)
		w.pass(t, launchTime)
		for range 5 { // the new node is not ready yet
			w.pass(t, time.Second)
			count, cordoned := w.byRecipe(t)
			require.Equal(t, map[string]int{"one": before["one"], "two": before["two"] + 1}, count)
			require.Empty(t, cordoned)
		}
		w.ready(t)
		w.pass(t, 0)
		_, cordoned := w.byRecipe(t)
		require.Equal(t, map[string]int{"one": 1}, cordoned, "one at a time")
		w.pass(t, 0)
	}
	w.pass(t, time.Hour)
	count, cordoned := w.byRecipe(t)
	assert.Equal(t, map[string]int{"two": 2}, count)
	assert.Empty(t, cordoned)
}

func TestDrain_evictsAllButDaemonsAndThenEndsTheNode(t *testing.T) {
	w := newWorld(t, general())
	w.groups[0].Desired, w.groups[0].Zones = 1, []string{"eu-west-1a"}
	w.settle(t)
	node := w.nodes(t)[0].Name
	w.pod(t, "web-1", node, "100m")
	w.pod(t, "agent-1", node, "100m", daemon)
	w.kept["web-1"] = true
	w.groups[0].Recipe = "two"
	w.pass(t, 0)
	w.pass(t, launchTime)
	w.ready(t)
	w.pass(t, 0)                         // cordons it
	w.pass(t, drainTime-time.Nanosecond) // the budget holds
	assert.Len(t, w.nodes(t), 2)
	assert.Equal(t, []string{"agent-1", "web-1"}, w.pods(t))

	w.kept["web-1"] = false
	w.pass(t, 0)
	assert.Equal(t, []string{"agent-1"}, w.pods(t), "the DaemonSet's pod stays as long as its node")
	w.pass(t, 0)
	assert.Len(t, w.nodes(t), 1)
	assert.Empty(t, w.pods(t))
}

func TestDrain_givesUpWaitingForABudget(t *testing.T) {
	const speed = 10
	w := newWorldWith(t, Options{Speed: speed}, general())
	w.groups[0].Desired = 1
	w.settle(t)
	node := w.nodes(t)[0].Name
	w.pod(t, "web-1", node, "100m")
	w.kept["web-1"] = true
	w.groups = nil
	w.pass(t, 0)
	w.pass(t, drainTime/speed-time.Millisecond)
	require.Len(t, w.nodes(t), 1)
	w.pass(t, time.Millisecond)
	assert.Empty(t, w.nodes(t))
	assert.Empty(t, w.pods(t))
}
