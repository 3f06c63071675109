package preview

import (
	admissionv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/internal/rbac"
)

// managed are the kinds that a platform consists of, by API group. They can be read, and written in a dry run.
var managed = []rbac.Right{
	{Resources: []string{
		"configmaps", "limitranges", "namespaces", "persistentvolumeclaims", "resourcequotas", "serviceaccounts", "services",
	}},
	{Group: "apps", Resources: []string{"daemonsets", "deployments", "statefulsets"}},
	{Group: "autoscaling", Resources: []string{"horizontalpodautoscalers"}},
	{Group: "batch", Resources: []string{"cronjobs", "jobs"}},
	{Group: "networking.k8s.io", Resources: []string{"ingressclasses", "ingresses", "networkpolicies"}},
	{Group: "policy", Resources: []string{"poddisruptionbudgets"}},
	{Group: rbac.Group, Resources: []string{"clusterrolebindings", "clusterroles", "rolebindings", "roles"}},
	{Group: "scheduling.k8s.io", Resources: []string{"priorityclasses"}},
	{Group: "storage.k8s.io", Resources: []string{"storageclasses"}},
}

// watched is what is read besides: what became of the objects, and what decides about other objects.
var watched = []rbac.Right{
	{Resources: []string{"events", "nodes", "pods"}},
	{Group: "apps", Resources: []string{"replicasets"}},
	{Group: admissionGroup, Resources: []string{
		"mutatingwebhookconfigurations", "validatingadmissionpolicies", "validatingadmissionpolicybindings",
		"validatingwebhookconfigurations",
	}},
}

// admissionGroup is the API group of what decides about writes. Nobody decides about writes of that but RBAC: the
// policy here is not asked (Kubernetes, validating admission policy).
const admissionGroup = "admissionregistration.k8s.io"

// Verbs. Server-side apply is `patch`, and `create` too where the object is not there yet. A role cannot be written by
// who has fewer rights than it gives, not even in a dry run, but with `escalate` and `bind`.
var (
	readVerbs  = []string{"get", "list", "watch"}
	writeVerbs = []string{"create", "patch"}
	roleVerbs  = []string{"bind", "escalate"}
)

// clusterRights are those that the group has in the whole cluster.
func clusterRights() []rbac.Right {
	var all []rbac.Right
	for _, r := range managed {
		r.Verbs = append(append([]string{}, readVerbs...), writeVerbs...)
		all = append(all, r)
	}
	for _, r := range watched {
		r.Verbs = readVerbs
		all = append(all, r)
	}
	return append(all, rbac.Right{Group: rbac.Group, Resources: []string{"clusterroles", "roles"}, Verbs: roleVerbs})
}

// secretRights are those in a namespace whose Secrets the program makes. There is no `list`: what is read is known by name.
var secretRights = []rbac.Right{{Resources: []string{"secrets"}, Verbs: append([]string{"get"}, writeVerbs...)}}

// dryRunOnly refuses every write of the group that is no dry run. When the policy cannot be evaluated, the write is
// refused too.
func dryRunOnly(group string) admissionv1.ValidatingAdmissionPolicySpecArgs {
	every := pulumi.ToStringArray([]string{"*"})
	return admissionv1.ValidatingAdmissionPolicySpecArgs{
		FailurePolicy: pulumi.String("Fail"),
		MatchConstraints: admissionv1.MatchResourcesArgs{
			ResourceRules: admissionv1.NamedRuleWithOperationsArray{admissionv1.NamedRuleWithOperationsArgs{
				ApiGroups: every, ApiVersions: every, Operations: every, Resources: pulumi.ToStringArray([]string{"*/*"}),
			}},
		},
		MatchConditions: admissionv1.MatchConditionArray{admissionv1.MatchConditionArgs{
			Name:       pulumi.String("previews"),
			Expression: pulumi.String(`has(request.userInfo.groups) && "` + group + `" in request.userInfo.groups`),
		}},
		Validations: admissionv1.ValidationArray{admissionv1.ValidationArgs{
			Expression: pulumi.String("has(request.dryRun) && request.dryRun"),
			Message:    pulumi.String("a preview writes nothing: only dry runs are allowed"),
			Reason:     pulumi.String("Forbidden"),
		}},
	}
}
