//go:build unix

package stories_test

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/slipway-eks/slipway/components/addons"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// S4: nobody could see which pod used what. The API server answers that from metrics-server, which is one of the
// program's add-ons, and autoscalers go by it.
func TestS04_usageOfPodsAndNodesIsKnown(t *testing.T) {
	t.Parallel()
	made := ptest.Run(t, func(ctx *pulumi.Context) error {
		_, err := addons.NewAddons(ctx, "shop-addons", &addons.AddonsArgs{ClusterName: pulumi.String("shop")})
		return err
	})
	var names []string
	for _, r := range made.OfType("aws:eks/addon:Addon") {
		names = append(names, r.Inputs["addonName"].StringValue())
	}
	w := newWorld(t, account{groups: groups(group("general", "t3.large", 2)), addons: names})
	w.deploy(platform(t, map[string]spec.Service{"chat": service(nil)}))

	w.await("the usage of both nodes is known", func() bool { return w.measured("nodes") == 2 })
	w.await("the usage of both pods is known", func() bool { return w.measured("namespaces/"+namespace+"/pods") == 2 })
	w.await("the autoscaler knows it, too", func() bool {
		hpa, err := w.Client().AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(t.Context(), "chat", metav1.GetOptions{})
		return err == nil && len(hpa.Status.CurrentMetrics) == 1 && scalingActive(hpa)
	})

	patch := []byte(`{"spec":{"replicas":0}}`)
	_, err := w.Client().AppsV1().Deployments("kube-system").Patch(t.Context(), "metrics-server",
		types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	require.NoError(t, err)
	w.await("without its pods nothing is known", func() bool { return w.measured("nodes") < 0 })
}

// S4: what an autoscaler holds is a part of what a pod asks for, so every container has to ask.
func TestS04_everyContainerAsksForCPU(t *testing.T) {
	t.Parallel()
	w := newWorld(t, account{groups: groups(group("general", "t3.large", 2)), addons: everyAddon})
	w.deploy(platform(t, map[string]spec.Service{"chat": service(nil)}))
	for _, p := range w.podsOf("chat") {
		for _, c := range p.Spec.Containers {
			assert.Equal(t, "200m", c.Resources.Requests.Cpu().String())
			assert.Equal(t, "1Gi", c.Resources.Limits.Memory().String())
		}
	}
}

// measured is how many usages the metrics API answers with; -1 if it does not answer.
func (w *world) measured(path string) int {
	text, err := w.Client().CoreV1().RESTClient().Get().AbsPath("/apis/metrics.k8s.io/v1beta1/" + path).DoRaw(w.t.Context())
	if err != nil {
		return -1
	}
	var list struct {
		Items []struct{ Timestamp metav1.Time }
	}
	if json.Unmarshal(text, &list) != nil {
		return -1
	}
	return len(list.Items)
}

func scalingActive(hpa *autoscalingv2.HorizontalPodAutoscaler) bool {
	for _, c := range hpa.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive {
			return c.Status == "True"
		}
	}
	return false
}
