package simkube

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
)

// rule returns what the API server would refuse of an object, led by the field.
type rule func(object any) []string

// about makes a rule of a check of one type.
func about[T any](check func(*T) []string) rule {
	return func(object any) []string {
		if o, ok := object.(*T); ok {
			return check(o)
		}
		return nil
	}
}

// keys checks the keys of a ConfigMap or Secret.
func keys[V any](field string, data map[string]V) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(data)) {
		for _, wrong := range validation.IsConfigMapKey(k) {
			out = append(out, fmt.Sprintf("%s[%s]: %s", field, k, wrong))
		}
	}
	return out
}

var secretKeys = about(func(s *corev1.Secret) []string {
	return append(keys("data", s.Data), keys("stringData", s.StringData)...)
})

var configKeys = about(func(c *corev1.ConfigMap) []string {
	return append(keys("data", c.Data), keys("binaryData", c.BinaryData)...)
})

var servicePorts = about(func(s *corev1.Service) []string {
	headless := s.Spec.ClusterIP == corev1.ClusterIPNone || s.Spec.Type == corev1.ServiceTypeExternalName
	if len(s.Spec.Ports) == 0 && !headless {
		return []string{"spec.ports: Required value"}
	}
	var out []string
	seen := map[string]bool{}
	for i, p := range s.Spec.Ports {
		if p.Port < 1 || p.Port > 65535 {
			out = append(out, fmt.Sprintf("spec.ports[%d].port: %d is outside 1..65535", i, p.Port))
		}
		if len(s.Spec.Ports) > 1 && (p.Name == "" || seen[p.Name]) {
			out = append(out, fmt.Sprintf("spec.ports[%d].name: several ports need names of their own", i))
		}
		seen[p.Name] = true
	}
	if s.Spec.LoadBalancerClass != nil && s.Spec.Type != corev1.ServiceTypeLoadBalancer {
		out = append(out, "spec.loadBalancerClass: may only be used when `type` is 'LoadBalancer'")
	}
	return out
})

var selectorMatches = about(func(d *appsv1.Deployment) []string {
	if d.Spec.Selector == nil {
		return []string{"spec.selector: Required value"}
	}
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return []string{"spec.selector: " + err.Error()}
	}
	if selector.Empty() || !selector.Matches(labels.Set(d.Spec.Template.Labels)) {
		return []string{"spec.template.metadata.labels: `selector` does not match template `labels`"}
	}
	return nil
})

var podsOfDeployment = about(func(d *appsv1.Deployment) []string {
	out := pods("spec.template.spec", d.Spec.Template.Spec)
	if p := d.Spec.Template.Spec.RestartPolicy; p != "" && p != corev1.RestartPolicyAlways {
		out = append(out, fmt.Sprintf("spec.template.spec.restartPolicy: %q, a Deployment supports Always only", p))
	}
	return out
})

var podsOfJob rule = func(object any) []string {
	field, spec := "spec.template.spec", corev1.PodSpec{}
	switch o := object.(type) {
	case *batchv1.Job:
		spec = o.Spec.Template.Spec
	case *batchv1.CronJob:
		field, spec = "spec.jobTemplate."+field, o.Spec.JobTemplate.Spec.Template.Spec
	}
	out := pods(field, spec)
	if p := spec.RestartPolicy; p != corev1.RestartPolicyNever && p != corev1.RestartPolicyOnFailure {
		out = append(out, field+".restartPolicy: must be OnFailure or Never")
	}
	return out
}

var cronSchedule = about(func(c *batchv1.CronJob) []string {
	if len(strings.Fields(c.Spec.Schedule)) != 5 && !strings.HasPrefix(c.Spec.Schedule, "@") {
		return []string{fmt.Sprintf("spec.schedule: %q is no schedule", c.Spec.Schedule)}
	}
	return nil
})

var autoscalerSizes = about(func(h *autoscalingv2.HorizontalPodAutoscaler) []string {
	var out []string
	least := int32(1)
	if h.Spec.MinReplicas != nil {
		least = *h.Spec.MinReplicas
	}
	if least < 1 {
		out = append(out, fmt.Sprintf("spec.minReplicas: %d, must be at least 1", least))
	}
	if h.Spec.MaxReplicas < least {
		out = append(out,
			fmt.Sprintf("spec.maxReplicas: %d, must be greater than or equal to `minReplicas`", h.Spec.MaxReplicas))
	}
	if h.Spec.ScaleTargetRef.Kind == "" || h.Spec.ScaleTargetRef.Name == "" {
		out = append(out, "spec.scaleTargetRef: kind and name are required")
	}
	return out
})

