package autoscaler

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// API groups.
const (
	coreGroup         = ""
	appsGroup         = "apps"
	batchGroup        = "batch"
	coordinationGroup = "coordination.k8s.io"
	devicesGroup      = "resource.k8s.io"
	policyGroup       = "policy"
	rbacGroup         = "rbac.authorization.k8s.io"
	storageGroup      = "storage.k8s.io"
)

// Objects of the autoscaler's own: the Lease by which its pods agree on who works, and the ConfigMap with its state.
const (
	leaseName  = autoscalerName
	statusName = "cluster-autoscaler-status"
)

// right is one rule of a role, in plain Go.
type right struct {
	group           string
	resources, only []string // only: these names; none means all
	verbs           []string
}

var watch = []string{"get", "list", "watch"}

// clusterRights are what it needs to simulate the scheduler, to mark nodes and to evict pods (Cluster Autoscaler,
// cloud provider AWS, examples/cluster-autoscaler-autodiscover.yaml, and the chart's cluster role for what releases
// since 1.33 watch; without volumeattachments they stop adding nodes, its issue 8678). Not among them is what upstream
// still lists for releases that elected by Endpoints.
var clusterRights = []right{
	{group: coreGroup, resources: []string{"events"}, verbs: []string{"create", "patch"}},
	{group: coreGroup, resources: []string{"pods/eviction"}, verbs: []string{"create"}},
	{group: coreGroup, resources: []string{"pods/status"}, verbs: []string{"update"}},
	{group: coreGroup, resources: []string{"nodes"}, verbs: []string{"get", "list", "watch", "update"}},
	{group: coreGroup, resources: []string{
		"namespaces", "pods", "services", "replicationcontrollers", "persistentvolumeclaims", "persistentvolumes",
	}, verbs: watch},
	{group: appsGroup, resources: []string{"daemonsets", "replicasets", "statefulsets"}, verbs: watch},
	{group: batchGroup, resources: []string{"jobs"}, verbs: watch},
	{group: policyGroup, resources: []string{"poddisruptionbudgets"}, verbs: watch},
	{group: storageGroup, resources: []string{
		"storageclasses", "csinodes", "csidrivers", "csistoragecapacities", "volumeattachments",
	}, verbs: watch},
	{group: devicesGroup, resources: []string{"deviceclasses", "resourceclaims", "resourceslices"}, verbs: watch},
}

// ownRights are what it needs in its own namespace besides: to take part in the election and to say how it is.
var ownRights = []right{
	{group: coordinationGroup, resources: []string{"leases"}, only: []string{leaseName}, verbs: []string{"get", "update"}},
	{group: coordinationGroup, resources: []string{"leases"}, verbs: []string{"create"}},
	{group: coreGroup, resources: []string{"configmaps"}, verbs: []string{"create", "list", "watch"}},
	{group: coreGroup, resources: []string{"configmaps"}, only: []string{statusName}, verbs: []string{"get", "update", "delete"}},
}

func (b *builder) newAccount() error {
	var err error
	b.account, err = corev1.NewServiceAccount(b.ctx, b.name, &corev1.ServiceAccountArgs{
		Metadata: metadata(),
		// The autoscaler's pods ask for the token themselves.
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating service account: %w", err)
	}
	return nil
}

// newRights registers what the account may do.
func (b *builder) newRights() error {
	clusterMeta := metav1.ObjectMetaArgs{Name: pulumi.String(autoscalerName), Labels: labels()}
	subjects := rbacv1.SubjectArray{rbacv1.SubjectArgs{
		Kind: pulumi.String("ServiceAccount"), Name: b.account.Metadata.Name().Elem(), Namespace: pulumi.String(namespace),
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
	role, err := rbacv1.NewRole(b.ctx, b.name, &rbacv1.RoleArgs{Metadata: metadata(), Rules: rules(ownRights)}, b.parent)
	if err != nil {
		return fmt.Errorf("creating role: %w", err)
	}
	binding, err := rbacv1.NewRoleBinding(b.ctx, b.name, &rbacv1.RoleBindingArgs{
		Metadata: metadata(), Subjects: subjects, RoleRef: roleRef("Role", role.Metadata.Name()),
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
