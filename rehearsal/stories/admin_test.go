//go:build unix

package stories_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// network answers who may talk to whom, from the NetworkPolicies and Namespaces of a cluster. Of peers it knows those of
// pods and namespaces, which is all that the platform writes for what comes in.
type network struct {
	policies   []networkingv1.NetworkPolicy
	namespaces map[string]labels.Set
}

func (w *world) network() *network {
	w.t.Helper()
	policies, err := w.Client().NetworkingV1().NetworkPolicies("").List(w.t.Context(), metav1.ListOptions{})
	require.NoError(w.t, err)
	namespaces, err := w.Client().CoreV1().Namespaces().List(w.t.Context(), metav1.ListOptions{})
	require.NoError(w.t, err)
	n := &network{policies: policies.Items, namespaces: map[string]labels.Set{}}
	for _, ns := range namespaces.Items {
		n.namespaces[ns.Name] = ns.Labels
	}
	return n
}

// admits says whether a pod may be talked to by another one at a port.
func (n *network) admits(from, to *corev1.Pod, port int32) bool {
	isolated := false
	for _, p := range n.policies {
		if p.Namespace != to.Namespace || !slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeIngress) ||
			!selects(&p.Spec.PodSelector, to.Labels) {
			continue
		}
		isolated = true
		for _, rule := range p.Spec.Ingress {
			if n.listsPeer(rule.From, p.Namespace, from) && listsPort(rule.Ports, port) {
				return true
			}
		}
	}
	return !isolated
}

func (n *network) listsPeer(peers []networkingv1.NetworkPolicyPeer, own string, from *corev1.Pod) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool {
		there := from.Namespace == own
		if p.NamespaceSelector != nil {
			there = selects(p.NamespaceSelector, n.namespaces[from.Namespace])
		}
		return there && (p.PodSelector == nil || selects(p.PodSelector, from.Labels))
	})
}

func listsPort(ports []networkingv1.NetworkPolicyPort, port int32) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		return p.Port == nil || p.Port.IntVal == port
	})
}

func selects(selector *metav1.LabelSelector, set labels.Set) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(set)
}

// S35: health endpoints were public, and so were switches on the API's own port.
func TestS35_nobodyReachesTheManagementPort(t *testing.T) {
	t.Parallel()
	w := open(t, certManager, sharedHost())
	for _, ingress := range w.ingresses() {
		targets := w.targetsOf(&ingress)
		assert.NotEmpty(t, targets, ingress.Name)
		for _, to := range targets {
			assert.NotEqual(t, int32(managementPort), to.port, "%s leads to the actuator of %s", ingress.Name, to.service)
		}
	}

	network, in := w.network(), w.living(edge, controller)[0]
	pod := map[string]*corev1.Pod{}
	for _, name := range []string{"front", "api", "chat", "ledger"} {
		pod[name] = &w.living(namespace, name)[0]
		assert.False(t, network.admits(&in, pod[name], managementPort), "from outside to the actuator of %s", name)
		assert.Equal(t, name != "ledger", network.admits(&in, pod[name], 8080), "from outside to %s", name)
	}
	for from := range pod {
		for to := range pod {
			assert.False(t, network.admits(pod[from], pod[to], managementPort), "%s to the actuator of %s", from, to)
			assert.Equal(t, from == "front" && to == "ledger", network.admits(pod[from], pod[to], 8080), "%s to %s", from, to)
		}
	}
}
