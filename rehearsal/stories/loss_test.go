//go:build unix

package stories_test

import (
	"context"
	"testing"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/drill"
)

// S28: a node or a zone that failed meant manual work. The platform is that of the stack prod, with nothing left out
// but what comes as a chart. Its services say nothing of how few pods they may have.
func TestS28_prodOutlivesANodeAndAZone(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(context.Context, drill.Options) (*drill.Report, error){
		"node": drill.NodeLoss, "zone": drill.ZoneLoss,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := prod(t, func(p *spec.Platform) {
				for name, s := range p.Services {
					s.Scale.Min = 0
					p.Services[name] = s
				}
			})
			w := newWorld(t, recorded(t, got))
			w.deploy(got)
			lost, err := lose(t.Context(), w.drill())
			require.NoError(t, err)
			assertOutlived(t, lost)
		})
	}
}

// S28: one of two zones has the emptier nodes, so that the scheduler likes them best for every pod.
func TestS28_noZoneHasAllPodsOfAService(t *testing.T) {
	t.Parallel()
	general := group("general", "t3.large", 4)
	general.Zones = []string{"eu-west-1a", "eu-west-1b"}
	w := newWorld(t, account{groups: groups(general), addons: []string{"vpc-cni", "kube-proxy"}})
	for _, n := range w.Fleet().Nodes() {
		if n.Zone == "eu-west-1b" {
			w.fill(n.Name, "1")
		}
	}
	w.deploy(platform(t, map[string]spec.Service{"chat": service(nil), "front": service(nil)}))
	lost, err := drill.ZoneLoss(t.Context(), w.drill())
	require.NoError(t, err)
	assertOutlived(t, lost)
}

// fill takes so much CPU of a node by a pod of no service.
func (w *world) fill(node, cpu string) {
	w.t.Helper()
	_, err := w.Client().CoreV1().Pods("default").Create(w.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "filler-"},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{
			Name: "filler", Image: "registry.example.com/filler:1.0.0",
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}},
		}}},
	}, metav1.CreateOptions{})
	require.NoError(w.t, err)
}

// assertOutlived requires that a loss broke no promise, and that every service had a pod that served at every moment.
func assertOutlived(t *testing.T, r *drill.Report) {
	t.Helper()
	assert.Empty(t, r.Broken)
	assert.NotEmpty(t, r.Services)
	for _, s := range r.Services {
		assert.Positive(t, s.Lowest, "%s of %s: pods of %s that served", r.Drill, r.Subject, s.Name)
	}
}
