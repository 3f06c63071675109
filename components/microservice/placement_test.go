package microservice_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

const podSpec = "spec.template.spec"

// TestS02_spread: all pods gathered on one of two nodes. They are spread over zones, by at most one pod, as a condition,
// and over hosts as far as it goes; each revision by itself, and over no node that they could not be on. (The object
// alone; a scheduler acts on it in the rehearsal.)
func TestS02_spread(t *testing.T) {
	t.Parallel()
	for kind, change := range map[string]func(*microservice.ServiceArgs){"web": nil, "worker": asWorker} {
		d := ptest.Run(t, program(args(change))).Only(t, deploymentType)
		for i, want := range []struct{ key, otherwise string }{
			{"topology.kubernetes.io/zone", "DoNotSchedule"}, {"kubernetes.io/hostname", "ScheduleAnyway"},
		} {
			at := fmt.Sprintf("%s.topologySpreadConstraints[%d]", podSpec, i)
			assert.Equal(t, map[string]any{
				"topologyKey": want.key, "whenUnsatisfiable": want.otherwise, "maxSkew": 1.0,
				"nodeTaintsPolicy": "Honor", "nodeAffinityPolicy": "Honor", "matchLabelKeys": []any{"pod-template-hash"},
				"labelSelector": d.Value(t, "spec.selector"),
			}, d.Value(t, at), kind)
		}
	}
}

// TestS37_placement: some pods were to run on particular nodes. A service that names a group runs on nodes with its
// label and on no others, tolerates its taints, and is on spot nodes only where it says so. (The object alone; which
// nodes a scheduler then takes is shown in the rehearsal.)
func TestS37_placement(t *testing.T) {
	t.Parallel()
	notSpot := map[string]any{"key": "eks.amazonaws.com/capacityType", "operator": "NotIn", "values": []any{"SPOT"}}
	inGroup := map[string]any{"key": "slipway.dev/node-group", "operator": "In", "values": []any{"batch"}}
	group := func(spot bool) func(*microservice.ServiceArgs) {
		return func(a *microservice.ServiceArgs) {
			a.Service.Placement = spec.Placement{Group: "batch", Spot: spot}
			a.NodeLabels = map[string]string{"slipway.dev/node-group": "batch"}
			a.Tolerations = map[string]spec.Taint{"dedicated": {Value: "batch", Effect: "NoSchedule"}}
		}
	}
	toleration := map[string]any{"key": "dedicated", "operator": "Equal", "value": "batch", "effect": "NoSchedule"}
	tests := map[string]struct {
		change      func(*microservice.ServiceArgs)
		nodes       []any
		tolerations any
	}{
		"anywhere but on spot":       {nil, []any{notSpot}, nil},
		"anywhere":                   {func(a *microservice.ServiceArgs) { a.Service.Placement.Spot = true }, nil, nil},
		"a group":                    {group(false), []any{inGroup, notSpot}, []any{toleration}},
		"a group that may be spot":   {group(true), []any{inGroup}, []any{toleration}},
		"a job's pods are no others": {func(a *microservice.ServiceArgs) { asJob(a); group(false)(a) }, []any{inGroup, notSpot}, []any{toleration}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ptest.Run(t, program(args(tt.change)))
			typ, at := deploymentType, podSpec
			if len(got.OfType(cronJobType)) > 0 {
				typ, at = cronJobType, jobPodSpec
			}
			pods := got.Only(t, typ)
			required := at + ".affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
			if tt.nodes == nil {
				assert.Nil(t, pods.Value(t, at+".affinity"))
			} else {
				assert.Equal(t, []any{map[string]any{"matchExpressions": tt.nodes}}, pods.Value(t, required))
			}
			assert.Equal(t, tt.tolerations, pods.Value(t, at+".tolerations"))
		})
	}
}
