//go:build unix

package clusters

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
)

// service selects pods by its own name.
func service(namespace, name, ip string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.ServiceSpec{ClusterIP: ip, Selector: map[string]string{"k8s-app": name}},
	}
}

// pod is one of a service, ready unless said otherwise, with these arguments.
func pod(namespace, of string, ready corev1.ConditionStatus, args ...string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: of + "-1", Labels: map[string]string{"k8s-app": of}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Args: args}}},
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}},
	}
}

func running(objects ...runtime.Object) *Cluster {
	c := &Cluster{client: fake.NewClientset(objects...)}
	c.standIns.Store(&standIns{metrics: "127.0.0.1:1", nginx: "127.0.0.1:2"})
	return c
}

var webhook = []string{"--validating-webhook-certificate=/c/cert", "--validating-webhook-key=/c/key"}

func TestResolve_leadsToTheStandInOfAReadyPod(t *testing.T) {
	c := running(
		service("kube-system", "metrics-server", "10.0.0.1"), pod("kube-system", "metrics-server", corev1.ConditionTrue),
		service("edge", "nginx", "10.0.0.2"), pod("edge", "nginx", corev1.ConditionTrue, webhook...),
	)
	for address, want := range map[string]string{
		"10.0.0.1:443": "127.0.0.1:1", "metrics-server.kube-system.svc:443": "127.0.0.1:1",
		"10.0.0.2:8443": "127.0.0.1:2", "nginx.edge.svc:443": "127.0.0.1:2",
	} {
		got, err := c.resolve(t.Context(), address)
		require.NoError(t, err)
		assert.Equal(t, want, got, address)
	}
}

func TestResolve_saysWhyThereIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		cluster *Cluster
		address string
		why     string
	}{
		"another address": {running(service("edge", "nginx", "10.0.0.2")), "10.0.0.9:443", "no service has the address 10.0.0.9"},
		"no pod":          {running(service("edge", "nginx", "10.0.0.2")), "10.0.0.2:443", "no pod of service edge/nginx is ready"},
		"no pod that is ready": {
			running(service("edge", "nginx", "10.0.0.2"), pod("edge", "nginx", corev1.ConditionFalse, webhook...)),
			"10.0.0.2:443", "no pod of service edge/nginx is ready",
		},
		"a pod of another namespace": {
			running(service("edge", "nginx", "10.0.0.2"), pod("other", "nginx", corev1.ConditionTrue, webhook...)),
			"10.0.0.2:443", "no pod of service edge/nginx is ready",
		},
		"a pod that nothing stands in for": {
			running(service("edge", "nginx", "10.0.0.2"), pod("edge", "nginx", corev1.ConditionTrue)),
			"10.0.0.2:443", "nothing stands in for service edge/nginx",
		},
		"no address": {running(), "edge", `reading "edge"`},
		"too early":  {&Cluster{client: fake.NewClientset()}, "10.0.0.2:443", "the cluster is starting"},
		"not metrics by name alone": {
			running(service("edge", "metrics-server", "10.0.0.2"), pod("edge", "metrics-server", corev1.ConditionTrue)),
			"10.0.0.2:443", "nothing stands in for service edge/metrics-server",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.cluster.resolve(t.Context(), c.address)
			require.ErrorContains(t, err, c.why)
		})
	}
}

func TestClose_endsTheLastFirstAndSaysAllThatFailed(t *testing.T) {
	var ended []int
	c := &Cluster{}
	for i := range 3 {
		c.closers = append(c.closers, func() error {
			ended = append(ended, i)
			return errors.New("end " + string(rune('0'+i)))
		})
	}
	err := c.close()
	assert.Equal(t, []int{2, 1, 0}, ended)
	require.ErrorContains(t, err, "end 0")
	require.ErrorContains(t, err, "end 2")
	require.NoError(t, c.close(), "once")
}

func TestSet_knowsOnlyClustersThatRun(t *testing.T) {
	s := New(Options{Dir: t.TempDir()})
	defer func() { assert.NoError(t, s.Close()) }()
	_, err := s.Cluster("main")
	require.ErrorContains(t, err, "no cluster main is running")
	assert.Empty(t, s.Names())
	require.NoError(t, s.Stop("main"), "what does not run can be stopped")
}
