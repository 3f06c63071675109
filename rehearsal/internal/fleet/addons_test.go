package fleet

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// workloads returns the names of what runs for add-ons: DaemonSets, Deployments, disruption budgets.
func (w *world) workloads(t *testing.T) (daemons, deployments, budgets []string) {
	t.Helper()
	sets, err := w.client.AppsV1().DaemonSets("kube-system").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, s := range sets.Items {
		daemons = append(daemons, s.Name)
	}
	others, err := w.client.AppsV1().Deployments("kube-system").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, d := range others.Items {
		deployments = append(deployments, d.Name)
	}
	pdbs, err := w.client.PolicyV1().PodDisruptionBudgets("kube-system").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, b := range pdbs.Items {
		budgets = append(budgets, b.Name)
	}
	slices.Sort(daemons)
	slices.Sort(deployments)
	return daemons, deployments, budgets
}

func TestAddons_runAsLongAsTheyAreThere(t *testing.T) {
	w := newWorld(t)
	w.addons = []string{"vpc-cni", "aws-ebs-csi-driver", "external-dns"}
	for range 2 { // the second look changes nothing
		w.pass(t, 0)
		daemons, deployments, budgets := w.workloads(t)
		assert.Equal(t, []string{"aws-node", "ebs-csi-node"}, daemons)
		assert.Equal(t, []string{"ebs-csi-controller", "external-dns"}, deployments)
		assert.Equal(t, []string{"ebs-csi-controller"}, budgets, "one of two pods may go")
	}
	w.addons = []string{"external-dns"}
	w.pass(t, 0)
	daemons, deployments, budgets := w.workloads(t)
	assert.Empty(t, daemons)
	assert.Equal(t, []string{"external-dns"}, deployments)
	assert.Empty(t, budgets)
}

func TestAddons_ofAnEarlierRunAreKept(t *testing.T) {
	w := newWorld(t)
	w.addons = []string{"vpc-cni", "coredns"}
	w.pass(t, 0)
	w.fleet = newFleet(w.fleet.options, w.client)
	w.pass(t, 0)
	daemons, deployments, _ := w.workloads(t)
	assert.Equal(t, []string{"aws-node"}, daemons)
	assert.Equal(t, []string{"coredns"}, deployments)
}

// service makes a Service of type LoadBalancer of a class.
func (w *world) service(t *testing.T, name string, class *string) {
	t.Helper()
	_, err := w.client.CoreV1().Services("edge").Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "edge", UID: "uid"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, LoadBalancerClass: class},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

func (w *world) hostOf(t *testing.T, service string) string {
	t.Helper()
	s, err := w.client.CoreV1().Services("edge").Get(t.Context(), service, metav1.GetOptions{})
	require.NoError(t, err)
	for _, at := range s.Status.LoadBalancer.Ingress {
		return at.Hostname
	}
	return ""
}

func TestAddress_isGivenToServicesOfTheControllersClass(t *testing.T) {
	w := newWorld(t, general())
	w.settle(t)
	w.service(t, "nginx-controller", ptr.To("service.k8s.aws/nlb"))
	w.service(t, "classic", nil)
	w.service(t, "other", ptr.To("example.com/own"))
	w.pass(t, 0)
	host := w.hostOf(t, "nginx-controller")
	assert.Regexp(t, `^k8s-edge-nginx-co-[0-9a-f]{10}-[0-9a-f]{16}\.elb\.eu-west-1\.amazonaws\.com$`, host)
	assert.Empty(t, w.hostOf(t, "classic"))
	assert.Empty(t, w.hostOf(t, "other"))
	w.pass(t, 0)
	assert.Equal(t, host, w.hostOf(t, "nginx-controller"))
}

func TestAddress_isPublishedToIngressesOfAReadyController(t *testing.T) {
	w := newWorld(t, general())
	w.settle(t)
	w.service(t, "nginx", ptr.To("service.k8s.aws/nlb"))
	for name, class := range map[string]string{"web": "nginx", "foreign": "traefik"} {
		_, err := w.client.NetworkingV1().Ingresses("shop").Create(t.Context(), &networkingv1.Ingress{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"},
			Spec:       networkingv1.IngressSpec{IngressClassName: ptr.To(class)},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	addresses := func(name string) []networkingv1.IngressLoadBalancerIngress {
		w.pass(t, 0)
		w.pass(t, 0)
		i, err := w.client.NetworkingV1().Ingresses("shop").Get(t.Context(), name, metav1.GetOptions{})
		require.NoError(t, err)
		return i.Status.LoadBalancer.Ingress
	}
	controller := func(p *corev1.Pod) {
		p.Namespace = "edge"
		p.Spec.Containers[0].Args = []string{"--ingress-class=nginx", "--publish-service=$(POD_NAMESPACE)/nginx"}
	}
	node := w.nodes(t)[0].Name
	w.pod(t, "nginx-1", node, "100m", controller, notReady)
	assert.Empty(t, addresses("web"), "no controller is ready")
	w.pod(t, "nginx-2", node, "100m", controller)
	assert.Equal(t, []networkingv1.IngressLoadBalancerIngress{{Hostname: w.hostOf(t, "nginx")}}, addresses("web"))
	assert.Empty(t, addresses("foreign"))
}
