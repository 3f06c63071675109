package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/addons"
	"github.com/slipway-eks/slipway/components/autoscaler"
	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/components/ingress"
	"github.com/slipway-eks/slipway/components/loadbalancer"
	"github.com/slipway-eks/slipway/components/nodes"
	"github.com/slipway-eks/slipway/internal/gate"
)

// newAddons registers what services need besides nodes: DNS, volumes, measurements, and more nodes where pods find no
// place. ready are the cluster's name, once for each node group.
func (p *Platform) newAddons(
	ctx *pulumi.Context, name string, a *PlatformArgs, ready []pulumi.StringOutput, opts []pulumi.ResourceOption,
) error {
	partition := identity.Partition(a.Platform.Cluster.DeployRoleARN)
	var err error
	p.Addons, err = addons.NewAddons(ctx, name+"-addons", &addons.AddonsArgs{
		ClusterName: gate.Behind(p.Cluster.Name, ready...),
		Addons:      a.Platform.Addons,
		Partition:   partition,
		Tags:        a.InstanceTags,
	}, opts...)
	if err != nil {
		return err
	}
	for _, group := range a.Platform.Nodes {
		if !group.Scaling.PendingPods() {
			continue
		}
		// One for the whole cluster, which finds the groups that ask for it by their tag.
		_, err := autoscaler.NewAutoscaler(ctx, name+"-autoscaler", &autoscaler.AutoscalerArgs{
			ClusterName: p.Addons.ClusterName,
			Version:     a.Platform.Cluster.Version,
			Region:      a.Region,
			GroupTag:    nodes.AutoscalerTag,
			Partition:   partition,
		}, opts...)
		return err
	}
	return nil
}

// newIngress registers the way in from outside, where the platform has one.
func (p *Platform) newIngress(ctx *pulumi.Context, name string, a *PlatformArgs, opts []pulumi.ResourceOption) error {
	if a.Platform.Ingress == nil {
		return nil
	}
	balancers, err := loadbalancer.NewController(ctx, name+"-balancers", &loadbalancer.ControllerArgs{
		ClusterName:     p.Addons.ClusterName,
		Region:          a.Region,
		VpcID:           p.Network.VpcID,
		OIDCProviderARN: p.Cluster.OIDCProviderARN,
		Issuer:          p.Cluster.Issuer,
		Partition:       identity.Partition(a.Platform.Cluster.DeployRoleARN),
		Tags:            a.InstanceTags,
	}, opts...)
	if err != nil {
		return err
	}
	p.Ingress, err = ingress.NewController(ctx, name+"-ingress", &ingress.ControllerArgs{
		Ingress:           *a.Platform.Ingress,
		VpcCIDR:           a.Platform.Network.CIDR,
		LoadBalancerClass: balancers.LoadBalancerClass,
		Zones:             a.Zones,
		SubnetIDs:         p.Network.PublicSubnetIDs,
	}, opts...)
	return err
}
