package kubeprovider

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// pollEvery is short against any roll-out and long for a server on the same machine.
const pollEvery = 100 * time.Millisecond

// verdict says how far an object is, and what it waits for.
type verdict struct {
	status  status.Status
	message string
}

func current() (verdict, error) { return verdict{status: status.CurrentStatus}, nil }

func waiting(format string, args ...any) (verdict, error) {
	return verdict{status: status.InProgressStatus, message: fmt.Sprintf(format, args...)}, nil
}

// readiness judges a live object.
type readiness func(ctx context.Context, client dynamic.Interface, live *unstructured.Unstructured) (verdict, error)

// computed asks kstatus. A Deployment whose progress deadline has passed is failed to it, and not waited for any longer;
// Pulumi's provider waits for its own time-out and then says the same.
func computed(_ context.Context, _ dynamic.Interface, live *unstructured.Unstructured) (verdict, error) {
	result, err := status.Compute(live)
	if err != nil {
		return verdict{}, err
	}
	return verdict{status: result.Status, message: result.Message}, nil
}

// jobReady waits for the end of a Job, as Pulumi's provider does; to kstatus a Job that has started is current.
func jobReady(_ context.Context, _ dynamic.Interface, live *unstructured.Unstructured) (verdict, error) {
	var job batchv1.Job
	if err := typed(live, &job); err != nil {
		return verdict{}, err
	}
	for _, c := range job.Status.Conditions {
		if c.Type == batchv1.JobComplete && c.Status == corev1.ConditionTrue {
			return current()
		}
		if c.Type == batchv1.JobFailed && c.Status == corev1.ConditionTrue {
			return verdict{status: status.FailedStatus, message: c.Reason + ": " + c.Message}, nil
		}
	}
	return waiting("%d pods active, %d succeeded, %d failed", job.Status.Active, job.Status.Succeeded, job.Status.Failed)
}

// addressed waits for the address of an Ingress or a Service of type LoadBalancer.
func addressed(_ context.Context, _ dynamic.Interface, live *unstructured.Unstructured) (verdict, error) {
	found, _, err := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress")
	if err != nil || len(found) > 0 {
		return verdict{status: status.CurrentStatus}, err
	}
	return waiting("no load balancer has given it an address (status.loadBalancer.ingress is empty)")
}

// serviceReady follows Pulumi's provider since 4.17: a Service is ready with no endpoint or with ready ones only, and
// without a selector, headless or external in any case; a load balancer needs its address besides. That provider looks on
// for ten seconds more; here it is enough that the controller has looked once.
func serviceReady(ctx context.Context, client dynamic.Interface, live *unstructured.Unstructured) (verdict, error) {
	var service corev1.Service
	if err := typed(live, &service); err != nil {
		return verdict{}, err
	}
	if service.Spec.Type == corev1.ServiceTypeLoadBalancer {
		if v, err := addressed(ctx, client, live); err != nil || v.status != status.CurrentStatus {
			return v, err
		}
	}
	if len(service.Spec.Selector) == 0 || service.Spec.Type == corev1.ServiceTypeExternalName ||
		service.Spec.ClusterIP == corev1.ClusterIPNone {
		return current()
	}
	slices, err := client.Resource(discoveryv1.SchemeGroupVersion.WithResource("endpointslices")).
		Namespace(service.Namespace).
		List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + service.Name})
	if err != nil {
		return verdict{}, err
	}
	return endpointsReady(slices)
}

func endpointsReady(slices *unstructured.UnstructuredList) (verdict, error) {
	// The controller makes a slice for each Service, an empty one too: without one it has not looked yet.
	if len(slices.Items) == 0 {
		return waiting("its endpoints are not known yet")
	}
	unready := 0
	for i := range slices.Items {
		var slice discoveryv1.EndpointSlice
		if err := typed(&slices.Items[i], &slice); err != nil {
			return verdict{}, err
		}
		for _, e := range slice.Endpoints {
			leaving := e.Conditions.Terminating != nil && *e.Conditions.Terminating
			if e.Conditions.Ready != nil && !*e.Conditions.Ready && !leaving {
				unready++
			}
		}
	}
	if unready > 0 {
		return waiting("%d of its endpoints are not ready", unready)
	}
	return current()
}

