//go:build unix

package stories_test

import (
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// long also waits what takes minutes and cannot be shortened: go test ./stories -args -long.
var long = flag.Bool("long", false, "also wait out the default scale-down window of five minutes")

// requested is what a pod of service asks for, in millicores; atTarget is what it uses at the default target of 30 %.
const (
	requested = 200
	atTarget  = requested * 0.30
)

// machines are so large that no load of these tests harms them.
func machines() account {
	return account{groups: groups(group("general", "m5.4xlarge", 3)), addons: everyAddon}
}

// change is a number of pods, and when a Deployment was told to have it.
type change struct {
	at   time.Time
	pods int32
}

// changes are those of one Deployment, as they happen.
type changes struct {
	mu  sync.Mutex
	all []change
}

// changesOf watches the number of pods that a Deployment is told to have, until the test ends.
func (w *world) changesOf(name string) *changes {
	w.t.Helper()
	c := &changes{}
	watch, err := w.Client().AppsV1().Deployments(namespace).Watch(w.t.Context(),
		metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	require.NoError(w.t, err)
	w.t.Cleanup(watch.Stop)
	go func() {
		for event := range watch.ResultChan() {
			if d, ok := event.Object.(*appsv1.Deployment); ok {
				c.add(replicas(d))
			}
		}
	}()
	return c
}

func (c *changes) add(pods int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) == 0 || c.all[len(c.all)-1].pods != pods {
		c.all = append(c.all, change{time.Now(), pods})
	}
}

// last is the latest change; zero before the first.
func (c *changes) last() change {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) == 0 {
		return change{}
	}
	return c.all[len(c.all)-1]
}

// pods are the numbers of pods in their order.
func (c *changes) pods() []int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []int32
	for _, one := range c.all {
		out = append(out, one.pods)
	}
	return out
}

// six says whether the service chat has six pods and its autoscaler has measured a use of CPU, in percent of the requests.
func (w *world) six(use func(percent int32) bool) func() bool {
	return func() bool {
		hpa, err := w.Client().AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(w.t.Context(), "chat", metav1.GetOptions{})
		if err != nil || hpa.Status.CurrentReplicas != 6 {
			return false
		}
		for _, m := range hpa.Status.CurrentMetrics {
			if m.Resource != nil && m.Resource.Current.AverageUtilization != nil {
				return use(*m.Resource.Current.AverageUtilization)
			}
		}
		return false
	}
}

func low(percent int32) bool  { return percent < 15 }
func high(percent int32) bool { return percent > 25 }

// deployWith deploys a service that has had so many pods for a while: the autoscaler comes when they are there. One that
// was there before remembers, for as long as the periods of its policies, which pods it has just added.
func (w *world) deployWith(pods int32, got *ptest.Result) {
	w.t.Helper()
	const autoscaler = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	w.write(got, autoscaler)
	hpa := got.Only(w.t, autoscaler)
	name, _ := hpa.Value(w.t, "metadata.name").(string)
	_, err := w.Client().AppsV1().Deployments(namespace).Patch(w.t.Context(), name, types.MergePatchType,
		fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, pods), metav1.PatchOptions{}, "scale")
	require.NoError(w.t, err)
	w.settle()
	w.await("all pods can be measured", func() bool {
		ready := w.podsOf(name)
		return len(ready) == int(pods) && !slices.ContainsFunc(ready, func(p corev1.Pod) bool { return !measurable(&p) })
	})
	require.NoError(w.t, w.apply(hpa))
	w.settle()
}

// measurable says whether a pod has been ready for as long as one measurement takes. An autoscaler leaves out what a pod
// used before.
func measurable(p *corev1.Pod) bool {
	const measurement, rounding = time.Second, time.Second
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue &&
			time.Since(c.LastTransitionTime.Time) > measurement+rounding
	})
}

// scaled is a service that may have two to eight pods and loses one when it was idle for a while.
func scaled(t *testing.T, window time.Duration) *ptest.Result {
	t.Helper()
	return platform(t, map[string]spec.Service{"chat": service(func(s *spec.Service) {
		s.Scale = &spec.Scale{Min: 2, Max: 8, ScaleDownSeconds: int(window.Seconds())}
	})})
}

// S8: the autoscaler flapped in spike tests, and start-up cost ate what it gained.
func TestS08_podsComeAtOnceAndDoNotFlap(t *testing.T) {
	t.Parallel()
	const window = 4 * time.Second
	w := newWorld(t, machines())
	w.deployWith(2, scaled(t, window))
	seen, load := w.changesOf("chat"), w.Fleet().Load()

	load.SetTotal(namespace, "chat", 2*0.9*requested)
	w.await("the load has the pods that it needs", w.six(high))
	assert.Equal(t, []int32{2, 6}, seen.pods(), "at once, and not step by step")

	// Load that comes and goes faster than the window takes no pod away.
	for range 3 {
		load.SetTotal(namespace, "chat", atTarget)
		w.await("the load is seen to fall, and all pods stay", w.six(low))
		load.SetTotal(namespace, "chat", 6*atTarget)
		w.await("the load is seen to rise", w.six(high))
	}
	load.SetTotal(namespace, "chat", atTarget)
	fell := time.Now()
	w.await("pods go", func() bool { return seen.last().pods < 6 })
	assert.Equal(t, []int32{2, 6}, seen.pods()[:2], "none went meanwhile")
	// The window begins with the last measurement of the high load, shortly before the load fell.
	assert.Greater(t, seen.last().at.Sub(fell), window-time.Second, "not before the load was low for long enough")
}

// S8: pods that went all at once were missing when the next spike came.
func TestS08_podsGoOneAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, machines())
	w.deployWith(6, scaled(t, time.Second))
	seen := w.changesOf("chat")
	w.await("a pod goes", func() bool { return seen.last().pods == 5 })
	assert.Never(t, func() bool { return seen.last().pods != 5 }, 3*time.Second, period, "one pod a minute: %v", seen.pods())
}

// The default window cannot be shortened without being another one: this takes five minutes.
func TestS08_podsStayForFiveMinutesByDefault(t *testing.T) {
	t.Parallel()
	if !*long {
		t.Skip("takes five minutes; run with -args -long")
	}
	const window, minute = 300 * time.Second, time.Minute
	w := newWorld(t, machines())
	w.deploy(platform(t, map[string]spec.Service{"chat": service(nil)}))
	seen, load := w.changesOf("chat"), w.Fleet().Load()
	load.SetTotal(namespace, "chat", 6*atTarget)
	w.await("the load has the pods that it needs", w.six(high))
	load.SetTotal(namespace, "chat", atTarget)
	fell := time.Now()

	require.Eventually(t, func() bool { return seen.last().pods < 6 }, window+patience, period)
	first := seen.last()
	assert.Greater(t, first.at.Sub(fell), window-time.Second)
	require.Eventually(t, func() bool { return seen.last().pods < 5 }, minute+patience, period)
	assert.Greater(t, seen.last().at.Sub(first.at), minute-time.Second)
	pods := seen.pods()
	assert.Equal(t, []int32{6, 5, 4}, pods[slices.Index(pods, 6):], "one at a time")
}
