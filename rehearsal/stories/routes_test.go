//go:build unix

package stories_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const nginx = "nginx.ingress.kubernetes.io/"

// S26: 20 domains, and one load balancer wanted.
func TestS26_twentyHostsOnOneLoadBalancer(t *testing.T) {
	t.Parallel()
	serviceOf := map[string]string{}
	services := map[string]spec.Service{}
	for _, name := range []string{"shop", "blog"} {
		var routes []spec.Route
		for n := range 10 {
			host := fmt.Sprintf("%s%d.example.com", name, n)
			routes = append(routes, spec.Route{Host: host})
			serviceOf[host] = name
		}
		services[name] = routed(routes...)
	}
	w := open(t, certManager, services)

	balancers := w.loadBalancers()
	require.Len(t, balancers, 1)
	require.Len(t, balancers[0].Status.LoadBalancer.Ingress, 1)
	address := balancers[0].Status.LoadBalancer.Ingress[0].Hostname
	require.Len(t, w.ingresses(), 20)
	w.await("every host has the address of the load balancer", func() bool {
		for _, ingress := range w.ingresses() {
			if at := ingress.Status.LoadBalancer.Ingress; len(at) != 1 || at[0].Hostname != address {
				return false
			}
		}
		return true
	})
	leads := map[string]string{}
	for _, ingress := range w.ingresses() {
		for _, to := range w.targetsOf(&ingress) {
			leads[ingress.Spec.Rules[0].Host] = to.service
		}
	}
	assert.Equal(t, serviceOf, leads)
}

// loadBalancers waits for the address of the way in and returns all Services with a load balancer.
func (w *world) loadBalancers() []corev1.Service {
	w.t.Helper()
	var found []corev1.Service
	w.await("the way in has an address", func() bool {
		all, err := w.Client().CoreV1().Services("").List(w.t.Context(), metav1.ListOptions{})
		if err != nil {
			return false
		}
		found = slices.DeleteFunc(all.Items, func(s corev1.Service) bool { return s.Spec.Type != corev1.ServiceTypeLoadBalancer })
		return slices.ContainsFunc(found, func(s corev1.Service) bool { return len(s.Status.LoadBalancer.Ingress) > 0 })
	})
	return found
}

// S26: services that share a host are not in each other's way: the controller's webhook accepts all of their Ingress
// objects, and refuses a path that one of them has already.
func TestS26_servicesShareAHost(t *testing.T) {
	t.Parallel()
	w := open(t, certManager, sharedHost())
	all := w.ingresses()
	require.Len(t, all, 4)
	leads := map[string]target{}
	for _, ingress := range all {
		assert.Equal(t, "www.example.com", ingress.Spec.Rules[0].Host)
		for _, to := range w.targetsOf(&ingress) {
			leads[ingress.Spec.Rules[0].HTTP.Paths[0].Path] = to
		}
	}
	assert.Equal(t, map[string]target{
		"/": {"front", 8080}, `/api(/|$)(.*)`: {"api", 8080}, `/api/chat(/|$)(.*)`: {"chat", 8080}, `/chats(/|$)(.*)`: {"chat", 8080},
	}, leads)

	second := all[0].DeepCopy()
	second.ObjectMeta = metav1.ObjectMeta{Name: "second", Namespace: namespace, Annotations: second.Annotations}
	_, err := w.Client().NetworkingV1().Ingresses(namespace).Create(t.Context(), second, metav1.CreateOptions{})
	assert.ErrorContains(t, err, "is already defined in ingress "+namespace+"/"+all[0].Name)
}

// S32: chat needs long WebSocket connections through the ingress.
//
// No connection goes through the simulated cluster. What is compared are the live objects of all that takes part: the
// Ingress of the route, the pods behind it, and the settings and pods of the controller.
func TestS32_webSocketsOutliveTimeoutsAndDrains(t *testing.T) {
	t.Parallel()
	w := open(t, certManager, sharedHost())
	for _, ingress := range w.ingresses() {
		want := "60"
		if strings.HasPrefix(ingress.Spec.Rules[0].HTTP.Paths[0].Path, "/api/chat") {
			want = "3600"
		}
		assert.Equal(t, want, ingress.Annotations[nginx+"proxy-read-timeout"], ingress.Name)
		assert.Equal(t, want, ingress.Annotations[nginx+"proxy-send-timeout"], ingress.Name)
	}

	running := w.living(edge, controller)
	name := strings.TrimPrefix(argument(&running[0], "--configmap="), "$(POD_NAMESPACE)/")
	settings, err := w.Client().CoreV1().ConfigMaps(edge).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	connectionsEnd, err := time.ParseDuration(settings.Data["worker-shutdown-timeout"])
	require.NoError(t, err)
	for _, pod := range w.living(namespace, "chat") {
		before := time.Duration(pod.Spec.Containers[0].Lifecycle.PreStop.Sleep.Seconds) * time.Second
		assert.GreaterOrEqual(t, grace(&pod), before+connectionsEnd, "nginx still has connections to the pod")
	}
	for _, pod := range running {
		accepts, err := strconv.Atoi(argument(&pod, "--shutdown-grace-period="))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, grace(&pod), time.Duration(accepts)*time.Second+connectionsEnd, "the controller still has connections")
	}
}

// grace is how long a pod has to end.
func grace(p *corev1.Pod) time.Duration {
	return time.Duration(*p.Spec.TerminationGracePeriodSeconds) * time.Second
}

// argument returns the value of a flag of a pod's container.
func argument(p *corev1.Pod, flag string) string {
	for _, a := range p.Spec.Containers[0].Args {
		if value, found := strings.CutPrefix(a, flag); found {
			return value
		}
	}
	return ""
}
