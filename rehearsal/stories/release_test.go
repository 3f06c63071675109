//go:build unix

package stories_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-eks/slipway/rehearsal/internal/drill"
)

// threePods is a platform of one service with three pods.
func threePods(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, account{groups: groups(group("general", "t3.large", 3)), addons: everyAddon})
	w.deploy(platform(t, map[string]spec.Service{
		"chat": service(func(s *spec.Service) { s.Scale = &spec.Scale{Min: 3, Max: 6} }),
	}))
	return w
}

// S29: a release whose pods start and never become ready stops, and the old pods go on serving.
func TestS29_badReleaseStopsWithTheOldPodsServing(t *testing.T) {
	t.Parallel()
	w := threePods(t)
	r, err := drill.BadRelease(t.Context(), w.drill(), namespace+"/chat")
	require.NoError(t, err)
	assert.Empty(t, r.Broken)
	for _, s := range r.Services {
		if s.Name == namespace+"/chat" {
			assert.Equal(t, int32(3), s.Lowest, "pods that served at every moment")
			assert.Equal(t, int32(3), s.ServesAfter, "pods after the way back")
		}
	}
}

// S29: a release whose program ends again and again gets no further than its first pod.
func TestS29_crashingReleaseGetsNoFurtherThanOnePod(t *testing.T) {
	t.Parallel()
	w := threePods(t)
	old := map[types.UID]bool{}
	for _, p := range w.podsOf("chat") {
		old[p.UID] = true
	}
	patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"chat","image":%q}]}}}}`,
		"registry.example.com/chat:1.0.1-0bad0bad")
	_, err := w.Client().AppsV1().Deployments(namespace).Patch(t.Context(), "chat", types.StrategicMergePatchType, []byte(patch),
		metav1.PatchOptions{})
	require.NoError(t, err)
	var d *appsv1.Deployment
	w.await("a pod of the release has crashed", func() bool {
		d, err = w.Client().AppsV1().Deployments(namespace).Get(t.Context(), "chat", metav1.GetOptions{})
		return err == nil && d.Status.ObservedGeneration == d.Generation && d.Status.UpdatedReplicas > 0 &&
			slices.ContainsFunc(w.podsOf("chat"), crashed)
	})
	assert.Equal(t, int32(1), d.Status.UpdatedReplicas, "pods of the release")
	serving := 0
	for _, p := range w.podsOf("chat") {
		if old[p.UID] && p.DeletionTimestamp == nil && isReady(&p) {
			serving++
		}
	}
	assert.Equal(t, 3, serving, "old pods that serve")
}

// crashed says whether a container of a pod ends again and again.
func crashed(p corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
		return c.State.Waiting != nil && c.State.Waiting.Reason == "CrashLoopBackOff"
	})
}

// isReady says whether a pod gets traffic.
func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
