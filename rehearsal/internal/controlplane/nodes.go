//go:build unix

package controlplane

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

// LoseNode stops a simulated node's kubelet, as the death of its machine does, and does at once what the controller
// manager does when a kubelet was silent for the grace period of 50 s: the node's status is Unknown, and its pods are not
// ready.
//
// The pods stay for as long as they tolerate it, and then stay Terminating until the node is restored, the Node object
// goes, or somebody deletes them by force: no kubelet says that they have ended.
func LoseNode(ctx context.Context, client kubernetes.Interface, name string) error {
	if err := labelLost(ctx, client, name, `"true"`); err != nil {
		return fmt.Errorf("losing node %s: %w", name, err)
	}
	return markPods(ctx, client, name, corev1.ConditionFalse)
}

// RestoreNode starts the kubelet of a lost node again. It returns when the node and the pods that are still on it are
// ready, except for pods that were not ready before.
func RestoreNode(ctx context.Context, client kubernetes.Interface, name string) error {
	if err := labelLost(ctx, client, name, "null"); err != nil {
		return fmt.Errorf("restoring node %s: %w", name, err)
	}
	err := wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady {
				return condition.Status == corev1.ConditionTrue, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for restored node %s: %w", name, err)
	}
	// KWOK cannot do it: the stages of a pod do not see its node.
	return markPods(ctx, client, name, corev1.ConditionTrue)
}

func labelLost(ctx context.Context, client kubernetes.Interface, name, value string) error {
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%s}}}`, LostLabel, value)
	_, err := client.CoreV1().Nodes().Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// markPods says of a node's pods whose containers are ready whether they are reached.
func markPods(ctx context.Context, client kubernetes.Interface, node string, ready corev1.ConditionStatus) error {
	pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.nodeName", node).String(),
	})
	if err != nil {
		return fmt.Errorf("listing the pods of node %s: %w", node, err)
	}
	patch := fmt.Sprintf(`{"status":{"conditions":[{"type":"Ready","status":%q,"lastTransitionTime":%q}]}}`,
		ready, time.Now().UTC().Format(time.RFC3339))
	for _, pod := range pods.Items {
		if !containersReady(&pod) {
			continue
		}
		_, err := client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, []byte(patch),
			metav1.PatchOptions{}, "status")
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("saying whether pod %s/%s is reached: %w", pod.Namespace, pod.Name, err)
		}
	}
	return nil
}

func containersReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.ContainersReady && c.Status == corev1.ConditionTrue
	})
}
