package drill

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// idleCPUPercent is the use of CPU below which pods must not wait for a place: adding nodes by use of CPU cannot help
// them.
const idleCPUPercent = 50

// Spike gives a service so much load that it needs its most pods: as much as they use together at their target.
func Spike(ctx context.Context, o Options, service string) (*Report, error) {
	hpa, err := autoscalerOf(ctx, o, service)
	if err != nil {
		return nil, err
	}
	request, percent, err := target(ctx, o, hpa)
	if err != nil {
		return nil, err
	}
	d, err := begin(ctx, o, "spike", service)
	if err != nil {
		return nil, err
	}
	// A little less than the target would make one pod fewer enough.
	total := float64(hpa.Spec.MaxReplicas) * request * percent / 100
	d.tell(d.start, fmt.Sprintf("%s gets a load of %.0fm CPU: %d pods at %.0f %% of %.0fm",
		service, total, hpa.Spec.MaxReplicas, percent, request))
	o.Cluster.Fleet().Load().SetTotal(hpa.Namespace, hpa.Spec.ScaleTargetRef.Name, total)
	defer o.Cluster.Fleet().Load().Clear(hpa.Namespace, hpa.Spec.ScaleTargetRef.Name)

	name := hpa.Namespace + "/" + hpa.Spec.ScaleTargetRef.Name
	did, err := d.until(ctx, func(v *view) bool {
		return slices.ContainsFunc(v.services(), func(s strength) bool {
			return s.name == name && s.serves >= hpa.Spec.MaxReplicas
		})
	})
	if err != nil {
		return nil, err
	}
	d.recovered(did)
	r, err := d.finish(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.judgePending(ctx, did); err != nil {
		return nil, err
	}
	if died := d.died(); died > 0 {
		d.broken("%d nodes died of the load", died)
	}
	r.Kept = len(r.Broken) == 0
	return r, nil
}

// judgePending names pods that waited, and still wait, for a place while the nodes had CPU to spare.
func (d *drill) judgePending(ctx context.Context, did bool) error {
	if did {
		return nil
	}
	v, err := d.look(ctx)
	if err != nil {
		return err
	}
	for i := range v.pods {
		p, busy := &v.pods[i], v.cpuPercent()
		if unschedulable(p) != "" && busy < idleCPUPercent {
			d.broken("%s/%s has no place while the nodes use %.0f %% of their CPU: no policy on CPU will add a node",
				p.Namespace, p.Name, busy)
		}
	}
	return nil
}

// autoscalerOf finds the HPA of a service by its name, or namespace/name.
func autoscalerOf(ctx context.Context, o Options, service string) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	all, err := o.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing autoscalers: %w", err)
	}
	var names []string
	for i := range all.Items {
		hpa := &all.Items[i]
		full := hpa.Namespace + "/" + hpa.Name
		if hpa.Name == service || full == service {
			return hpa, nil
		}
		names = append(names, full)
	}
	slices.Sort(names)
	return nil, fmt.Errorf("no service %s has an autoscaler; there are %s", service, strings.Join(names, ", "))
}

// target returns what a pod asks for, in millicores, and how much of that its autoscaler holds, in percent.
func target(ctx context.Context, o Options, hpa *autoscalingv2.HorizontalPodAutoscaler) (request, percent float64, err error) {
	d, err := o.Cluster.Client().AppsV1().Deployments(hpa.Namespace).Get(ctx, hpa.Spec.ScaleTargetRef.Name, metav1.GetOptions{})
	if err != nil {
		return 0, 0, fmt.Errorf("reading what %s scales: %w", hpa.Name, err)
	}
	for _, c := range d.Spec.Template.Spec.Containers {
		request += float64(c.Resources.Requests.Cpu().MilliValue())
	}
	for _, m := range hpa.Spec.Metrics {
		if m.Resource != nil && m.Resource.Name == corev1.ResourceCPU && m.Resource.Target.AverageUtilization != nil {
			percent = float64(*m.Resource.Target.AverageUtilization)
		}
	}
	if math.Min(request, percent) <= 0 {
		return 0, 0, fmt.Errorf("%s does not hold a use of CPU that its pods ask for", hpa.Name)
	}
	return request, percent, nil
}

// LargestService returns the service whose autoscaler allows the most pods; the first of several.
func LargestService(ctx context.Context, o Options) (string, error) {
	all, err := o.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", fmt.Errorf("listing autoscalers: %w", err)
	}
	var largest *autoscalingv2.HorizontalPodAutoscaler
	for i := range all.Items {
		hpa := &all.Items[i]
		if hpa.Namespace != ingressNamespace && (largest == nil || hpa.Spec.MaxReplicas > largest.Spec.MaxReplicas) {
			largest = hpa
		}
	}
	if largest == nil {
		return "", errors.New("no service has an autoscaler")
	}
	return largest.Namespace + "/" + largest.Name, nil
}

// ingressNamespace is that of the way in, which is no service of the platform's users.
const ingressNamespace = "ingress-nginx"
