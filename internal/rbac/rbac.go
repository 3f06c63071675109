// Package rbac writes rights in Kubernetes down in plain Go, and gives a service account its own: some in the whole
// cluster, some in its own namespace.
package rbac

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CoordinationGroup is the API group of Leases, by which the pods of a controller agree on who works.
const CoordinationGroup = "coordination.k8s.io"

// Group is RBAC's own, by which a binding names its role and the groups that it is for.
const Group = "rbac.authorization.k8s.io"

// Right is one rule of a role, in plain Go.
type Right struct {
	// Group is an API group. Default: the core group, which has no name.
	Group string
	// Resources and Verbs are what may be done to what. Required.
	Resources, Verbs []string
	// Only are the names of the objects that the right is about. Default: all.
	Only []string
}

// Grant is what a service account may do.
type Grant struct {
	// Account is the service account. Required.
	Account *corev1.ServiceAccount
	// Metadata is that of the roles and bindings: a name, the account's namespace and labels. Those of the whole
	// cluster have no namespace. Required.
	Metadata metav1.ObjectMetaArgs
	// Cluster are the rights in all namespaces.
	Cluster []Right
	// Own are the rights that the account has in its own namespace besides.
	Own []Right
}

// New registers the roles of a grant and binds them. It returns the bindings, which a pod of the account waits for: one
// that starts without its rights ends at once.
func New(ctx *pulumi.Context, name string, g *Grant, opts ...pulumi.ResourceOption) ([]pulumi.Resource, error) {
	clusterMeta := metav1.ObjectMetaArgs{Name: g.Metadata.Name, Labels: g.Metadata.Labels}
	subjects := rbacv1.SubjectArray{rbacv1.SubjectArgs{
		Kind: pulumi.String("ServiceAccount"), Name: g.Account.Metadata.Name().Elem(), Namespace: g.Metadata.Namespace,
	}}
	clusterRole, err := rbacv1.NewClusterRole(ctx, name, &rbacv1.ClusterRoleArgs{
		Metadata: clusterMeta, Rules: Rules(g.Cluster),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating cluster role: %w", err)
	}
	clusterBinding, err := rbacv1.NewClusterRoleBinding(ctx, name, &rbacv1.ClusterRoleBindingArgs{
		Metadata: clusterMeta, Subjects: subjects, RoleRef: RoleRef("ClusterRole", clusterRole.Metadata.Name()),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("binding cluster role: %w", err)
	}
	role, err := rbacv1.NewRole(ctx, name, &rbacv1.RoleArgs{Metadata: g.Metadata, Rules: Rules(g.Own)}, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating role: %w", err)
	}
	binding, err := rbacv1.NewRoleBinding(ctx, name, &rbacv1.RoleBindingArgs{
		Metadata: g.Metadata, Subjects: subjects, RoleRef: RoleRef("Role", role.Metadata.Name()),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("binding role: %w", err)
	}
	return []pulumi.Resource{clusterBinding, binding}, nil
}

// RoleRef names a Role or ClusterRole in a binding.
func RoleRef(kind string, name pulumi.StringPtrOutput) rbacv1.RoleRefArgs {
	return rbacv1.RoleRefArgs{ApiGroup: pulumi.String(Group), Kind: pulumi.String(kind), Name: name.Elem()}
}

// Rules are the rules of a role.
func Rules(rights []Right) rbacv1.PolicyRuleArray {
	all := rbacv1.PolicyRuleArray{}
	for _, r := range rights {
		rule := rbacv1.PolicyRuleArgs{
			ApiGroups: pulumi.ToStringArray([]string{r.Group}),
			Resources: pulumi.ToStringArray(r.Resources),
			Verbs:     pulumi.ToStringArray(r.Verbs),
		}
		if len(r.Only) > 0 {
			rule.ResourceNames = pulumi.ToStringArray(r.Only)
		}
		all = append(all, rule)
	}
	return all
}