var budgetFields = about(func(b *policyv1.PodDisruptionBudget) []string {
	if b.Spec.MinAvailable != nil && b.Spec.MaxUnavailable != nil {
		return []string{"spec: minAvailable and maxUnavailable cannot be both set"}
	}
	return nil
})

var ingressPaths = about(func(in *networkingv1.Ingress) []string {
	var out []string
	if len(in.Spec.Rules) == 0 && in.Spec.DefaultBackend == nil {
		out = append(out, "spec: either `defaultBackend` or `rules` must be specified")
	}
	for i, r := range in.Spec.Rules {
		field := fmt.Sprintf("spec.rules[%d]", i)
		if host := strings.TrimPrefix(r.Host, "*."); host != "" {
			for _, wrong := range validation.IsDNS1123Subdomain(host) {
				out = append(out, fmt.Sprintf("%s.host: %s", field, wrong))
			}
		}
		if r.HTTP == nil {
			continue
		}
		for j, p := range r.HTTP.Paths {
			out = append(out, ingressPath(fmt.Sprintf("%s.http.paths[%d]", field, j), p)...)
		}
	}
	return out
})

func ingressPath(field string, p networkingv1.HTTPIngressPath) []string {
	var out []string
	if p.PathType == nil {
		out = append(out, field+".pathType: Required value")
	} else if *p.PathType != networkingv1.PathTypeImplementationSpecific && !strings.HasPrefix(p.Path, "/") {
		out = append(out, field+".path: must be an absolute path")
	}
	switch service := p.Backend.Service; {
	case service == nil && p.Backend.Resource == nil:
		out = append(out, field+".backend: either a service or a resource is required")
	case service != nil && (service.Name == "" || (service.Port.Name == "") == (service.Port.Number == 0)):
		out = append(out, field+".backend.service: needs a name, and a port by name or by number")
	}
	return out
}

var bindingSubjects rule = func(object any) []string {
	var ref rbacv1.RoleRef
	var subjects []rbacv1.Subject
	switch b := object.(type) {
	case *rbacv1.RoleBinding:
		ref, subjects = b.RoleRef, b.Subjects
	case *rbacv1.ClusterRoleBinding:
		ref, subjects = b.RoleRef, b.Subjects
	}
	var out []string
	if ref.APIGroup != rbacv1.GroupName || ref.Name == "" {
		out = append(out, "roleRef: needs a name, and the apiGroup "+rbacv1.GroupName)
	}
	for i, s := range subjects {
		if s.Kind == rbacv1.ServiceAccountKind && (s.Namespace == "" || s.APIGroup != "") {
			out = append(out, fmt.Sprintf("subjects[%d]: a ServiceAccount has a namespace and no apiGroup", i))
		}
	}
	return out
}

var provisioner = about(func(s *storagev1.StorageClass) []string {
	if s.Provisioner == "" {
		return []string{"provisioner: Required value"}
	}
	return nil
})

var webhookFields = about(func(c *admissionv1.ValidatingWebhookConfiguration) []string {
	var out []string
	for i, w := range c.Webhooks {
		field := fmt.Sprintf("webhooks[%d]", i)
		if len(strings.Split(w.Name, ".")) < 3 {
			out = append(out, field+".name: should be a domain with at least three segments separated by dots")
		}
		if w.SideEffects == nil {
			out = append(out, field+".sideEffects: Required value")
		}
		if len(w.AdmissionReviewVersions) == 0 {
			out = append(out, field+".admissionReviewVersions: Required value")
		}
		if (w.ClientConfig.URL == nil) == (w.ClientConfig.Service == nil) {
			out = append(out, field+".clientConfig: exactly one of url or service is required")
		}
	}
	return out
})

// maxPriority is the highest value that is not the system's own.
const maxPriority = 1_000_000_000

var priorityValue = about(func(p *schedulingv1.PriorityClass) []string {
	if p.Value > maxPriority {
		return []string{
			fmt.Sprintf("value: %d, maximum allowed value of a user defined priority is %d", p.Value, maxPriority),
		}
	}
	return nil
})
