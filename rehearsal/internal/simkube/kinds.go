package simkube

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
)

// kind is one row: what the rehearsal knows of one kind of object.
type kind struct {
	typ string
	// object makes an empty object of the API's Go type.
	object func() any
	// chart is set for a Helm release, which is no object: it has neither kind nor metadata.
	chart bool
	// clusterWide is set for kinds without a namespace.
	clusterWide bool
	// replaces lists the properties whose change makes the real provider replace the object.
	replaces string
	// conceals lists the properties that are secret by nature.
	conceals string
	// named checks the object's name.
	named func(name string) []string
	// rules say what the API server would refuse.
	rules []rule
}

// of makes the constructor of a type.
func of[T any]() func() any { return func() any { return new(T) } }

// rows is the table. What forces a replacement follows pulumi-kubernetes (provider/pkg/clients and diff, force-new
// properties), which treats ConfigMaps and Secrets as immutable.
var rows = []kind{
	{typ: "helm.sh/v3:Release", object: of[helmRelease](), chart: true, replaces: "name namespace", rules: []rule{releaseNamed}},
	{typ: "core/v1:Namespace", object: of[corev1.Namespace](), clusterWide: true, named: label},
	{typ: "core/v1:ServiceAccount", object: of[corev1.ServiceAccount](), named: subdomain},
	{
		typ: "core/v1:Secret", object: of[corev1.Secret](), named: subdomain,
		replaces: "data stringData type", conceals: "data stringData", rules: []rule{secretKeys},
	},
	{
		typ: "core/v1:ConfigMap", object: of[corev1.ConfigMap](), named: subdomain,
		replaces: "data binaryData immutable", rules: []rule{configKeys},
	},
	{
		typ: "core/v1:Service", object: of[corev1.Service](), named: serviceName,
		replaces: "spec.clusterIP spec.loadBalancerClass", rules: []rule{servicePorts},
	},
	{typ: "core/v1:ResourceQuota", object: of[corev1.ResourceQuota](), named: subdomain, replaces: "spec.scopes"},
	{typ: "core/v1:LimitRange", object: of[corev1.LimitRange](), named: subdomain},
	{
		typ: "apps/v1:Deployment", object: of[appsv1.Deployment](), named: subdomain,
		replaces: "spec.selector", rules: []rule{selectorMatches, podsOfDeployment},
	},
	{
		typ: "autoscaling/v2:HorizontalPodAutoscaler", object: of[autoscalingv2.HorizontalPodAutoscaler](),
		named: subdomain, rules: []rule{autoscalerSizes},
	},
	{
		typ: "policy/v1:PodDisruptionBudget", object: of[policyv1.PodDisruptionBudget](), named: subdomain,
		rules: []rule{budgetFields},
	},
	{
		typ: "networking.k8s.io/v1:Ingress", object: of[networkingv1.Ingress](), named: subdomain,
		rules: []rule{ingressPaths},
	},
	{typ: "networking.k8s.io/v1:NetworkPolicy", object: of[networkingv1.NetworkPolicy](), named: subdomain},
	{
		typ: "networking.k8s.io/v1:IngressClass", object: of[networkingv1.IngressClass](), clusterWide: true,
		named: subdomain, replaces: "spec.controller",
	},
	{typ: "rbac.authorization.k8s.io/v1:Role", object: of[rbacv1.Role](), named: segment},
	{
		typ: "rbac.authorization.k8s.io/v1:ClusterRole", object: of[rbacv1.ClusterRole](), clusterWide: true,
		named: segment,
	},
	{
		typ: "rbac.authorization.k8s.io/v1:RoleBinding", object: of[rbacv1.RoleBinding](), named: segment,
		replaces: "roleRef", rules: []rule{bindingSubjects},
	},
	{
		typ: "rbac.authorization.k8s.io/v1:ClusterRoleBinding", object: of[rbacv1.ClusterRoleBinding](),
		clusterWide: true, named: segment, replaces: "roleRef", rules: []rule{bindingSubjects},
	},
	{
		typ: "batch/v1:Job", object: of[batchv1.Job](), named: subdomain,
		replaces: "spec.completions spec.selector spec.template", rules: []rule{podsOfJob},
	},
	{typ: "batch/v1:CronJob", object: of[batchv1.CronJob](), named: cronName, rules: []rule{cronSchedule, podsOfJob}},
	{
		typ: "storage.k8s.io/v1:StorageClass", object: of[storagev1.StorageClass](), clusterWide: true,
		named: subdomain, replaces: "parameters provisioner reclaimPolicy volumeBindingMode", rules: []rule{provisioner},
	},
	{
		typ:    "admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration",
		object: of[admissionv1.ValidatingWebhookConfiguration](), clusterWide: true, named: subdomain,
		rules: []rule{webhookFields},
	},
	{
		typ: "scheduling.k8s.io/v1:PriorityClass", object: of[schedulingv1.PriorityClass](), clusterWide: true,
		named: priorityName, replaces: "value preemptionPolicy globalDefault", rules: []rule{priorityValue},
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
