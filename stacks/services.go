package stacks

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/components/nodes"
	"github.com/slipway-eks/slipway/spec"
)

// wayIn is what Ingress objects must know of their controller; zero where the platform has none.
type wayIn struct{ className, namespace pulumi.StringInput }

// serviceArgs puts together what a service must know of the platform around it.
func serviceArgs(a *PlatformArgs, name string, namespace pulumi.StringInput, in wayIn) *microservice.ServiceArgs {
	p := &a.Platform
	s := p.Services[name]
	args := &microservice.ServiceArgs{
		Service: s, ServiceName: name, Namespace: namespace, Image: p.ImageOf(name), Secrets: a.Secrets,
		Uses: peers(p, &s), UsedBy: usedBy(p, name), Endpoints: endpoints(p, &s),
		IngressClassName: in.className, IngressNamespace: in.namespace,
	}
	if p.Ingress != nil {
		args.IngressAnnotations = p.Ingress.TLS.Annotations()
		args.TLSSecrets = tlsSecrets(&p.Ingress.TLS, s.Routes)
	}
	if group := s.Placement.Group; group != "" {
		args.NodeLabels = map[string]string{nodes.GroupLabel: group}
		args.Tolerations = p.Nodes[group].Taints
	}
	return args
}

// peers are the services that a service uses.
func peers(p *spec.Platform, s *spec.Service) []microservice.Peer {
	var all []microservice.Peer
	for _, use := range s.Uses {
		if other, ok := p.Services[use]; ok {
			all = append(all, microservice.Peer{Name: use, Port: other.Port, ServicePort: other.ServicePort})
		}
	}
	return all
}

// usedBy are the services that use a service: the call graph, read backwards.
func usedBy(p *spec.Platform, name string) []string {
	var all []string
	for _, other := range slices.Sorted(maps.Keys(p.Services)) {
		if slices.Contains(p.Services[other].Uses, name) {
			all = append(all, other)
		}
	}
	return all
}

// endpoints are the databases and endpoints that a service uses; where they do not say their range, it is the VPC's.
func endpoints(p *spec.Platform, s *spec.Service) []microservice.EndpointRange {
	ranges := func(cidrs []string) []string {
		if len(cidrs) == 0 {
			return []string{p.Network.CIDR}
		}
		return cidrs
	}
	var all []microservice.EndpointRange
	for _, use := range s.Uses {
		if name, isDatabase := spec.UsedDatabase(use); isDatabase {
			d := p.Databases[name]
			all = append(all, microservice.EndpointRange{Name: use, CIDRs: ranges(d.CIDRs), Ports: []int{d.Port}})
		} else if e, ok := p.Endpoints[use]; ok {
			all = append(all, microservice.EndpointRange{Name: use, CIDRs: ranges(e.CIDRs), Ports: e.Ports})
		}
	}
	return all
}

// tlsSecrets are the names of the Secrets with the certificates of hosts, by host; empty where TLS ends elsewhere.
func tlsSecrets(tls *spec.IngressTLS, routes []spec.Route) map[string]string {
	secrets := map[string]string{}
	for _, r := range routes {
		if name := tls.SecretName(r.Host); name != "" {
			secrets[r.Host] = name
		}
	}
	return secrets
}
