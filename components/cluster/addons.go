package cluster

import (
	"fmt"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/spec"
)

// overwrite lets an add-on take over fields that something else set before it.
const overwrite = "OVERWRITE"

// The service account of the CNI's pods, and the AWS managed policy that they need (EKS user guide, VPC CNI).
const (
	cniNamespace      = "kube-system"
	cniServiceAccount = "aws-node"
	cniPolicy         = "AmazonEKS_CNI_Policy"
)

// cniSettings are the CNI's. They must stand before nodes join, which keep what they started with. Prefix delegation
// gives a node addresses by the /28, so that a t3.medium is not full at 17 pods; one spare prefix is kept warm.
// Values are strings, as the add-on's schema wants.
func cniSettings() map[string]any {
	return map[string]any{
		"env":                 map[string]any{"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
		"enableNetworkPolicy": "true",
	}
}

// newAddons registers the add-ons that a node needs before it can join.
func (b *builder) newAddons() error {
	role, err := b.newCNIRole()
	if err != nil {
		return err
	}
	if err := b.newAddon(spec.AddonVPCCNI, &awseks.AddonArgs{
		ServiceAccountRoleArn: role.ARN,
		ConfigurationValues:   pulumi.JSONMarshal(cniSettings()),
	}); err != nil {
		return err
	}
	for _, addon := range []string{spec.AddonKubeProxy, spec.AddonPodIdentityAgent} {
		if err := b.newAddon(addon, &awseks.AddonArgs{}); err != nil {
			return err
		}
	}
	return nil
}

// newAddon registers one add-on. A version that is not pinned is the one that AWS chose at creation, and stays.
func (b *builder) newAddon(addon string, args *awseks.AddonArgs) error {
	args.ClusterName = b.plane.name
	args.AddonName = pulumi.String(addon)
	args.ResolveConflictsOnCreate = pulumi.String(overwrite)
	args.ResolveConflictsOnUpdate = pulumi.String(overwrite)
	if version, pinned := b.args.Cluster.AddonVersions[addon]; pinned {
		args.AddonVersion = pulumi.String(version)
	}
	r, err := awseks.NewAddon(b.ctx, b.name+"-"+addon, args, b.parent)
	if err != nil {
		return fmt.Errorf("creating add-on %s: %w", addon, err)
	}
	b.addons = append(b.addons, r)
	return nil
}

// newCNIRole registers the role of the CNI's service account, so that nodes themselves need no right to change
// network interfaces. The CNI runs before anything that gives out other credentials does.
func (b *builder) newCNIRole() (*identity.ServiceAccountRole, error) {
	role, err := identity.NewServiceAccountRole(b.ctx, b.name+"-"+spec.AddonVPCCNI, &identity.ServiceAccountRoleArgs{
		Description:     "Lets the VPC CNI of EKS cluster " + b.args.Cluster.Name + " manage network interfaces",
		Namespace:       cniNamespace,
		ServiceAccount:  cniServiceAccount,
		Method:          identity.IRSA,
		OIDCProviderARN: b.oidc.Arn,
		Issuer:          b.plane.issuer,
		ManagedPolicyARNs: []string{
			identity.ManagedPolicyARN(identity.Partition(b.args.Cluster.DeployRoleARN), cniPolicy),
		},
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("creating role of the CNI: %w", err)
	}
	return role, nil
}
