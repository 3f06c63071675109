//go:build unix

package controlplane_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
)

// What a stage may begin sooner than we saw its cause, or later than it was due on a busy machine.
const (
	sooner = 300 * time.Millisecond
	later  = 5 * time.Second
)

func TestPod_withAProbeIsReadyAfterItsStartUpAndNotBefore(t *testing.T) {
	t.Parallel()
	for name, probed := range map[string]func(*corev1.PodSpec){
		"readiness probe": func(spec *corev1.PodSpec) { spec.Containers[0].ReadinessProbe = probe() },
		"startup probe":   func(spec *corev1.PodSpec) { spec.Containers[0].StartupProbe = probe() },
		"probe of a sidecar": func(spec *corev1.PodSpec) {
			always := corev1.ContainerRestartPolicyAlways
			spec.InitContainers = []corev1.Container{
				{Name: "proxy", Image: "proxy:1", RestartPolicy: &always, StartupProbe: probe()},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t, nil)
			template := pod("app", "app:1")
			template.Annotations = map[string]string{controlplane.StartupAnnotation: "20"}
			probed(&template.Spec)
			deploy(t, ns, template)
			eventually(t, "a running pod", func() bool { return len(running(t, ns)) == 1 })
			started := time.Now()
			eventually(t, "an available pod", func() bool { return available(t, ns) == 1 })
			took := time.Since(started)
			assert.Greater(t, took, 20*time.Second/speed-sooner)
			assert.Less(t, took, 20*time.Second/speed+later)
		})
	}
}

func TestPod_withoutAProbeIsReadyAtOnce(t *testing.T) {
	t.Parallel()
	ns := namespace(t, nil)
	template := pod("app", "app:1")
	template.Annotations = map[string]string{controlplane.StartupAnnotation: "600"}
	start := time.Now()
	deploy(t, ns, template)
	eventually(t, "an available pod", func() bool { return available(t, ns) == 1 })
	assert.Less(t, time.Since(start), later)
}

func TestPod_ofABadImageNeverAnswersItsProbes(t *testing.T) {
	t.Parallel()
	ns := namespace(t, nil)
	digest := "@sha256:" + strings.Repeat("0", 64)
	bad := pod("bad", "registry/app:1.2.3"+controlplane.UnreadyTag+digest)
	bad.Spec.Containers[0].ReadinessProbe = probe()
	launchPod(t, ns, bad)
	eventually(t, "the bad pod's container", func() bool {
		now := get(t, ns, "bad")
		return len(now.Status.ContainerStatuses) == 1 && now.Status.ContainerStatuses[0].State.Running != nil
	})
	good := pod("good", "registry/app:1.2.3-0badbad1")
	good.Spec.Containers[0].ReadinessProbe = probe()
	launchPod(t, ns, good)
	eventually(t, "the good pod", func() bool { return ready(t, ns, "good") })
	assert.False(t, ready(t, ns, "bad"))
}

func TestPod_ofACrashingImageCrashes(t *testing.T) {
	t.Parallel()
	ns := namespace(t, nil)
	bad := pod("bad", "registry/app:1.2.3"+controlplane.CrashTag)
	launchPod(t, ns, bad)
	eventually(t, "the crash", func() bool {
		statuses := get(t, ns, "bad").Status.ContainerStatuses
		return len(statuses) == 1 && statuses[0].RestartCount > 0 && statuses[0].State.Waiting != nil &&
			statuses[0].State.Waiting.Reason == "CrashLoopBackOff"
	})
	assert.False(t, ready(t, ns, "bad"))
}

func TestPod_canBeMadeUnreadyAndRecoversAtOnce(t *testing.T) {
	t.Parallel()
	ns := namespace(t, nil)
	app := pod("app", "app:1")
	app.Annotations = map[string]string{controlplane.StartupAnnotation: "10"}
	app.Spec.Containers[0].ReadinessProbe = probe()
	launchPod(t, ns, app)
	eventually(t, "readiness", func() bool { return ready(t, ns, "app") })
	// A start-up time that nobody would wait for shows that recovering is no start.
	annotate(t, ns, "app", `{"`+controlplane.StartupAnnotation+`":"6000","`+controlplane.UnreadyAnnotation+`":"true"}`)
	eventually(t, "unreadiness", func() bool { return !ready(t, ns, "app") })
	annotate(t, ns, "app", `{"`+controlplane.UnreadyAnnotation+`":null}`)
	eventually(t, "recovery", func() bool { return ready(t, ns, "app") })
}

