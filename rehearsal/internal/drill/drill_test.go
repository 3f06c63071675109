package drill

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/ptr"

	"github.com/slipway-eks/slipway/rehearsal/internal/fleet"
)

// deployment is one of so many pods.
func deployment(name string, replicas int32) appsv1.Deployment {
	return appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"name": name}},
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Image: "example.com/web:1", Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("200m")},
				},
			}}}},
		},
	}
}

// pod is one that serves on a node.
func pod(service, name, node string) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{"name": service}},
		Spec:       corev1.PodSpec{NodeName: node},
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
	}
}

// unready is one of the service web that does not.
func unready(name, node string) corev1.Pod {
	p := pod("web", name, node)
	p.Status.Conditions[0].Status = corev1.ConditionFalse
	return p
}

// three are three nodes over two zones that use a quarter of their CPU.
func three() map[string]fleet.NodeState {
	return map[string]fleet.NodeState{
		"n1": {Zone: "a", WantedMilliCPU: 1500, CapacityMilliCPU: 2000},
		"n2": {Zone: "a", CapacityMilliCPU: 2000},
		"n3": {Zone: "b", CapacityMilliCPU: 2000},
	}
}

func TestServices_countPodsThatServeOnLivingNodes(t *testing.T) {
	leaving := pod("web", "web-4", "n1")
	leaving.DeletionTimestamp = ptr.To(metav1.Now())
	foreign := pod("web", "web-5", "n1")
	foreign.Namespace = "other"
	v := &view{
		deployments: []appsv1.Deployment{deployment("web", 3), deployment("chat", 1)},
		pods: []corev1.Pod{
			pod("web", "web-1", "n1"), pod("web", "web-2", "n2"), unready("web-3", "n3"), leaving, foreign,
			pod("web", "web-6", "dead"), pod("chat", "chat-1", "n3"),
		},
		nodes: three(),
	}
	got := v.services()
	require.Len(t, got, 2)
	assert.Equal(t, "shop/chat 1 of 1", got[0].String())
	assert.Equal(t, "shop/web 2 of 3", got[1].String())
	assert.Equal(t, 2, got[1].skew, "both in one of two zones")
	assert.True(t, v.strong(map[string]int32{"shop/chat": 1}))
	assert.False(t, v.strong(map[string]int32{"shop/chat": 1, "shop/web": 3}))
	assert.InDelta(t, 25, v.cpuPercent(), 0.01)
}

func TestBusiest_isWhereMostPodsServe(t *testing.T) {
	v := &view{
		deployments: []appsv1.Deployment{deployment("web", 5)}, nodes: three(),
		pods: []corev1.Pod{
			pod("web", "1", "n2"), unready("2", "n1"), unready("3", "n1"), pod("web", "4", "n3"), pod("web", "5", "n3"),
			pod("agent", "6", "n1"), pod("agent", "7", "n1"), pod("agent", "8", "n1"),
		},
	}
	assert.Equal(t, "n3", busiest(v, func(node string) string { return node }))
	v.pods = append(v.pods, pod("web", "9", "n1"))
	assert.Equal(t, "a", busiest(v, func(node string) string { return v.nodes[node].Zone }), "the first of two that have two")
	assert.Empty(t, busiest(&view{}, func(node string) string { return node }))
}

// begun is a drill in progress.
func begun() *drill {
	return &drill{
		Options: Options{Speed: 20, Patience: 15 * time.Minute}, start: time.Now(),
		report: &Report{Drill: "spike", Subject: "web", Broken: []string{}, Speed: 20},
		wanted: map[string]int32{"shop/web": 3}, lowest: map[string]int32{"shop/web": 3},
	}
}

func TestJudgePending_blamesPodsThatStillWaitBesideIdleNodes(t *testing.T) {
	waiting, placed := waitingPod("web-1"), pod("web", "web-2", "n1")
	d := begun()
	d.Cluster = idle(t, &waiting, &placed)
	require.NoError(t, d.judgePending(t.Context(), true))
	assert.Empty(t, d.report.Broken, "the service has all its pods")
	require.NoError(t, d.judgePending(t.Context(), false))
	assert.Equal(t, []string{
		"shop/web-1 has no place while the nodes use 0 % of their CPU: no policy on CPU will add a node",
	}, d.report.Broken)
}

