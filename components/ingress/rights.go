package ingress

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/internal/rbac"
)

// electionID names the Lease by which the pods agree on who writes the status of Ingress objects.
const electionID = "ingress-nginx-leader"

// API groups.
const (
	discoveryGroup  = "discovery.k8s.io"
	networkingGroup = "networking.k8s.io"
)

// clusterRights are what the controller needs to know of all namespaces, and the status that it writes
// (ingress-nginx v1.15.1, deploy/static/provider/aws/deploy.yaml).
var clusterRights = []rbac.Right{
	{Resources: []string{"configmaps", "endpoints", "pods", "secrets"}, Verbs: []string{"list", "watch"}},
	{Resources: []string{"nodes", "namespaces"}, Verbs: []string{"list", "watch"}},
	{Resources: []string{"nodes"}, Verbs: []string{"get"}},
	{Resources: []string{"services"}, Verbs: []string{"get", "list", "watch"}},
	{Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
	{Group: rbac.CoordinationGroup, Resources: []string{"leases"}, Verbs: []string{"list", "watch"}},
	{Group: discoveryGroup, Resources: []string{"endpointslices"}, Verbs: []string{"list", "watch", "get"}},
	{Group: networkingGroup, Resources: []string{"ingresses", "ingressclasses"}, Verbs: []string{"get", "list", "watch"}},
	{Group: networkingGroup, Resources: []string{"ingresses/status"}, Verbs: []string{"update"}},
}

// ownRights are what it needs in its own namespace besides: to read its settings and to take part in the election.
var ownRights = []rbac.Right{
	{Resources: []string{"namespaces"}, Verbs: []string{"get"}},
	{Resources: []string{"configmaps", "pods", "secrets", "endpoints"}, Verbs: []string{"get", "list", "watch"}},
	{Group: rbac.CoordinationGroup, Resources: []string{"leases"}, Only: []string{electionID}, Verbs: []string{"get", "update"}},
	{Group: rbac.CoordinationGroup, Resources: []string{"leases"}, Verbs: []string{"create"}},
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
	var err error
	b.rights, err = rbac.New(b.ctx, b.name, &rbac.Grant{
		Account: b.account, Metadata: b.metadata(accountName), Cluster: clusterRights, Own: ownRights,
	}, b.parent)
	return err
}
