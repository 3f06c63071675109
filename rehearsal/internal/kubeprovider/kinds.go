package kubeprovider

import (
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
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// kind is one row: what the rehearsal knows of one kind of object.
type kind struct {
	typ string
	// resource is the kind's name in the paths of the API. Having it here saves the discovery of all of them.
	resource string
	// object makes an empty object of the API's Go type.
	object func() any
	// chart is set for a Helm release, which is no object: it has neither kind nor metadata.
	chart bool
	// clusterWide is set for kinds without a namespace.
	clusterWide bool
	// replaces lists the properties whose change makes the real provider replace the object, and those that the API
	// refuses to change.
	replaces string
	// conceals lists the properties that are secret by nature.
	conceals string
	// named checks the object's name.
	named func(name string) []string
	// ready says when the object is. Without it, it is ready at once.
	ready readiness
}

// of makes the constructor of a type.
func of[T any]() func() any { return func() any { return new(T) } }

// rows is the table. What forces a replacement follows pulumi-kubernetes 4.33 (provider/pkg/provider/diff.go), which
// treats ConfigMaps and Secrets as immutable, and beyond it what API validation calls immutable. What is waited for
// follows its provider/pkg/await/awaiters.go.
var rows = []kind{
	{typ: "helm.sh/v3:Release", object: of[helmRelease](), chart: true, replaces: "name namespace"},
	{typ: "core/v1:Namespace", resource: "namespaces", object: of[corev1.Namespace](), clusterWide: true, named: label},
	{typ: "core/v1:ServiceAccount", resource: "serviceaccounts", object: of[corev1.ServiceAccount](), named: subdomain},
	{
		typ: "core/v1:Secret", resource: "secrets", object: of[corev1.Secret](), named: subdomain,
		replaces: "data stringData type immutable", conceals: "data stringData",
	},
	{
		typ: "core/v1:ConfigMap", resource: "configmaps", object: of[corev1.ConfigMap](), named: subdomain,
		replaces: "data binaryData immutable",
	},
	{
		typ: "core/v1:Service", resource: "services", object: of[corev1.Service](), named: serviceName,
		replaces: "spec.clusterIP spec.loadBalancerClass", ready: serviceReady,
	},
	{
		typ: "core/v1:ResourceQuota", resource: "resourcequotas", object: of[corev1.ResourceQuota](), named: subdomain,
		replaces: "spec.scopes", ready: quotaReady,
	},
	{typ: "core/v1:LimitRange", resource: "limitranges", object: of[corev1.LimitRange](), named: subdomain},
	{
		typ: "core/v1:PersistentVolumeClaim", resource: "persistentvolumeclaims",
		object: of[corev1.PersistentVolumeClaim](), named: subdomain, replaces: "spec", ready: claimReady,
	},
	{
		typ: "core/v1:Pod", resource: "pods", object: of[corev1.Pod](), named: subdomain, replaces: "spec",
		ready: computed,
	},
	{
		typ: "apps/v1:Deployment", resource: "deployments", object: of[appsv1.Deployment](), named: subdomain,
		replaces: "spec.selector", ready: computed,
	},
	{
		typ: "apps/v1:DaemonSet", resource: "daemonsets", object: of[appsv1.DaemonSet](), named: subdomain,
		replaces: "spec.selector", ready: computed,
	},
	{
		typ: "apps/v1:StatefulSet", resource: "statefulsets", object: of[appsv1.StatefulSet](), named: subdomain,
		replaces: "spec.podManagementPolicy spec.revisionHistoryLimit spec.selector spec.serviceName" +
			" spec.volumeClaimTemplates",
		ready: computed,
	},
	{
		typ: "autoscaling/v2:HorizontalPodAutoscaler", resource: "horizontalpodautoscalers",
		object: of[autoscalingv2.HorizontalPodAutoscaler](), named: subdomain,
	},
	{
		typ: "policy/v1:PodDisruptionBudget", resource: "poddisruptionbudgets",
		object: of[policyv1.PodDisruptionBudget](), named: subdomain,
	},
	{
		typ: "networking.k8s.io/v1:Ingress", resource: "ingresses", object: of[networkingv1.Ingress](),
		named: subdomain, ready: addressed,
	},
	{
		typ: "networking.k8s.io/v1:NetworkPolicy", resource: "networkpolicies",
		object: of[networkingv1.NetworkPolicy](), named: subdomain,
	},
	{
		typ: "networking.k8s.io/v1:IngressClass", resource: "ingressclasses", object: of[networkingv1.IngressClass](),
		clusterWide: true, named: subdomain, replaces: "spec.controller",
	},
	{typ: "rbac.authorization.k8s.io/v1:Role", resource: "roles", object: of[rbacv1.Role](), named: segment},
	{
		typ: "rbac.authorization.k8s.io/v1:ClusterRole", resource: "clusterroles", object: of[rbacv1.ClusterRole](),
		clusterWide: true, named: segment,
	},
	{
		typ: "rbac.authorization.k8s.io/v1:RoleBinding", resource: "rolebindings", object: of[rbacv1.RoleBinding](),
		named: segment, replaces: "roleRef",
	},
	{
		typ: "rbac.authorization.k8s.io/v1:ClusterRoleBinding", resource: "clusterrolebindings",
		object: of[rbacv1.ClusterRoleBinding](), clusterWide: true, named: segment, replaces: "roleRef",
	},
	{
		typ: "batch/v1:Job", resource: "jobs", object: of[batchv1.Job](), named: subdomain,
		replaces: "spec.completions spec.parallelism spec.selector spec.template", ready: jobReady,
	},
	{typ: "batch/v1:CronJob", resource: "cronjobs", object: of[batchv1.CronJob](), named: cronName},
	{
		typ: "storage.k8s.io/v1:StorageClass", resource: "storageclasses", object: of[storagev1.StorageClass](),
		clusterWide: true, named: subdomain, replaces: "parameters provisioner reclaimPolicy volumeBindingMode",
	},
	{
		typ: "admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration", resource: "validatingwebhookconfigurations",
		object: of[admissionv1.ValidatingWebhookConfiguration](), clusterWide: true, named: subdomain,
	},
	{
		typ: "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy", resource: "validatingadmissionpolicies",
		object: of[admissionv1.ValidatingAdmissionPolicy](), clusterWide: true, named: subdomain,
	},
	{
		typ:      "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
		resource: "validatingadmissionpolicybindings", object: of[admissionv1.ValidatingAdmissionPolicyBinding](),
		clusterWide: true, named: subdomain,
	},
	{
		typ: "scheduling.k8s.io/v1:PriorityClass", resource: "priorityclasses", object: of[schedulingv1.PriorityClass](),
		clusterWide: true, named: priorityName, replaces: "value preemptionPolicy",
	},
}

// table returns the rows by type token.
func table() map[string]kind {
	out := map[string]kind{}
	for _, k := range rows {
		out["kubernetes:"+k.typ] = k
	}
	return out
}

// version and name are the apiVersion and kind that belong to the token.
func (k kind) version() (apiVersion, name string) {
	apiVersion, name, _ = strings.Cut(k.typ, ":")
	return strings.TrimPrefix(apiVersion, "core/"), name
}

// in returns the objects of the kind in a namespace, or in the cluster.
func (k kind) in(client dynamic.Interface, namespace string) dynamic.ResourceInterface {
	apiVersion, name := k.version()
	all := client.Resource(schema.FromAPIVersionAndKind(apiVersion, name).GroupVersion().WithResource(k.resource))
	if k.clusterWide {
		return all
	}
	return all.Namespace(namespace)
}
