//go:build unix

package stories_test

import (
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/slipway-eks/slipway/components/ingress"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Where the ingress controller is.
const (
	edge       = "ingress-nginx"
	controller = "ingress-nginx-controller"
)

// wayIn renders an ingress controller of two to four pods.
func wayIn(t *testing.T) *ptest.Result {
	t.Helper()
	return ptest.Run(t, func(ctx *pulumi.Context) error {
		_, err := ingress.NewController(ctx, "edge", &ingress.ControllerArgs{
			Ingress: spec.Ingress{TLS: spec.IngressTLS{None: "the rehearsal asks for no host's certificate"}},
			VpcCIDR: "10.20.0.0/16",
		})
		return err
	})
}

// rollOut changes the pods of a Deployment and waits until all are new.
func (w *world) rollOut(namespace, name string) {
	w.t.Helper()
	deployments := w.Client().AppsV1().Deployments(namespace)
	changed, err := deployments.Patch(w.t.Context(), name, types.MergePatchType,
		[]byte(`{"spec":{"template":{"metadata":{"annotations":{"example.com/release":"next"}}}}}`), metav1.PatchOptions{})
	require.NoError(w.t, err)
	w.await("all pods of "+name+" are of the new release", func() bool {
		d, err := deployments.Get(w.t.Context(), name, metav1.GetOptions{})
		if err != nil || d.Status.ObservedGeneration < changed.Generation {
			return false
		}
		want := replicas(d)
		return d.Status.UpdatedReplicas == want && d.Status.Replicas == want && d.Status.AvailableReplicas == want
	})
}

// S11: all pods of the controller sat on one node, and their load killed it.
//
// Machines differ as much as they can, so that without its rules the controller would go wrong: the largest two are in
// one zone, and in the other zone one is larger than the other. There are exactly as many as the most pods.
func TestS11_controllerPodsAreNeverTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, account{groups: groups(
		inZones(group("largest", "m5.8xlarge", 2), "eu-west-1a"),
		inZones(group("large", "m5.2xlarge", 1), "eu-west-1b"), inZones(group("small", "t3.large", 1), "eu-west-1b"),
	), addons: everyAddon})
	w.deploy(wayIn(t))
	nodes, zones := w.places(w.living(edge, controller))
	assert.Equal(t, map[string]int{"eu-west-1a": 1, "eu-west-1b": 1}, zones)
	assert.Len(t, nodes, 2, "one pod a node: %v", nodes)

	w.atLeast(edge, controller, 4)
	nodes, zones = w.places(w.living(edge, controller))
	assert.Equal(t, map[string]int{"eu-west-1a": 2, "eu-west-1b": 2}, zones)
	assert.Len(t, nodes, 4, "one pod a node: %v", nodes)

	// Each new pod starts on a node that has an old one: there is no other.
	w.rollOut(edge, controller)
	nodes, _ = w.places(w.living(edge, controller))
	assert.Len(t, nodes, 4, "one pod a node, also after a roll-out: %v", nodes)
}

// atLeast has an autoscaler keep so many pods, and waits until they are there.
func (w *world) atLeast(namespace, name string, pods int32) {
	w.t.Helper()
	_, err := w.Client().AutoscalingV2().HorizontalPodAutoscalers(namespace).Patch(w.t.Context(), name, types.MergePatchType,
		fmt.Appendf(nil, `{"spec":{"minReplicas":%d}}`, pods), metav1.PatchOptions{})
	require.NoError(w.t, err)
	w.await(fmt.Sprintf("%s has %d pods", name, pods), func() bool {
		d, err := w.Client().AppsV1().Deployments(namespace).Get(w.t.Context(), name, metav1.GetOptions{})
		return err == nil && replicas(d) >= pods && d.Status.AvailableReplicas == replicas(d)
	})
}
