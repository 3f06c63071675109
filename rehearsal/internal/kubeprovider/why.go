package kubeprovider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	// askFor bounds the questions that an explanation asks.
	askFor = 5 * time.Second
	// manyPods is how many pods an explanation tells of. The others mostly have the same reason.
	manyPods = 3
)

// workload is what objects that own pods have in common, for an explanation.
type workload struct {
	Spec struct {
		Selector *metav1.LabelSelector `json:"selector"`
	} `json:"spec"`
	Status struct {
		Conditions []metav1.Condition `json:"conditions"`
	} `json:"status"`
}

// explain says of an object that is not ready why not: what it waits for, its conditions, and of its pods that are not
// ready what keeps them, as Pulumi's provider does.
func (p *provider) explain(live *unstructured.Unstructured, last verdict, cause error) error {
	subject := live.GetKind() + " " + live.GetNamespace() + "/" + live.GetName()
	lines := []string{last.message}
	var w workload
	// An object of another shape, such as a Service with a plain selector, has no pods to tell of.
	if err := typed(live, &w); err == nil {
		lines = append(lines, badConditions(w.Status.Conditions)...)
		// The wait is over, and with it perhaps its context; this has a short time of its own.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(p.life()), askFor)
		defer cancel()
		lines = append(lines, p.podsOf(ctx, live, w.Spec.Selector)...)
	}
	return fmt.Errorf("%s: %w: %s", subject, cause, strings.Join(lines, "; "))
}

// badConditions returns the conditions that are not as they are in good times.
func badConditions(conditions []metav1.Condition) []string {
	var out []string
	for _, c := range conditions {
		fine := c.Status == metav1.ConditionTrue
		if c.Type == "ReplicaFailure" || c.Type == "Failed" || c.Type == "FailureTarget" {
			fine = !fine
		}
		if !fine {
			out = append(out, fmt.Sprintf("condition %s=%s (%s): %s", c.Type, c.Status, c.Reason, c.Message))
		}
	}
	return out
}

// podsOf tells of the pods that are not ready.
func (p *provider) podsOf(ctx context.Context, live *unstructured.Unstructured, selector *metav1.LabelSelector) []string {
	pods := []unstructured.Unstructured{*live}
	if live.GetKind() != "Pod" {
		chosen, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil || chosen.Empty() || chosen == labels.Nothing() {
			return nil
		}
		list, err := p.kinds["kubernetes:core/v1:Pod"].in(p.client, live.GetNamespace()).
			List(ctx, metav1.ListOptions{LabelSelector: chosen.String()})
		if err != nil {
			return []string{"its pods could not be listed: " + err.Error()}
		}
		pods = list.Items
	}
	var out []string
	for i := range pods {
		var pod corev1.Pod
		if err := typed(&pods[i], &pod); err != nil || podReady(pod) {
			continue
		}
		if len(out) == manyPods {
			return append(out, "and more pods")
		}
		reasons := append(podReasons(pod), p.lastWarning(ctx, pod)...)
		out = append(out, fmt.Sprintf("pod %s (%s): %s", pod.Name, pod.Status.Phase, strings.Join(reasons, ", ")))
	}
	return out
}

func podReady(pod corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded ||
		slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
}

// podReasons returns what the scheduler and the containers say.
func podReasons(pod corev1.Pod) []string {
	var out []string
	for _, c := range pod.Status.Conditions {
		if c.Status == corev1.ConditionFalse && c.Type == corev1.PodScheduled {
			out = append(out, c.Reason+": "+c.Message)
		}
	}
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		switch {
		case c.Ready:
		case c.State.Waiting != nil:
			out = append(out, fmt.Sprintf("container %s waits: %s: %s", c.Name, c.State.Waiting.Reason, c.State.Waiting.Message))
		case c.State.Terminated != nil && c.State.Terminated.ExitCode != 0:
			out = append(out, fmt.Sprintf("container %s ended: %s, exit code %d",
				c.Name, c.State.Terminated.Reason, c.State.Terminated.ExitCode))
		case c.State.Running != nil:
			out = append(out, fmt.Sprintf("container %s runs and is not ready%s", c.Name, awaited(pod, c)))
		}
	}
	return out
}

// awaited names the probe that a running container has not passed: its startup probe first, and then for readiness.
func awaited(pod corev1.Pod, status corev1.ContainerStatus) string {
	i := slices.IndexFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == status.Name })
	if i < 0 {
		return ""
	}
	c := pod.Spec.Containers[i]
	if c.StartupProbe != nil && (status.Started == nil || !*status.Started) {
		return ": it has not passed its startup probe" + handlerOf(c.StartupProbe)
	}
	if c.ReadinessProbe != nil {
		return ": it has not passed its readiness probe" + handlerOf(c.ReadinessProbe)
	}
	return ""
}

// handlerOf says what a probe asks.
func handlerOf(p *corev1.Probe) string {
	switch {
	case p.HTTPGet != nil:
		return fmt.Sprintf(" (GET %s on port %s)", p.HTTPGet.Path, p.HTTPGet.Port.String())
	case p.TCPSocket != nil:
		return fmt.Sprintf(" (TCP on port %s)", p.TCPSocket.Port.String())
	}
	return ""
}

// lastWarning returns the youngest warning about a pod.
func (p *provider) lastWarning(ctx context.Context, pod corev1.Pod) []string {
	list, err := p.client.Resource(corev1.SchemeGroupVersion.WithResource("events")).Namespace(pod.Namespace).
		List(ctx, metav1.ListOptions{FieldSelector: fields.Set{
			"involvedObject.name": pod.Name, "type": corev1.EventTypeWarning,
		}.String()})
	if err != nil || len(list.Items) == 0 {
		return nil // events only add to what the pod says
	}
	youngest := slices.MaxFunc(list.Items, func(a, b unstructured.Unstructured) int {
		return a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time)
	})
	var event corev1.Event
	if err := typed(&youngest, &event); err != nil {
		return nil
	}
	return []string{"event " + event.Reason + ": " + event.Message}
}
