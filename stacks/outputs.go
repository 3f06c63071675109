package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/stacks/outputs"
)

// outputs are what a stack exports. Their names are in package outputs, through which other programs read them.
func (p *Platform) outputs() pulumi.Map {
	hosts := pulumi.StringMap{}
	for name, service := range p.Services {
		hosts[name] = service.Host
	}
	exported := outputs.Platform{
		Region:               p.region,
		VpcID:                p.Network.VpcID,
		VpcCIDR:              p.Network.CIDR,
		PublicSubnetIDs:      p.Network.PublicSubnetIDs,
		PrivateSubnetIDs:     p.Network.PrivateSubnetIDs,
		DataSubnetIDs:        p.Network.DataSubnetIDs,
		NATAddresses:         p.Network.NATAddresses,
		ClusterName:          p.Cluster.Name,
		ClusterARN:           p.Cluster.ARN,
		ClusterVersion:       p.Cluster.Version,
		ClusterEndpoint:      p.Cluster.Endpoint,
		CertificateAuthority: p.Cluster.CertificateAuthority,
		SecurityGroupID:      p.Cluster.SecurityGroupID,
		OIDCIssuer:           p.Cluster.Issuer,
		OIDCProviderARN:      p.Cluster.OIDCProviderARN,
		Kubeconfig:           p.Cluster.Kubeconfig,
		PodLogGroup:          p.Addons.LogGroup,
		Namespace:            p.Namespace.Name,
		ServiceHosts:         hosts.ToStringMapOutput(),
	}
	if p.Ingress != nil {
		exported.IngressClassName = p.Ingress.ClassName
		exported.IngressNamespace = p.Ingress.Namespace
		exported.IngressHostname = p.Ingress.Hostname
	}
	return exported.Map()
}