// waitingPod is one that has no place.
func waitingPod(name string) corev1.Pod {
	p := unready(name, "")
	p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{
		Type: corev1.PodScheduled, Reason: corev1.PodReasonUnschedulable, Message: "3 Insufficient cpu.",
	})
	return p
}

func TestRecovered_saysWhenOrThatItDidNot(t *testing.T) {
	d := begun()
	d.start = time.Now().Add(-3 * time.Second)
	d.recovered(true)
	assert.InDelta(t, 60, d.report.RecoverySeconds, 5, "in AWS's time")
	assert.Empty(t, d.report.Broken)
	d = begun()
	d.recovered(false)
	assert.Equal(t, []string{"the platform was not at full strength again after 15m0s"}, d.report.Broken)
}

func TestJudgeRelease_wantsTheRollOutStoppedAndTheOldPodsKept(t *testing.T) {
	d := begun()
	d.judgeRelease(true, "shop/web")
	assert.Empty(t, d.report.Broken)
	d.lowest["shop/web"] = 2
	d.judgeRelease(false, "shop/web")
	assert.Len(t, d.report.Broken, 2)
	assert.Contains(t, d.report.Broken[0], "the roll-out of shop/web did not stop")
	assert.Contains(t, d.report.Broken[1], "shop/web went down to 2 pods")
}

func TestSpoil_givesABadImageAndAShorterDeadline(t *testing.T) {
	assert.Equal(t, "example.com/web:1-0badbad", spoiled("example.com/web:1"))
	assert.Equal(t, "example.com/web:0.0.0-0badbad", spoiled("example.com/web@sha256:0123"))
	d, bad := begun(), deployment("web", 3)
	bad.Spec.ProgressDeadlineSeconds = ptr.To[int32](610)
	d.spoil(&bad)
	assert.Equal(t, int32(31), *bad.Spec.ProgressDeadlineSeconds)
	assert.Equal(t, []string{"the progress deadline is 31 s instead of 610 s"}, d.report.Shortened)
}

func TestDeadlineExceeded_isWhatKubernetesSaysOfTheDeployment(t *testing.T) {
	stopped := deployment("web", 3)
	stopped.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse}}
	v := &view{deployments: []appsv1.Deployment{stopped, deployment("chat", 1)}}
	assert.True(t, deadlineExceeded(v, "shop/web"))
	assert.False(t, deadlineExceeded(v, "shop/chat"))
}

func TestRolledOut_wantsEveryPodOfTheLastTemplate(t *testing.T) {
	d := deployment("web", 3)
	d.Generation = 2
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: 2, UpdatedReplicas: 3, Replicas: 3}
	for name, c := range map[string]struct {
		change func(*appsv1.Deployment)
		want   bool
	}{
		"all":                           {func(*appsv1.Deployment) {}, true},
		"the controller has not looked": {func(d *appsv1.Deployment) { d.Status.ObservedGeneration = 1 }, false},
		"one is not updated":            {func(d *appsv1.Deployment) { d.Status.UpdatedReplicas = 2 }, false},
		"an old one is left":            {func(d *appsv1.Deployment) { d.Status.Replicas = 4 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			changed := *d.DeepCopy()
			c.change(&changed)
			assert.Equal(t, c.want, rolledOut(&view{deployments: []appsv1.Deployment{changed}}, "shop/web"))
		})
	}
}

func TestObserve_keepsTheLowestAndTellsOnceWhyPodsWait(t *testing.T) {
	d := begun()
	d.Cluster, d.seen, d.pending = idle(t), map[string]string{}, map[string]Pending{}
	v := &view{
		at: d.start.Add(time.Second), deployments: []appsv1.Deployment{deployment("web", 3)}, nodes: three(),
		pods: []corev1.Pod{pod("web", "web-1", "n1"), waitingPod("web-3")},
	}
	d.observe(v)
	d.observe(v)
	assert.Equal(t, int32(1), d.lowest["shop/web"])
	assert.Equal(t, []Entry{
		{Seconds: 20, Text: "shop/web: 1 of 3 serve"},
		{Seconds: 20, Text: "shop/web-3 has no place: 3 Insufficient cpu. (the nodes use 25 % of their CPU)"},
	}, d.report.Timeline)
	v.pods = append(v.pods, pod("web", "web-2", "n2"))
	d.observe(v)
	assert.Equal(t, int32(1), d.lowest["shop/web"])
}

