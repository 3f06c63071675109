//go:build unix

package stories_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// S25: five small services, each with machines, networks and rules of its own. Now a new service is one entry of the
// catalogue: what is new in the cluster is the service's own, and nothing else has changed.
func TestS25_aNewServiceIsOneEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, machines())
	catalogue := map[string]spec.Service{"front": service(nil), "ledger": service(nil)}
	w.deploy(ptest.Run(t, program(nil, catalogue)))
	before := w.objects()
	require.NotEmpty(t, before)

	catalogue["chat"] = service(nil)
	w.deploy(ptest.Run(t, program(nil, catalogue)))
	after := w.objects()
	for key, was := range before {
		assert.Equal(t, was.content, after[key].content, key)
	}
	added := map[string]int{}
	for key, now := range after {
		if _, there := before[key]; !there {
			added[now.kind]++
			assert.Equal(t, "chat", now.service, key)
		}
	}
	assert.Equal(t, map[string]int{
		"Deployment": 1, "Service": 1, "ServiceAccount": 1, "HorizontalPodAutoscaler": 1, "PodDisruptionBudget": 1, "NetworkPolicy": 1,
	}, added)
	assert.Len(t, w.living(namespace, "chat"), 2, "available: deploy has waited for it")
}

// stored is an object as the API server has it.
type stored struct{ kind, service, content string }

// objects returns what there is in the namespace of the services of the kinds that a service may consist of.
func (w *world) objects() map[string]stored {
	w.t.Helper()
	all := map[string]stored{}
	for group, resources := range map[schema.GroupVersion][]string{
		{Version: "v1"}: {
			"services", "serviceaccounts", "configmaps", "secrets", "resourcequotas", "limitranges",
		},
		{Group: "apps", Version: "v1"}:              {"deployments"},
		{Group: "autoscaling", Version: "v2"}:       {"horizontalpodautoscalers"},
		{Group: "batch", Version: "v1"}:             {"cronjobs"},
		{Group: "policy", Version: "v1"}:            {"poddisruptionbudgets"},
		{Group: "networking.k8s.io", Version: "v1"}: {"networkpolicies", "ingresses"},
	} {
		for _, resource := range resources {
			list, err := w.dynamic.Resource(group.WithResource(resource)).Namespace(namespace).List(w.t.Context(), metav1.ListOptions{})
			require.NoError(w.t, err)
			for _, o := range list.Items {
				all[resource+" "+o.GetName()] = stored{o.GetKind(), o.GetLabels()["name"], content(w, &o)}
			}
		}
	}
	return all
}

// content is an object without what the API server and controllers write into it.
func content(w *world, o *unstructured.Unstructured) string {
	w.t.Helper()
	own := maps.Clone(o.Object)
	delete(own, "metadata")
	delete(own, "status")
	data, err := json.Marshal(own)
	require.NoError(w.t, err)
	return fmt.Sprint(o.GetUID(), " ", string(data))
}
