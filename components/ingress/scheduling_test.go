package ingress_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

// ofRevision is what counts pods of one revision only.
var ofRevision = []any{"pod-template-hash"}

// All controller pods sat on one node, and their load killed it.
func TestS11_neverTwoPodsOnANode(t *testing.T) {
	t.Parallel()
	d := ptest.Run(t, program(args(nil))).Only(t, deploymentType)
	rules, _ := d.Value(t, pod+".affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution").([]any)
	require.Len(t, rules, 1, "required, and no wish")
	assert.Equal(t, map[string]any{
		"topologyKey":    "kubernetes.io/hostname",
		"labelSelector":  d.Value(t, "spec.selector"),
		"matchLabelKeys": ofRevision,
	}, rules[0], "of each revision: N pods roll out on N nodes")
}

func TestS11_zones(t *testing.T) {
	t.Parallel()
	d := ptest.Run(t, program(args(nil))).Only(t, deploymentType)
	constraints, _ := d.Value(t, pod+".topologySpreadConstraints").([]any)
	require.Len(t, constraints, 1)
	assert.Equal(t, map[string]any{
		"topologyKey":       "topology.kubernetes.io/zone",
		"maxSkew":           1.0,
		"whenUnsatisfiable": "DoNotSchedule",
		"labelSelector":     d.Value(t, "spec.selector"),
		"matchLabelKeys":    ofRevision,
		"nodeTaintsPolicy":  "Honor",
	}, constraints[0])
}

func TestS11_twoPodsOrMore(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	assert.Nil(t, got.Only(t, deploymentType).Value(t, "spec.replicas"), "the autoscaler owns the number of pods")
	a := got.Only(t, autoscalerType)
	assert.InDelta(t, 2, a.Value(t, "spec.minReplicas"), 0)
	assert.InDelta(t, 4, a.Value(t, "spec.maxReplicas"), 0)
	assert.Equal(t, "ingress-nginx-controller", a.Value(t, "spec.scaleTargetRef.name"))
	assert.InDelta(t, 50, a.Value(t, "spec.metrics[0].resource.target.averageUtilization"), 0)
	assert.InDelta(t, 0, a.Value(t, "spec.behavior.scaleUp.stabilizationWindowSeconds"), 0)
	assert.InDelta(t, 300, a.Value(t, "spec.behavior.scaleDown.stabilizationWindowSeconds"), 0)
	assert.Equal(t, []any{map[string]any{"type": "Pods", "value": 1.0, "periodSeconds": 60.0}},
		a.Value(t, "spec.behavior.scaleDown.policies"))

	_, err := ptest.Err(t, program(with(func(i *spec.Ingress) { i.Scale.Min = 1 })))
	assert.ErrorContains(t, err, "scale.min: Invalid value: 1")
}

func TestS11_disruptionBudget(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	require.NotEmpty(t, got.OfType(budgetType), "a budget of its own")
	budget := got.Only(t, budgetType)
	assert.InDelta(t, 1, budget.Value(t, "spec.maxUnavailable"), 0)
	assert.Nil(t, budget.Value(t, "spec.minAvailable"), "what must stay can block a drain")
	assert.Equal(t, "AlwaysAllow", budget.Value(t, "spec.unhealthyPodEvictionPolicy"))
	assert.Equal(t, got.Only(t, deploymentType).Value(t, "spec.selector"), budget.Value(t, "spec.selector"))
}

func TestS11_limits(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	d := got.Only(t, deploymentType)
	assert.Equal(t, map[string]any{
		"requests": map[string]any{"cpu": "200m", "memory": "256Mi"}, "limits": map[string]any{"memory": "512Mi"},
	}, d.Value(t, container+".resources"))
	assert.Equal(t, "system-cluster-critical", d.Value(t, pod+".priorityClassName"))
	assert.Equal(t, "2", got.Only(t, configMapType).Value(t, `data["worker-processes"]`),
		"not one for each CPU of the node: each takes memory")
}