// fixed is a cluster of objects that stay as they are.
type fixed struct {
	client kubernetes.Interface
	fleet  *fleet.Fleet
}

func (f fixed) Client() kubernetes.Interface { return f.client }
func (f fixed) Fleet() *fleet.Fleet          { return f.fleet }
func (f fixed) Err() error                   { return nil }

// idle is a cluster with a fleet that does nothing.
func idle(t *testing.T, objects ...runtime.Object) fixed {
	t.Helper()
	return fixed{client: fake.NewClientset(objects...), fleet: &fleet.Fleet{}}
}

// scaled is a service with its autoscaler.
func scaled(name string, percent int32) []runtime.Object {
	d := deployment(name, 2)
	return []runtime.Object{&d, &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{Name: name},
			Metrics: []autoscalingv2.MetricSpec{{Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{AverageUtilization: &percent},
			}}},
		},
	}}
}

func TestAutoscalerOf_findsAServiceOrNamesThem(t *testing.T) {
	o := Options{Cluster: idle(t, append(scaled("web", 60), scaled("chat", 0)...)...)}
	for _, name := range []string{"web", "shop/web"} {
		hpa, err := autoscalerOf(t.Context(), o, name)
		require.NoError(t, err)
		assert.Equal(t, "web", hpa.Name)
		request, percent, err := target(t.Context(), o, hpa)
		require.NoError(t, err)
		assert.InDelta(t, 200, request, 0)
		assert.InDelta(t, 60, percent, 0)
	}
	_, err := autoscalerOf(t.Context(), o, "arena")
	require.ErrorContains(t, err, "no service arena has an autoscaler; there are shop/chat, shop/web")
	chat, err := autoscalerOf(t.Context(), o, "chat")
	require.NoError(t, err)
	_, _, err = target(t.Context(), o, chat)
	require.ErrorContains(t, err, "chat does not hold a use of CPU")
}

// report is a fixed one.
func report() *Report {
	return &Report{
		Drill: "spike", Subject: "web", Broken: []string{"one node died of the load"}, Speed: 20,
		Timeline:  []Entry{{Seconds: 1.5, Text: "a load"}},
		Services:  []Service{{Name: "shop/web", Wanted: 3, Lowest: 1, WantedAfter: 6, ServesAfter: 5, Skew: 1}},
		Pending:   []Pending{{Pod: "shop/web-1", Why: "3 Insufficient cpu.", NodeCPUPercent: 12}},
		Shortened: []string{"the progress deadline is 31 s instead of 610 s"}, RecoverySeconds: 61.4,
		NodesBefore: 3, NodesLeast: 2, NodesAfter: 3,
	}
}

func TestReport_asText(t *testing.T) {
	var out strings.Builder
	require.NoError(t, report().WriteText(&out))
	for _, want := range []string{
		"SERVICE   PODS  LOWEST  AFTER   SKEW OVER ZONES", "shop/web  3     1       5 of 6  1",
		"nodes: 3 before, 2 at the least, 3 after", "full strength after 61 s",
		"without a place for a while: shop/web-1: 3 Insufficient cpu.", "20 times as fast as in AWS",
		"shortened: the progress deadline is 31 s instead of 610 s", "BROKEN: one node died of the load",
		"Drill spike of web: the platform broke its promises",
	} {
		assert.Contains(t, out.String(), want)
	}
	good := report()
	good.Kept, good.Broken, good.RecoverySeconds = true, nil, 0
	out.Reset()
	require.NoError(t, good.WriteText(&out))
	assert.Contains(t, out.String(), "Drill spike of web: the platform kept its promises")
	assert.NotContains(t, out.String(), "full strength")
	out.Reset()
	WriteEntry(&out, Entry{Seconds: 12.4, Text: "a load"})
	assert.Equal(t, "      12 s  a load\n", out.String())
}

func TestReport_asJSON(t *testing.T) {
	var out strings.Builder
	require.NoError(t, report().WriteJSON(&out))
	var back Report
	require.NoError(t, json.Unmarshal([]byte(out.String()), &back))
	assert.Equal(t, *report(), back)
	assert.Contains(t, out.String(), `"kept": false`)
}
