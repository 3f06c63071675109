package fleet

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// metricsRoot is the path of the API that metrics-server serves.
const metricsRoot = "/apis/metrics.k8s.io/v1beta1"

// object is a part of an answer. The API's Go types are in a module that nothing else here needs.
type object = map[string]any

// Metrics serves the API of metrics-server from the load of the pods.
func (f *Fleet) Metrics() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+metricsRoot, func(w http.ResponseWriter, _ *http.Request) { reply(w, metricsResources()) })
	mux.HandleFunc("GET "+metricsRoot+"/nodes", func(w http.ResponseWriter, _ *http.Request) { reply(w, f.nodeMetrics()) })
	mux.HandleFunc("GET "+metricsRoot+"/pods", func(w http.ResponseWriter, r *http.Request) { f.podMetrics(w, r, "") })
	mux.HandleFunc("GET "+metricsRoot+"/namespaces/{namespace}/pods", func(w http.ResponseWriter, r *http.Request) {
		f.podMetrics(w, r, r.PathValue("namespace"))
	})
	return mux
}

func metricsResources() object {
	kind := func(name, kind string, namespaced bool) object {
		return object{
			"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": []string{"get", "list"},
		}
	}
	return object{
		"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": strings.TrimPrefix(metricsRoot, "/apis/"),
		"resources": []object{kind("pods", "PodMetrics", true), kind("nodes", "NodeMetrics", false)},
	}
}

// podMetrics answers with the pods that run; a pod that does not has no measurement, as with metrics-server.
func (f *Fleet) podMetrics(w http.ResponseWriter, r *http.Request, namespace string) {
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s := f.seen()
	items := []object{}
	for i, milli := range f.load.use(s) {
		p := &s.pods[i]
		if p.Status.Phase != corev1.PodRunning || namespace != "" && p.Namespace != namespace ||
			!selector.Matches(labels.Set(p.Labels)) {
			continue
		}
		containers := []object{}
		for _, c := range p.Spec.Containers {
			containers = append(containers, object{
				"name": c.Name, "usage": usage(milli/float64(len(p.Spec.Containers)), c.Resources.Requests.Memory().Value()),
			})
		}
		items = append(items, measured(s.at, object{
			"metadata":   object{"name": p.Name, "namespace": p.Namespace, "labels": p.Labels},
			"containers": containers,
		}))
	}
	reply(w, metricsList("PodMetricsList", items))
}

func (f *Fleet) nodeMetrics() object {
	s := f.seen()
	wanted := f.load.wanted(s)
	items := []object{}
	for _, n := range s.nodes {
		memory := int64(0)
		for _, p := range s.podsOn(n.Name) {
			memory += requested(&p).memory.Value()
		}
		have := float64(n.Status.Capacity.Cpu().MilliValue())
		items = append(items, measured(s.at, object{
			"metadata": object{"name": n.Name}, "usage": usage(min(wanted[n.Name], have), memory),
		}))
	}
	return metricsList("NodeMetricsList", items)
}

// seen is the last look at the cluster.
func (f *Fleet) seen() *snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last == nil {
		return &snapshot{}
	}
	return f.last
}

func usage(milli float64, memory int64) object {
	return object{"cpu": fmt.Sprintf("%.0fm", milli), "memory": fmt.Sprint(memory)}
}

// measured says when something was measured: at the last look, and not when it is asked for. An autoscaler leaves out what
// was measured of a pod before it was ready, which is its start.
func measured(at time.Time, o object) object {
	o["timestamp"], o["window"] = at.UTC().Format(time.RFC3339), metav1.Duration{Duration: time.Second}
	return o
}

func metricsList(kind string, items []object) object {
	return object{
		"kind": kind, "apiVersion": strings.TrimPrefix(metricsRoot, "/apis/"), "metadata": object{}, "items": items,
	}
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // a client that has gone hears nothing
}
