package fleet

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// drainTime is how long pods may resist their eviction (EKS user guide, managed node update behavior).
const drainTime = 15 * time.Minute

// drainNote is when the drain of a node began.
const drainNote = "slipway.dev/rehearsal-drain"

// drain has the pods of a node leave, one look at a time, and then ends the node. Pods that a disruption budget keeps
// stay until others are ready, or time is up.
func (f *Fleet) drain(ctx context.Context, s *snapshot, n *corev1.Node, why string) error {
	began, err := time.Parse(time.RFC3339Nano, n.Annotations[drainNote])
	if err != nil {
		f.note("node %s is drained: %s", n.Name, why)
		patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}},"spec":{"unschedulable":true}}`,
			drainNote, s.at.Format(time.RFC3339Nano))
		_, err := f.client.CoreV1().Nodes().Patch(ctx, n.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		return ignoreGone(err)
	}
	left, budget := 0, s.at.Before(began.Add(f.real(drainTime)))
	for _, p := range s.podsOn(n.Name) {
		if ofDaemonSet(&p) {
			continue
		}
		left++
		if p.DeletionTimestamp != nil {
			continue
		}
		eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name}}
		err := f.client.PolicyV1().Evictions(p.Namespace).Evict(ctx, eviction)
		if apierrors.IsTooManyRequests(err) {
			continue
		}
		if err != nil && !apierrors.IsNotFound(err) && budget {
			return fmt.Errorf("evicting %s/%s: %w", p.Namespace, p.Name, err)
		}
	}
	if left > 0 && budget {
		return nil
	}
	return f.end(ctx, s, n.Name)
}

// end removes a node and, as the garbage collector would after a minute, its pods.
func (f *Fleet) end(ctx context.Context, s *snapshot, node string) error {
	if err := ignoreGone(f.client.CoreV1().Nodes().Delete(ctx, node, metav1.DeleteOptions{})); err != nil {
		return fmt.Errorf("removing node %s: %w", node, err)
	}
	for _, p := range s.podsOn(node) {
		err := f.client.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)})
		if err := ignoreGone(err); err != nil {
			return fmt.Errorf("removing pod %s/%s: %w", p.Namespace, p.Name, err)
		}
	}
	if _, dead := f.dead[node]; !dead {
		f.dead[node] = s.at
	}
	f.note("node %s is gone", node)
	return nil
}

func ofDaemonSet(p *corev1.Pod) bool {
	owner := metav1.GetControllerOf(p)
	return owner != nil && owner.Kind == "DaemonSet"
}

func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
