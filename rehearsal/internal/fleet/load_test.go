package fleet

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// uses returns what each pod uses now, by name.
func (w *world) uses(t *testing.T) map[string]float64 {
	t.Helper()
	w.pass(t, 0)
	s := w.fleet.seen()
	out := map[string]float64{}
	for i, milli := range w.fleet.load.use(s) {
		out[s.pods[i].Name] = milli
	}
	return out
}

// starts says that a pod's start takes 40 s and so much CPU.
func starts(cpu string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Annotations = map[string]string{spec.StartupSecondsAnnotation: "40", spec.StartupCPUAnnotation: cpu}
	}
}

func TestLoad_isATenthOfTheRequestIfNothingIsSaid(t *testing.T) {
	w := newWorld(t)
	w.pod(t, "web-1", "node", "500m")
	w.pod(t, "web-2", "", "500m")
	assert.Equal(t, map[string]float64{"web-1": 50, "web-2": 0}, w.uses(t), "a pod that does not run uses nothing")
}

func TestLoad_isSharedByThePodsThatServe(t *testing.T) {
	w := newWorld(t)
	w.pod(t, "web-1", "node", "500m")
	w.pod(t, "web-2", "node", "500m")
	w.pod(t, "web-3", "node", "500m", notReady)
	w.pod(t, "chat-1", "node", "500m")
	w.fleet.Load().SetTotal("shop", "web", 900)
	assert.Equal(t, map[string]float64{"web-1": 450, "web-2": 450, "web-3": 50, "chat-1": 50}, w.uses(t))
	w.fleet.Load().SetPerPod("shop", "web", 200)
	assert.Equal(t, map[string]float64{"web-1": 200, "web-2": 200, "web-3": 200, "chat-1": 50}, w.uses(t))
	w.fleet.Load().Clear("shop", "web")
	assert.Equal(t, map[string]float64{"web-1": 50, "web-2": 50, "web-3": 50, "chat-1": 50}, w.uses(t))
}

func TestLoad_ofAStartIsWhatTheCatalogueSays(t *testing.T) {
	w := newWorldWith(t, Options{Speed: 10})
	w.pod(t, "web-1", "node", "500m", starts("1500m"), notReady)
	w.fleet.Load().SetTotal("shop", "web", 900)
	assert.InDelta(t, 1500, w.uses(t)["web-1"], 0)
	w.at = w.at.Add(4*time.Second - time.Millisecond)
	assert.InDelta(t, 1500, w.uses(t)["web-1"], 0)
	w.at = w.at.Add(time.Millisecond)
	assert.InDelta(t, 50, w.uses(t)["web-1"], 0, "it has started and does not serve yet")
}

func TestLoad_ofAStartEndsWhenThePodAnswersItsProbes(t *testing.T) {
	w := newWorld(t)
	probed := func(p *corev1.Pod) {
		starts("1500m")(p)
		p.Spec.Containers[0].ReadinessProbe = &corev1.Probe{}
	}
	w.pod(t, "web-1", "node", "500m", probed, notReady)
	w.pod(t, "web-2", "node", "500m", probed)
	w.pod(t, "web-3", "node", "500m", starts("1500m"))
	assert.Equal(t, map[string]float64{"web-1": 1500, "web-2": 50, "web-3": 1500}, w.uses(t))
}

func TestLoad_ofAStartIsTheRequestIfTheCatalogueSaysNoCPU(t *testing.T) {
	w := newWorld(t)
	w.pod(t, "web-1", "node", "500m", starts(""))
	assert.InDelta(t, 500, w.uses(t)["web-1"], 0)
}

func TestLoad_knowsPodsOfAnEarlierRun(t *testing.T) {
	w := newWorld(t)
	w.pod(t, "web-1", "node", "500m", starts("1500m"))
	w.at = w.at.Add(time.Hour)
	assert.InDelta(t, 50, w.uses(t)["web-1"], 0)
}

// metrics is an answer of the metrics API.
type metrics struct {
	Kind  string
	Items []struct {
		Metadata   struct{ Name, Namespace string }
		Usage      map[string]string
		Window     string
		Containers []struct {
			Name  string
			Usage map[string]string
		}
	}
	Resources []struct{ Name string }
}

// ask asks the metrics API.
func (w *world) ask(t *testing.T, path string) (code int, list metrics) {
	t.Helper()
	r := httptest.NewRecorder()
	w.fleet.Metrics().ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/apis/metrics.k8s.io/v1beta1"+path, nil))
	if r.Code == http.StatusOK {
		require.NoError(t, json.Unmarshal(r.Body.Bytes(), &list))
	}
	return r.Code, list
}

func TestMetrics_answersForPodsThatRun(t *testing.T) {
	w := newWorld(t)
	_, list := w.ask(t, "/pods")
	assert.Empty(t, list.Items, "nobody has looked yet")
	w.pod(t, "web-1", "node", "500m")
	w.pod(t, "web-2", "", "500m")
	w.pod(t, "chat-1", "node", "500m", func(p *corev1.Pod) { p.Namespace = "talk" })
	w.fleet.Load().SetPerPod("shop", "web", 333)
	w.pass(t, 0)

	_, list = w.ask(t, "/namespaces/shop/pods?labelSelector=name%3Dweb")
	assert.Equal(t, "PodMetricsList", list.Kind)
	require.Len(t, list.Items, 1)
	assert.Equal(t, "web-1", list.Items[0].Metadata.Name)
	assert.Equal(t, "1s", list.Items[0].Window)
	require.Len(t, list.Items[0].Containers, 1)
	assert.Equal(t, map[string]string{"cpu": "333m", "memory": "104857600"}, list.Items[0].Containers[0].Usage)

	_, list = w.ask(t, "/pods")
	assert.Len(t, list.Items, 2)
	_, list = w.ask(t, "/namespaces/shop/pods?labelSelector=name%3Dchat")
	assert.Empty(t, list.Items)
	code, _ := w.ask(t, "/pods?labelSelector=%3D%3D")
	assert.Equal(t, http.StatusBadRequest, code)
	_, list = w.ask(t, "")
	assert.Equal(t, "APIResourceList", list.Kind)
	assert.Len(t, list.Resources, 2)
}

func TestMetrics_ofANodeAreNoMoreThanItHas(t *testing.T) {
	w := newWorld(t, general())
	w.groups[0].Desired = 1
	w.settle(t)
	w.pod(t, "web-1", w.nodes(t)[0].Name, "500m")
	w.fleet.Load().SetPerPod("shop", "web", 9000)
	w.pass(t, 0)
	_, list := w.ask(t, "/nodes")
	require.Len(t, list.Items, 1)
	assert.Equal(t, map[string]string{"cpu": "2000m", "memory": "104857600"}, list.Items[0].Usage)

	nodes := w.fleet.Nodes()
	require.Len(t, nodes, 1)
	assert.InDelta(t, 9000, nodes[0].WantedMilliCPU, 0)
	assert.Equal(t, int64(500), nodes[0].RequestedMilliCPU)
	assert.Equal(t, int64(1930), nodes[0].AllocatableMilliCPU)
	assert.True(t, nodes[0].Ready)
}
