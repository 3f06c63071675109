//go:build unix

package stories_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// namespace is that of the services of these tests.
const namespace = "apps"

// service is a web service of two to six pods that starts in 40 s, changed by change.
func service(change func(*spec.Service)) spec.Service {
	s := spec.Service{
		Port: 8080, Health: spec.Health{Spring: &spec.SpringHealth{ManagementPort: 8081}},
		Startup:   spec.Startup{Seconds: 40, CPU: "1"},
		Resources: spec.Resources{CPU: "200m", Memory: "512Mi", MemoryLimit: "1Gi"},
		Scale:     &spec.Scale{Min: 2, Max: 6},
	}
	if change != nil {
		change(&s)
	}
	return s
}

// platform renders a namespace with services.
func platform(t *testing.T, services map[string]spec.Service) *ptest.Result {
	t.Helper()
	return platformWithin(t, nil, services)
}

// platformWithin renders a namespace with a quota, or the one that it has by itself, and services.
func platformWithin(t *testing.T, quota map[string]string, services map[string]spec.Service) *ptest.Result {
	t.Helper()
	return ptest.Run(t, func(ctx *pulumi.Context) error {
		ns, err := microservice.NewNamespace(ctx, namespace, &microservice.NamespaceArgs{NamespaceName: namespace, Quota: quota})
		if err != nil {
			return err
		}
		for name, s := range services {
			_, err := microservice.NewService(ctx, name, &microservice.ServiceArgs{
				Service: s, ServiceName: name, Namespace: ns.Name, Image: "registry.example.com/" + name + ":1.0.0",
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// podsOf returns the pods of a service.
func (w *world) podsOf(name string) []corev1.Pod {
	w.t.Helper()
	pods, err := w.Client().CoreV1().Pods(namespace).List(w.t.Context(), metav1.ListOptions{LabelSelector: "name=" + name})
	require.NoError(w.t, err)
	return pods.Items
}

// living returns the pods of a service or controller that are not about to go.
func (w *world) living(namespace, name string) []corev1.Pod {
	w.t.Helper()
	pods, err := w.Client().CoreV1().Pods(namespace).List(w.t.Context(), metav1.ListOptions{LabelSelector: "name=" + name})
	require.NoError(w.t, err)
	return slices.DeleteFunc(pods.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil })
}

// places counts pods by node and by zone.
func (w *world) places(pods []corev1.Pod) (nodes, zones map[string]int) {
	w.t.Helper()
	zoneOf := map[string]string{}
	for _, n := range w.Fleet().Nodes() {
		zoneOf[n.Name] = n.Zone
	}
	nodes, zones = map[string]int{}, map[string]int{}
	for _, p := range pods {
		nodes[p.Spec.NodeName]++
		zones[zoneOf[p.Spec.NodeName]]++
	}
	return nodes, zones
}

// inZones puts a node group into certain zones.
func inZones(g simaws.NodeGroup, zones ...string) simaws.NodeGroup {
	g.Zones = zones
	return g
}

// S2: all pods gathered on one of two nodes.
//
// The scheduler itself would rather use the machines with most to spare. Here these are three of five in one zone, and
// one of two in each of the others: whoever does not spread over zones gathers in the one, and whoever does not spread
// over hosts takes the larger host twice.
func TestS02_podsSpreadOverNodesAndZones(t *testing.T) {
	t.Parallel()
	w := newWorld(t, account{groups: groups(
		group("small", "t3.large", 3), group("large", "m5.4xlarge", 3), inZones(group("more", "m5.4xlarge", 2), "eu-west-1a"),
	), addons: everyAddon})
	w.deploy(platform(t, map[string]spec.Service{
		"chat": service(func(s *spec.Service) { s.Scale = &spec.Scale{Min: 6, Max: 6} }),
	}))
	nodes, zones := w.places(w.living(namespace, "chat"))
	assert.Equal(t, map[string]int{"eu-west-1a": 2, "eu-west-1b": 2, "eu-west-1c": 2}, zones)
	assert.Len(t, nodes, 6, "one pod a node: %v", nodes)
}