func TestPod_endsAfterItsPreStopSleep(t *testing.T) {
	t.Parallel()
	ns := namespace(t, nil)
	grace := int64(60)
	slow, quick := pod("slow", "app:1"), pod("quick", "app:1")
	slow.Spec.TerminationGracePeriodSeconds, quick.Spec.TerminationGracePeriodSeconds = &grace, &grace
	slow.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{
		PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 30}},
	}
	took := func(pod *corev1.Pod) time.Duration {
		launchPod(t, ns, pod)
		eventually(t, "readiness", func() bool { return ready(t, ns, pod.Name) })
		start := time.Now()
		require.NoError(t, client.CoreV1().Pods(ns).Delete(t.Context(), pod.Name, metav1.DeleteOptions{}))
		eventually(t, "the end", func() bool {
			_, err := client.CoreV1().Pods(ns).Get(t.Context(), pod.Name, metav1.GetOptions{})
			return apierrors.IsNotFound(err)
		})
		return time.Since(start)
	}
	assert.Less(t, took(quick), 30*time.Second/speed-sooner)
	assert.Greater(t, took(slow), 30*time.Second/speed-sooner)
}

func TestJob_completes(t *testing.T) {
	t.Parallel()
	ns := namespace(t, nil)
	template := pod("work", "work:1")
	template.Spec.RestartPolicy = corev1.RestartPolicyNever
	_, err := client.BatchV1().Jobs(ns).Create(t.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "work"},
		Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: template.Spec}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	eventually(t, "the completion", func() bool {
		job, err := client.BatchV1().Jobs(ns).Get(t.Context(), "work", metav1.GetOptions{})
		require.NoError(t, err)
		return job.Status.CompletionTime != nil
	})
}

// Without a lease that is renewed, the controller manager takes a node for dead after its grace period.
func TestNode_saysByALeaseThatItLives(t *testing.T) {
	t.Parallel()
	nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, nodes.Items)
	eventually(t, "a lease", func() bool {
		lease, err := client.CoordinationV1().Leases("kube-node-lease").Get(t.Context(), nodes.Items[0].Name, metav1.GetOptions{})
		return err == nil && lease.Spec.RenewTime != nil
	})
}

func TestNode_lostLosesItsPodsAndCanComeBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	ns := namespace(t, nil)
	const label = "test/lost"
	for _, name := range []string{"lost-a", "lost-b"} {
		made := node(name)
		made.Labels[label] = "true"
		made.Spec.Taints = []corev1.Taint{{Key: label, Effect: corev1.TaintEffectNoSchedule}}
		_, err := client.CoreV1().Nodes().Create(ctx, made, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	template := pod("app", "app:1")
	template.Spec.NodeSelector = map[string]string{label: "true"}
	template.Spec.Tolerations = []corev1.Toleration{{Key: label, Operator: corev1.TolerationOpExists}}
	deploy(t, ns, template)
	eventually(t, "an available pod", func() bool { return available(t, ns) == 1 })
	first := running(t, ns)[0]

	require.NoError(t, controlplane.LoseNode(ctx, client, first.Spec.NodeName))
	eventually(t, "no available pod", func() bool { return available(t, ns) == 0 })
	eventually(t, "a pod elsewhere", func() bool { return available(t, ns) == 1 })
	assert.Len(t, running(t, ns), 2, "the first pod must stay Terminating while its kubelet is silent")
	assert.NotNil(t, get(t, ns, first.Name).DeletionTimestamp)

	require.NoError(t, controlplane.RestoreNode(ctx, client, first.Spec.NodeName))
	eventually(t, "the first pod's end", func() bool { return len(running(t, ns)) == 1 })
}

func pod(name, image string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: image}}},
	}
}

func probe() *corev1.Probe {
	return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}}
}

// deploy makes a Deployment "app" of one pod.
func deploy(t *testing.T, ns string, template *corev1.Pod) {
	t.Helper()
	labels := map[string]string{"app": "app"}
	_, err := client.AppsV1().Deployments(ns).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "app"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: template.Annotations},
				Spec:       template.Spec,
			},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

func available(t *testing.T, ns string) int32 {
	t.Helper()
	deployment, err := client.AppsV1().Deployments(ns).Get(t.Context(), "app", metav1.GetOptions{})
	require.NoError(t, err)
	return deployment.Status.AvailableReplicas
}

// running are the pods of a namespace whose containers run, also those that are on their way out.
func running(t *testing.T, ns string) []corev1.Pod {
	t.Helper()
	all, err := client.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	var found []corev1.Pod
	for _, pod := range all.Items {
		if pod.Status.Phase == corev1.PodRunning {
			found = append(found, pod)
		}
	}
	return found
}

func launchPod(t *testing.T, ns string, pod *corev1.Pod) {
	t.Helper()
	_, err := client.CoreV1().Pods(ns).Create(t.Context(), pod, metav1.CreateOptions{})
	require.NoError(t, err)
}

func get(t *testing.T, ns, name string) *corev1.Pod {
	t.Helper()
	found, err := client.CoreV1().Pods(ns).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	return found
}

func ready(t *testing.T, ns, name string) bool {
	t.Helper()
	for _, condition := range get(t, ns, name).Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func annotate(t *testing.T, ns, name, annotations string) {
	t.Helper()
	_, err := client.CoreV1().Pods(ns).Patch(t.Context(), name, types.MergePatchType,
		[]byte(`{"metadata":{"annotations":`+annotations+`}}`), metav1.PatchOptions{})
	require.NoError(t, err)
}
