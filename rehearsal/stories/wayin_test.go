//go:build unix

package stories_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// S5: a load balancer had to be set up by hand each time. The platform's one Service of that type gets its address from
// the load balancer controller. At object level: what the controller makes of its annotations is tested elsewhere.
func TestS05_theWayInGetsItsAddress(t *testing.T) {
	t.Parallel()
	got := prod(t, nil)
	w := newWorld(t, recorded(t, got))
	w.deploy(got)
	var balanced []corev1.Service
	w.await("the way in has an address", func() bool {
		services, err := w.Client().CoreV1().Services("").List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		balanced = nil
		for _, s := range services.Items {
			if s.Spec.Type == corev1.ServiceTypeLoadBalancer {
				balanced = append(balanced, s)
			}
		}
		return len(balanced) == 1 && len(balanced[0].Status.LoadBalancer.Ingress) == 1
	})
	assert.Contains(t, balanced[0].Status.LoadBalancer.Ingress[0].Hostname, ".elb.ap-northeast-2.amazonaws.com")
	for _, port := range balanced[0].Spec.Ports {
		assert.Zero(t, port.NodePort, "no port of a node is open")
	}
}

// S6: registry tokens ended every 12 hours. No pod and no service account of the platform names one. At object level:
// simulated nodes pull nothing.
func TestS06_nobodyNeedsARegistryToken(t *testing.T) {
	t.Parallel()
	got := prod(t, nil)
	w := newWorld(t, recorded(t, got))
	w.deploy(got)
	pods, err := w.Client().CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	assert.Greater(t, len(pods.Items), 12, "the pods of six services and more")
	for _, p := range pods.Items {
		assert.Empty(t, p.Spec.ImagePullSecrets, p.Namespace+"/"+p.Name)
	}
	accounts, err := w.Client().CoreV1().ServiceAccounts("").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, a := range accounts.Items {
		assert.Empty(t, a.ImagePullSecrets, a.Namespace+"/"+a.Name)
	}
	secrets, err := w.Client().CoreV1().Secrets("").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, s := range secrets.Items {
		assert.NotContains(t, []corev1.SecretType{corev1.SecretTypeDockerConfigJson, corev1.SecretTypeDockercfg}, s.Type, s.Name)
	}
}
