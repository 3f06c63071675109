//go:build unix

package stories_test

import (
	"sync"
	"testing"
	"time"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
)

// traffic is who gets the requests of a service, watched as kube-proxy and the ingress controller watch it.
type traffic struct {
	mu sync.Mutex
	// slices are the pods that get requests, by EndpointSlice.
	slices map[string][]string
	// running and serving are when a pod was first seen to run and to get requests.
	running, serving map[string]time.Time
	// lowest is the smallest number of pods that got requests since it was last set.
	lowest int
}

// trafficOf watches a service until the test ends.
func (w *world) trafficOf(name string) *traffic {
	w.t.Helper()
	c := &traffic{slices: map[string][]string{}, running: map[string]time.Time{}, serving: map[string]time.Time{}}
	pods, err := w.Client().CoreV1().Pods(namespace).Watch(w.t.Context(), metav1.ListOptions{LabelSelector: "name=" + name})
	require.NoError(w.t, err)
	endpoints, err := w.Client().DiscoveryV1().EndpointSlices(namespace).Watch(w.t.Context(),
		metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + name})
	require.NoError(w.t, err)
	for _, each := range []watch.Interface{pods, endpoints} {
		w.t.Cleanup(each.Stop)
		go func() {
			for event := range each.ResultChan() {
				c.note(event)
			}
		}()
	}
	return c
}

func (c *traffic) note(event watch.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch object := event.Object.(type) {
	case *corev1.Pod:
		if _, known := c.running[object.Name]; !known && object.Status.Phase == corev1.PodRunning {
			c.running[object.Name] = time.Now()
		}
	case *discoveryv1.EndpointSlice:
		var ready []string
		for _, e := range object.Endpoints {
			if !ptr.Deref(e.Conditions.Ready, false) {
				continue
			}
			ready = append(ready, e.TargetRef.Name)
			if _, known := c.serving[e.TargetRef.Name]; !known {
				c.serving[e.TargetRef.Name] = time.Now()
			}
		}
		c.slices[object.Name] = ready
		c.lowest = min(c.lowest, c.count())
	}
}

// count is how many pods get requests. The caller holds the lock.
func (c *traffic) count() int {
	n := 0
	for _, ready := range c.slices {
		n += len(ready)
	}
	return n
}

// from sets the lowest number to what it is now, and returns it.
func (c *traffic) from() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lowest = c.count()
	return c.lowest
}

// least is the lowest number since from.
func (c *traffic) least() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lowest
}

// waits are how long each pod that got requests had been running before.
func (c *traffic) waits() map[string]time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]time.Duration{}
	for pod, at := range c.serving {
		out[pod] = at.Sub(c.running[pod])
	}
	return out
}

// S9: new pods got traffic before the JVM was up, and requests failed.
//
// The simulated kubelet sends no probes: a pod that has one is ready when its start-up time is over, and a pod that has
// none at once, as with a real kubelet. What the probes ask is for the tests of the component.
func TestS09_podsGetTrafficWhenTheyHaveStarted(t *testing.T) {
	t.Parallel()
	const start = 60 * time.Second
	w := newWorld(t, machines())
	got := platform(t, map[string]spec.Service{"chat": service(func(s *spec.Service) {
		s.Startup.Seconds, s.Scale = int(start.Seconds()), &spec.Scale{Min: 2, Max: 2}
	})})
	seen := w.trafficOf("chat")
	w.deploy(got)
	w.await("both pods get requests", func() bool { return seen.from() == 2 })

	w.rollOut(namespace, "chat")
	w.await("both pods are out of the old release", func() bool { return len(w.podsOf("chat")) == 2 })
	assert.Equal(t, 2, seen.least(), "while pods are replaced, as many get requests as ever")

	waits := seen.waits()
	assert.Len(t, waits, 4, "two of each release")
	for pod, wait := range waits {
		// Half of it, as the two watches are not equally quick; without probes it is next to nothing.
		assert.Greater(t, wait, start/speed/2, "%s got requests while it was starting", pod)
	}
}
