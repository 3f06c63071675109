package status_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/slipway-eks/slipway/rehearsal/internal/fleet"
	"github.com/slipway-eks/slipway/rehearsal/internal/status"
)

func pod(namespace, name string) corev1.Pod {
	return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

// nodes are two, of which the first in order comes last.
func nodes() []fleet.NodeState {
	return []fleet.NodeState{
		{
			Name: "i-2.eu-west-1.compute.internal", Group: "general", Zone: "eu-west-1b", MaxPods: 110,
			CapacityMilliCPU: 2000, AllocatableMilliCPU: 1930,
		},
		{
			Name: "i-1.eu-west-1.compute.internal", Group: "general", Zone: "eu-west-1a", Ready: true, MaxPods: 110,
			CapacityMilliCPU: 2000, WantedMilliCPU: 500, RequestedMilliCPU: 350, AllocatableMilliCPU: 1930,
			Pods: []corev1.Pod{
				pod("shop", "web-5d4f8b9c7d-x2x4z"), pod("shop", "web-5d4f8b9c7d-abcde"), pod("kube-system", "aws-node-k9x2z"),
			},
		},
	}
}

// objects are two autoscalers, one of which has no measurement, and two pods without a place.
func objects() []runtime.Object {
	cpu := func(percent int32) []autoscalingv2.MetricSpec {
		return []autoscalingv2.MetricSpec{{Resource: &autoscalingv2.ResourceMetricSource{
			Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{AverageUtilization: ptr.To(percent)},
		}}}
	}
	web := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
		Spec:       autoscalingv2.HorizontalPodAutoscalerSpec{MinReplicas: ptr.To[int32](2), MaxReplicas: 6, Metrics: cpu(60)},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: 3, CurrentMetrics: []autoscalingv2.MetricStatus{
			{Resource: &autoscalingv2.ResourceMetricStatus{Current: autoscalingv2.MetricValueStatus{AverageUtilization: ptr.To[int32](71)}}},
		}},
	}
	api := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "api", Name: "api"},
		Spec:       autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: 4, Metrics: cpu(50)},
	}
	waiting, fresh := pod("shop", "chat-1"), pod("shop", "chat-2")
	waiting.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Message: "0/2 nodes are available: 2 Insufficient cpu."}}
	return []runtime.Object{web, api, &waiting, &fresh}
}

func read(t *testing.T) *status.Status {
	t.Helper()
	client := fake.NewClientset(objects()...)
	s, err := status.Read(t.Context(), client, nodes())
	require.NoError(t, err)
	asked := false
	for _, a := range client.Actions() {
		if list, ok := a.(k8stesting.ListAction); ok && a.GetResource().Resource == "pods" {
			assert.Equal(t, "spec.nodeName=", list.GetListRestrictions().Fields.String(), "pods without a place alone")
			asked = true
		}
	}
	assert.True(t, asked)
	return s
}

const screen = `
NODE  GROUP    ZONE        CPU ASKED      CPU USED  PODS
i-1   general  eu-west-1a  350m of 1930m  25 %      3 of 110
  aws-node, web x2
i-2   general  eu-west-1b  0m of 1930m    0 %       0 of 110  not ready

AUTOSCALER  PODS        CPU
api/api     0 (1 to 4)  unknown, to hold 50 %
shop/web    3 (2 to 6)  71 %, to hold 60 %

PODS WITHOUT A PLACE: 2
  shop/chat-1: 0/2 nodes are available: 2 Insufficient cpu.
  shop/chat-2: the scheduler has not looked at it yet
`

func TestWriteText_isOneScreen(t *testing.T) {
	var out strings.Builder
	require.NoError(t, read(t).WriteText(&out))
	assert.Equal(t, screen, "\n"+out.String())
}

func TestStatus_asJSON(t *testing.T) {
	data, err := json.Marshal(read(t))
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"nodes": [
			{"name": "i-1.eu-west-1.compute.internal", "group": "general", "zone": "eu-west-1a", "ready": true,
			 "requestedMilliCpu": 350, "allocatableMilliCpu": 1930, "usedPercent": 25, "maxPods": 110,
			 "pods": ["kube-system/aws-node-k9x2z", "shop/web-5d4f8b9c7d-abcde", "shop/web-5d4f8b9c7d-x2x4z"]},
			{"name": "i-2.eu-west-1.compute.internal", "group": "general", "zone": "eu-west-1b", "ready": false,
			 "requestedMilliCpu": 0, "allocatableMilliCpu": 1930, "usedPercent": 0, "maxPods": 110, "pods": []}
		],
		"autoscalers": [
			{"name": "api/api", "min": 1, "max": 4, "now": 0, "cpuPercent": -1, "targetPercent": 50},
			{"name": "shop/web", "min": 2, "max": 6, "now": 3, "cpuPercent": 71, "targetPercent": 60}
		],
		"pending": [
			{"name": "shop/chat-1", "why": "0/2 nodes are available: 2 Insufficient cpu."},
			{"name": "shop/chat-2", "why": "the scheduler has not looked at it yet"}
		]
	}`, string(data))
}

func TestStatus_ofAnEmptyClusterHasEmptyLists(t *testing.T) {
	s, err := status.Read(t.Context(), fake.NewClientset(), nil)
	require.NoError(t, err)
	data, err := json.Marshal(s)
	require.NoError(t, err)
	assert.JSONEq(t, `{"nodes": [], "autoscalers": [], "pending": []}`, string(data))
}

func TestWriteText_wrapsTheNamesOfPods(t *testing.T) {
	node := nodes()[0]
	for range 30 {
		node.Pods = append(node.Pods, pod("shop", strings.Repeat(string(rune('a'+len(node.Pods)%26)), 20)+"-1"))
	}
	s, err := status.Read(t.Context(), fake.NewClientset(), []fleet.NodeState{node})
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, s.WriteText(&out))
	for line := range strings.SplitSeq(out.String(), "\n") {
		assert.LessOrEqual(t, len(line), 112, line)
	}
	assert.Contains(t, out.String(), "aaaaaaaaaaaaaaaaaaaa x2, ")
}

func TestRead_saysWhatCannotBeRead(t *testing.T) {
	for _, resource := range []string{"pods", "horizontalpodautoscalers"} {
		client := fake.NewClientset()
		client.PrependReactor("list", resource, func(k8stesting.Action) (bool, runtime.Object, error) {
			return true, nil, errors.New("the server is gone")
		})
		_, err := status.Read(t.Context(), client, nil)
		require.ErrorContains(t, err, "the server is gone")
		require.ErrorContains(t, err, "listing")
	}
}
