package autoscaler

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/internal/rbac"
)

// API groups.
const (
	appsGroup    = "apps"
	batchGroup   = "batch"
	devicesGroup = "resource.k8s.io"
	policyGroup  = "policy"
	storageGroup = "storage.k8s.io"
)

// Objects of the autoscaler's own: the Lease by which its pods agree on who works, and the ConfigMap with its state.
const (
	leaseName  = autoscalerName
	statusName = "cluster-autoscaler-status"
)

var watch = []string{"get", "list", "watch"}

// clusterRights are what it needs to simulate the scheduler, to mark nodes and to evict pods (Cluster Autoscaler,
// cloud provider AWS, examples/cluster-autoscaler-autodiscover.yaml, and the chart's cluster role for what releases
// since 1.33 watch; without volumeattachments they stop adding nodes, its issue 8678). Not among them is what upstream
// still lists for releases that elected by Endpoints.
var clusterRights = []rbac.Right{
	{Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
	{Resources: []string{"pods/eviction"}, Verbs: []string{"create"}},
	{Resources: []string{"pods/status"}, Verbs: []string{"update"}},
	{Resources: []string{"nodes"}, Verbs: []string{"get", "list", "watch", "update"}},
	{Resources: []string{
		"namespaces", "pods", "services", "replicationcontrollers", "persistentvolumeclaims", "persistentvolumes",
	}, Verbs: watch},
	{Group: appsGroup, Resources: []string{"daemonsets", "replicasets", "statefulsets"}, Verbs: watch},
	{Group: batchGroup, Resources: []string{"jobs"}, Verbs: watch},
	{Group: policyGroup, Resources: []string{"poddisruptionbudgets"}, Verbs: watch},
	{Group: storageGroup, Resources: []string{
		"storageclasses", "csinodes", "csidrivers", "csistoragecapacities", "volumeattachments",
	}, Verbs: watch},
	{Group: devicesGroup, Resources: []string{"deviceclasses", "resourceclaims", "resourceslices"}, Verbs: watch},
}

// ownRights are what it needs in its own namespace besides: to take part in the election and to say how it is.
var ownRights = []rbac.Right{
	{Group: rbac.CoordinationGroup, Resources: []string{"leases"}, Only: []string{leaseName}, Verbs: []string{"get", "update"}},
	{Group: rbac.CoordinationGroup, Resources: []string{"leases"}, Verbs: []string{"create"}},
	{Resources: []string{"configmaps"}, Verbs: []string{"create", "list", "watch"}},
	{Resources: []string{"configmaps"}, Only: []string{statusName}, Verbs: []string{"get", "update", "delete"}},
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
	var err error
	b.rights, err = rbac.New(b.ctx, b.name, &rbac.Grant{
		Account: b.account, Metadata: metadata(), Cluster: clusterRights, Own: ownRights,
	}, b.parent)
	return err
}
