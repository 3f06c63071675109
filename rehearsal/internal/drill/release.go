package drill

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
)

// BadRelease rolls out an image that starts and never becomes ready, and then rolls back.
func BadRelease(ctx context.Context, o Options, service string) (*Report, error) {
	hpa, err := autoscalerOf(ctx, o, service)
	if err != nil {
		return nil, err
	}
	d, err := begin(ctx, o, "bad-release", service)
	if err != nil {
		return nil, err
	}
	before, err := d.change(ctx, hpa.Namespace, hpa.Spec.ScaleTargetRef.Name, d.spoil)
	if err != nil {
		return nil, err
	}
	name := before.Namespace + "/" + before.Name
	stopped, err := d.until(ctx, func(v *view) bool { return deadlineExceeded(v, name) })
	if err != nil {
		return nil, err
	}
	if stopped {
		d.tell(time.Now(), "Kubernetes gives the roll-out up: it is past its progress deadline")
	}
	d.judgeRelease(stopped, name)
	if _, err := d.change(ctx, before.Namespace, before.Name, func(now *appsv1.Deployment) {
		replicas := now.Spec.Replicas // the autoscaler's
		now.Spec = before.Spec
		now.Spec.Replicas = replicas
	}); err != nil {
		return nil, err
	}
	d.tell(time.Now(), "the release before is rolled out again")
	did, err := d.until(ctx, func(v *view) bool { return rolledOut(v, name) && v.strong(d.wanted) })
	if err != nil {
		return nil, err
	}
	d.recovered(did)
	return d.finish(ctx)
}

// rolledOut says whether all pods of a Deployment are of its last template.
func rolledOut(v *view, name string) bool {
	return slices.ContainsFunc(v.deployments, func(d appsv1.Deployment) bool {
		return d.Namespace+"/"+d.Name == name && d.Status.ObservedGeneration == d.Generation &&
			d.Status.UpdatedReplicas == wantedOf(&d) && d.Status.Replicas == wantedOf(&d)
	})
}

// spoil gives a Deployment the bad image, and a deadline as much shorter as pods are faster.
func (d *drill) spoil(deployment *appsv1.Deployment) {
	c := &deployment.Spec.Template.Spec.Containers[0]
	c.Image = spoiled(c.Image)
	if deadline := deployment.Spec.ProgressDeadlineSeconds; deadline != nil {
		shorter := int32(math.Ceil(float64(*deadline) / d.Speed))
		d.report.Shortened = append(d.report.Shortened,
			fmt.Sprintf("the progress deadline is %d s instead of %d s", shorter, *deadline))
		deployment.Spec.ProgressDeadlineSeconds = &shorter
	}
	d.tell(time.Now(), fmt.Sprintf("%s/%s gets image %s", deployment.Namespace, deployment.Name, c.Image))
}

// spoiled is the image with a tag that marks it as bad.
func spoiled(image string) string {
	if name, _, byDigest := strings.Cut(image, "@"); byDigest {
		return name + ":0.0.0" + controlplane.UnreadyTag
	}
	return image + controlplane.UnreadyTag
}

func (d *drill) judgeRelease(stopped bool, name string) {
	if !stopped {
		d.broken("the roll-out of %s did not stop", name)
	}
	if low, wanted := d.lowest[name], d.wanted[name]; low < wanted {
		d.broken("%s went down to %d pods that serve; it has %d", name, low, wanted)
	}
}

// deadlineExceeded says whether Kubernetes has given a roll-out up.
func deadlineExceeded(v *view, name string) bool {
	return slices.ContainsFunc(v.deployments, func(d appsv1.Deployment) bool {
		return d.Namespace+"/"+d.Name == name && slices.ContainsFunc(d.Status.Conditions, func(c appsv1.DeploymentCondition) bool {
			return c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse
		})
	})
}

// change updates a Deployment and returns it as it was.
func (d *drill) change(ctx context.Context, namespace, name string, how func(*appsv1.Deployment)) (*appsv1.Deployment, error) {
	var before *appsv1.Deployment
	deployments := d.Cluster.Client().AppsV1().Deployments(namespace)
	err := retry.OnError(retry.DefaultBackoff, apierrors.IsConflict, func() error {
		current, err := deployments.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		before = current.DeepCopy()
		how(current)
		_, err = deployments.Update(ctx, current, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("changing deployment %s/%s: %w", namespace, name, err)
	}
	return before, nil
}
