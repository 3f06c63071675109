package ingress

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// electionID names the Lease by which the pods agree on who writes the status of Ingress objects.
const electionID = "ingress-nginx-leader"

// API groups.
const (
	coreGroup         = ""
	coordinationGroup = "coordination.k8s.io"
	discoveryGroup    = "discovery.k8s.io"
	networkingGroup   = "networking.k8s.io"
	rbacGroup         = "rbac.authorization.k8s.io"
)

// right is one rule of a role, in plain Go.
type right struct {
	group           string
	resources, only []string // only: these names; none means all
	verbs           []string
}

// clusterRights are what the controller needs to know of all namespaces, and the status that it writes
// (ingress-nginx v1.15.1, deploy/static/provider/aws/deploy.yaml).
var clusterRights = []right{
	{group: coreGroup, resources: []string{"configmaps", "endpoints", "pods", "secrets"}, verbs: []string{"list", "watch"}},
	{group: coreGroup, resources: []string{"nodes", "namespaces"}, verbs: []string{"list", "watch"}},
	{group: coreGroup, resources: []string{"nodes"}, verbs: []string{"get"}},
	{group: coreGroup, resources: []string{"services"}, verbs: []string{"get", "list", "watch"}},
	{group: coreGroup, resources: []string{"events"}, verbs: []string{"create", "patch"}},
	{group: coordinationGroup, resources: []string{"leases"}, verbs: []string{"list", "watch"}},
	{group: discoveryGroup, resources: []string{"endpointslices"}, verbs: []string{"list", "watch", "get"}},
	{group: networkingGroup, resources: []string{"ingresses", "ingressclasses"}, verbs: []string{"get", "list", "watch"}},
	{group: networkingGroup, resources: []string{"ingresses/status"}, verbs: []string{"update"}},
}

// ownRights are what it needs in its own namespace besides: to read its settings and to take part in the election.
var ownRights = []right{
	{group: coreGroup, resources: []string{"namespaces"}, verbs: []string{"get"}},
	{group: coreGroup, resources: []string{"configmaps", "pods", "secrets", "endpoints"}, verbs: []string{"get", "list", "watch"}},
	{group: coordinationGroup, resources: []string{"leases"}, only: []string{electionID}, verbs: []string{"get", "update"}},
	{group: coordinationGroup, resources: []string{"leases"}, verbs: []string{"create"}},
}

func (b *builder) newAccount() error {
	var err error
	b.account, err = corev1.NewServiceAccount(b.ctx, b.name, &corev1.ServiceAccountArgs{
		Metadata: b.metadata(accountName),
		// The controller's pods ask for the token themselves; nothing else that runs here should get it.
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating service account: %w", err)
	}
	return nil
}

// newRights registers what the account may do.
func (b *builder) newRights() error {
	clusterMeta := metav1.ObjectMetaArgs{Name: pulumi.String(accountName), Labels: labels()}
	subjects := rbacv1.SubjectArray{rbacv1.SubjectArgs{
		Kind: pulumi.String("ServiceAccount"), Name: b.account.Metadata.Name().Elem(), Namespace: b.namespace,
	}}
	clusterRole, err := rbacv1.NewClusterRole(b.ctx, b.name, &rbacv1.ClusterRoleArgs{
		Metadata: clusterMeta, Rules: rules(clusterRights),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating cluster role: %w", err)
	}
	clusterBinding, err := rbacv1.NewClusterRoleBinding(b.ctx, b.name, &rbacv1.ClusterRoleBindingArgs{
		Metadata: clusterMeta, Subjects: subjects, RoleRef: roleRef("ClusterRole", clusterRole.Metadata.Name()),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("binding cluster role: %w", err)
	}
	role, err := rbacv1.NewRole(b.ctx, b.name, &rbacv1.RoleArgs{
		Metadata: b.metadata(accountName), Rules: rules(ownRights),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating role: %w", err)
	}
	binding, err := rbacv1.NewRoleBinding(b.ctx, b.name, &rbacv1.RoleBindingArgs{
		Metadata: b.metadata(accountName), Subjects: subjects, RoleRef: roleRef("Role", role.Metadata.Name()),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("binding role: %w", err)
	}
	b.rights = []pulumi.Resource{clusterBinding, binding}
	return nil
}

func roleRef(kind string, name pulumi.StringPtrOutput) rbacv1.RoleRefArgs {
	return rbacv1.RoleRefArgs{ApiGroup: pulumi.String(rbacGroup), Kind: pulumi.String(kind), Name: name.Elem()}
}

func rules(rights []right) rbacv1.PolicyRuleArray {
	all := rbacv1.PolicyRuleArray{}
	for _, r := range rights {
		rule := rbacv1.PolicyRuleArgs{
			ApiGroups: pulumi.ToStringArray([]string{r.group}),
			Resources: pulumi.ToStringArray(r.resources),
			Verbs:     pulumi.ToStringArray(r.verbs),
		}
		if len(r.only) > 0 {
			rule.ResourceNames = pulumi.ToStringArray(r.only)
		}
		all = append(all, rule)
	}
	return all
}
