package fleet

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// world is a fleet on a cluster that is a mere store, with a clock that the test moves. There is no scheduler and no
// kubelet in it: a test says itself which pods run and which nodes are ready.
type world struct {
	client *fake.Clientset
	fleet  *Fleet
	at     time.Time
	groups []simaws.NodeGroup
	addons []string
	// kept are the pods that a disruption budget keeps.
	kept map[string]bool
}

// general is a group of two small nodes over two zones.
func general() simaws.NodeGroup {
	return simaws.NodeGroup{
		Name: "general", InstanceTypes: []string{"t3.large"}, Zones: []string{"eu-west-1a", "eu-west-1b"},
		Min: 1, Max: 4, Desired: 2, Recipe: "one",
	}
}

func newWorld(t *testing.T, groups ...simaws.NodeGroup) *world {
	t.Helper()
	return newWorldWith(t, Options{}, groups...)
}

func newWorldWith(t *testing.T, o Options, groups ...simaws.NodeGroup) *world {
	t.Helper()
	w := &world{
		client: fake.NewClientset(), at: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), groups: groups, kept: map[string]bool{},
	}
	o.Groups = func() []simaws.NodeGroup { return w.groups }
	o.Addons = func() []string { return w.addons }
	w.fleet = newFleet(o, w.client)
	w.fleet.now = func() time.Time { return w.at }
	w.client.PrependReactor("create", "pods", w.evict)
	return w
}

// evict removes a pod, or refuses to as an API server does.
func (w *world) evict(action k8stesting.Action) (bool, runtime.Object, error) {
	create, ok := action.(k8stesting.CreateAction)
	if !ok || action.GetSubresource() != "eviction" {
		return false, nil, nil
	}
	eviction, _ := create.GetObject().(*policyv1.Eviction)
	if w.kept[eviction.Name] {
		return true, nil, apierrors.NewTooManyRequests("the disruption budget needs it", 1)
	}
	return true, nil, w.client.Tracker().Delete(action.GetResource(), eviction.Namespace, eviction.Name)
}

// pass lets time pass, and then the fleet look once.
func (w *world) pass(t *testing.T, d time.Duration) {
	t.Helper()
	w.at = w.at.Add(d)
	require.NoError(t, w.fleet.tick(t.Context()))
}

// settle has the nodes join and become ready.
func (w *world) settle(t *testing.T) {
	t.Helper()
	w.pass(t, 0)
	w.pass(t, launchTime)
	w.ready(t)
	w.pass(t, 0)
}

// ready makes all nodes ready.
func (w *world) ready(t *testing.T) {
	t.Helper()
	for _, n := range w.nodes(t) {
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
		_, err := w.client.CoreV1().Nodes().UpdateStatus(t.Context(), &n, metav1.UpdateOptions{})
		require.NoError(t, err)
	}
}

// nodes returns the nodes, by name.
func (w *world) nodes(t *testing.T) []corev1.Node {
	t.Helper()
	list, err := w.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	slices.SortFunc(list.Items, func(a, b corev1.Node) int { return strings.Compare(a.Name, b.Name) })
	return list.Items
}

// zones counts the nodes of each zone.
func (w *world) zones(t *testing.T) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, n := range w.nodes(t) {
		count[n.Labels[corev1.LabelTopologyZone]]++
	}
	return count
}

// pod is one that asks for CPU: it serves on its node, or waits for one if that is "".
func (w *world) pod(t *testing.T, name, node, cpu string, changes ...func(*corev1.Pod)) {
	t.Helper()
	service, _, _ := strings.Cut(name, "-")
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "shop", UID: types.UID(name), Labels: map[string]string{nameLabel: service},
			CreationTimestamp: metav1.NewTime(w.at),
		},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{
			Name: "app", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse("100Mi"),
			}},
		}}},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, StartTime: ptr.To(metav1.NewTime(w.at)),
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		},
	}
	if node == "" {
		p.Status = corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
		}}}
	}
	for _, change := range changes {
		change(p)
	}
	_, err := w.client.CoreV1().Pods(p.Namespace).Create(t.Context(), p, metav1.CreateOptions{})
	require.NoError(t, err)
}

// pods returns the names of the pods, in order.
func (w *world) pods(t *testing.T) []string {
	t.Helper()
	list, err := w.client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	names := []string{}
	for _, p := range list.Items {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return names
}

// notReady takes a pod out of its service.
func notReady(p *corev1.Pod) { p.Status.Conditions = nil }

// daemon makes a pod one of a DaemonSet.
func daemon(p *corev1.Pod) {
	p.OwnerReferences = []metav1.OwnerReference{{Kind: "DaemonSet", Name: "agent", Controller: ptr.To(true)}}
}

// said says whether an event has the text.
func (w *world) said(text string) bool {
	return slices.ContainsFunc(w.fleet.Events(), func(e Event) bool { return strings.Contains(e.Text, text) })
}
