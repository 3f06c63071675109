//go:build unix

package stories_test

import (
	"testing"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// evict asks for a pod to go, as whoever drains a node does.
func (w *world) evict(pod corev1.Pod) error {
	return w.Client().PolicyV1().Evictions(pod.Namespace).Evict(w.t.Context(), &policyv1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
	})
}

// S10: nodes went one after the other. Those that are taken away on purpose, for an update or to save money, wait for each
// other: a service gives a pod away only while all of its others serve.
func TestS10_drainsTakeOnePodOfAServiceAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, machines())
	w.deploy(platform(t, map[string]spec.Service{"api": service(func(s *spec.Service) {
		s.Startup.Seconds = 90 // real time to look at what happens meanwhile
		s.Scale = &spec.Scale{Min: 3, Max: 3}
	})}))
	pods := w.living(namespace, "api")
	w.await("the budget knows its pods", func() bool { return w.evict(pods[0]) == nil })
	for _, p := range pods[1:] {
		err := w.evict(p)
		assert.True(t, apierrors.IsTooManyRequests(err), "%s goes while another one is not replaced yet: %v", p.Name, err)
	}
	w.settle()
	w.await("the next may go", func() bool { return w.evict(pods[1]) == nil })
}