// claimReady waits for the volume, unless the storage class makes it with the first pod only.
func claimReady(ctx context.Context, client dynamic.Interface, live *unstructured.Unstructured) (verdict, error) {
	var claim corev1.PersistentVolumeClaim
	if err := typed(live, &claim); err != nil {
		return verdict{}, err
	}
	if claim.Status.Phase == corev1.ClaimBound {
		return current()
	}
	if name := claim.Spec.StorageClassName; name != nil && *name != "" {
		found, err := client.Resource(storagev1.SchemeGroupVersion.WithResource("storageclasses")).
			Get(ctx, *name, metav1.GetOptions{})
		if err != nil {
			return waiting("storage class %q: %v", *name, err)
		}
		var class storagev1.StorageClass
		if err := typed(found, &class); err != nil {
			return verdict{}, err
		}
		if mode := class.VolumeBindingMode; mode != nil && *mode == storagev1.VolumeBindingWaitForFirstConsumer {
			return current()
		}
	}
	return waiting("the claim is %s", claim.Status.Phase)
}

// quotaReady waits until the quota counts.
func quotaReady(_ context.Context, _ dynamic.Interface, live *unstructured.Unstructured) (verdict, error) {
	var quota corev1.ResourceQuota
	if err := typed(live, &quota); err != nil {
		return verdict{}, err
	}
	if equality.Semantic.DeepEqual(quota.Spec.Hard, quota.Status.Hard) {
		return current()
	}
	return waiting("the quota is not counted yet")
}

// typed converts an object into its Go type.
func typed[T any](live *unstructured.Unstructured, into *T) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, into)
}

// patience returns how long an object may take: what the resource option says, or the annotation.
func (c *Cluster) patience(r simprovider.Request, inputs resource.PropertyMap) time.Duration {
	if r.Timeout > 0 {
		return r.Timeout
	}
	if n, err := strconv.Atoi(texts(inputs, "annotations")[timeoutSeconds]); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return c.options.Timeout
}

// await polls an object until it is ready and returns it as it is then. If that does not come about, it returns the
// object as it was last seen, and an error that says what kept it.
func (p *provider) await(r simprovider.Request, k kind, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if k.ready == nil || texts(r.Inputs, "annotations")[skipAwait] == "true" {
		return live, nil
	}
	life, patience := p.life(), p.patience(r, r.Inputs)
	ctx, cancel := context.WithTimeout(life, patience)
	defer cancel()
	objects, name := k.in(p.client, live.GetNamespace()), live.GetName()
	last := verdict{message: "nothing is known of it yet"}
	err := wait.PollUntilContextCancel(ctx, pollEvery, true, func(ctx context.Context) (bool, error) {
		got, err := objects.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, errors.New("it was removed meanwhile")
		}
		if err == nil {
			live = got
			last, err = k.ready(ctx, p.client, got)
		}
		if err != nil && ctx.Err() == nil {
			last = verdict{message: err.Error()}
		}
		if last.status == status.FailedStatus {
			return false, errors.New("it failed")
		}
		return last.status == status.CurrentStatus, nil
	})
	if err == nil {
		return live, nil
	}
	return live, p.explain(live, last, giveUp(life, err, patience))
}

// giveUp says why waiting ended.
func giveUp(life context.Context, err error, patience time.Duration) error {
	switch {
	case life.Err() != nil:
		return fmt.Errorf("waiting was interrupted: %w", context.Cause(life))
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("not ready after %s", patience)
	default:
		return err
	}
}

// vanish waits until an object is gone, or another one has its name.
func (p *provider) vanish(r simprovider.Request, k kind, uid types.UID) error {
	life, patience := p.life(), p.patience(r, r.Olds)
	ctx, cancel := context.WithTimeout(life, patience)
	defer cancel()
	namespace, name := split(r.ID)
	var live *unstructured.Unstructured
	err := wait.PollUntilContextCancel(ctx, pollEvery, true, func(ctx context.Context) (bool, error) {
		got, err := k.in(p.client, namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || (err == nil && uid != "" && got.GetUID() != uid) {
			return true, nil
		}
		if err == nil {
			live = got
		}
		return false, nil
	})
	if err == nil {
		return nil
	}
	if life.Err() != nil {
		return giveUp(life, err, patience)
	}
	if live == nil {
		return fmt.Errorf("%s %q: the server did not say whether it is gone", k.typ, r.ID)
	}
	return fmt.Errorf("%s %q is still there after %s; finalizers: [%s]",
		live.GetKind(), r.ID, patience, strings.Join(live.GetFinalizers(), " "))
}
