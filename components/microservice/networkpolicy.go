package microservice

import (
	"fmt"
	"slices"
	"strings"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/spec"
)

// namespaceLabel is what Kubernetes puts on every namespace, with its name.
const namespaceLabel = "kubernetes.io/metadata.name"

// The cluster's DNS, as EKS installs it.
const (
	dnsNamespace = "kube-system"
	dnsLabel     = "k8s-app"
	dnsName      = "kube-dns"
	dnsPort      = 53
)

// The EKS Pod Identity agent on each node, which gives pods the credentials of their role (EKS user guide).
const (
	podIdentityAgent = "169.254.170.23/32"
	podIdentityPort  = 80
)

// newNetworkPolicy registers who may talk to the pods, and to whom they may talk. Both directions are listed, so that
// what no rule allows is refused.
func (b *builder) newNetworkPolicy() error {
	var err error
	b.policy, err = networkingv1.NewNetworkPolicy(b.ctx, b.name, &networkingv1.NetworkPolicyArgs{
		Metadata: b.metadata(),
		Spec: networkingv1.NetworkPolicySpecArgs{
			PodSelector: podsOf(b.args.ServiceName),
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Ingress:     ingressRules(&b.args),
			Egress:      egressRules(&b.args),
		},
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating network policy: %w", err)
	}
	return nil
}

// podsOf selects the pods of a service, whatever their track.
func podsOf(service string) metav1.LabelSelectorArgs {
	return metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{nameLabel: pulumi.String(service)}}
}

func namespaceOf(name pulumi.StringInput) metav1.LabelSelectorArgs {
	return metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{namespaceLabel: name}}
}

// ingressRules let in the services that use this one and, if it has routes, the ingress controller: to the service's
// port and to no other, such as the one that the actuator answers on. nil lets nobody in.
func ingressRules(a *ServiceArgs) networkingv1.NetworkPolicyIngressRuleArrayInput {
	from := networkingv1.NetworkPolicyPeerArray{}
	for _, name := range slices.Sorted(slices.Values(a.UsedBy)) {
		from = append(from, networkingv1.NetworkPolicyPeerArgs{PodSelector: podsOf(name)})
	}
	if len(a.Service.Routes) > 0 {
		from = append(from, networkingv1.NetworkPolicyPeerArgs{NamespaceSelector: namespaceOf(a.IngressNamespace)})
	}
	if len(from) == 0 {
		return nil // a rule without peers would let everybody in
	}
	return networkingv1.NetworkPolicyIngressRuleArray{
		networkingv1.NetworkPolicyIngressRuleArgs{From: from, Ports: tcp(a.Service.Port)},
	}
}

// egressRules let out what the service says it uses, and questions for the DNS.
func egressRules(a *ServiceArgs) networkingv1.NetworkPolicyEgressRuleArray {
	rules := networkingv1.NetworkPolicyEgressRuleArray{dnsRule()}
	peers := slices.SortedFunc(slices.Values(a.Uses), func(p, q Peer) int { return strings.Compare(p.Name, q.Name) })
	for _, p := range peers {
		rules = append(rules, networkingv1.NetworkPolicyEgressRuleArgs{
			To:    networkingv1.NetworkPolicyPeerArray{networkingv1.NetworkPolicyPeerArgs{PodSelector: podsOf(p.Name)}},
			Ports: tcp(peerPorts(p)...),
		})
	}
	endpoints := slices.SortedStableFunc(slices.Values(a.Endpoints), func(e, f EndpointRange) int {
		return strings.Compare(e.Name, f.Name)
	})
	for _, e := range endpoints {
		rules = append(rules, networkingv1.NetworkPolicyEgressRuleArgs{To: blocks(e.CIDRs), Ports: tcp(e.Ports...)})
	}
	if a.RoleARN != nil {
		rules = append(rules, networkingv1.NetworkPolicyEgressRuleArgs{
			To: blocks([]string{podIdentityAgent}), Ports: tcp(podIdentityPort),
		})
	}
	return rules
}

// peerPorts are the port of a service's container and that of its Kubernetes Service. The VPC CNI looks at a packet
// before the address of the Service is replaced by a pod's (EKS user guide, considerations of network policies).
func peerPorts(p Peer) []int {
	if p.ServicePort == 0 || p.ServicePort == p.Port {
		return []int{p.Port}
	}
	return []int{p.Port, p.ServicePort}
}

func dnsRule() networkingv1.NetworkPolicyEgressRuleArgs {
	return networkingv1.NetworkPolicyEgressRuleArgs{
		To: networkingv1.NetworkPolicyPeerArray{networkingv1.NetworkPolicyPeerArgs{
			NamespaceSelector: namespaceOf(pulumi.String(dnsNamespace)),
			PodSelector:       metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{dnsLabel: pulumi.String(dnsName)}},
		}},
		Ports: networkingv1.NetworkPolicyPortArray{port("UDP", dnsPort), port("TCP", dnsPort)},
	}
}

// blocks are ranges of addresses. One that is everything leaves out the link-local ones: there the instance metadata
// service gives away the credentials of the node.
func blocks(cidrs []string) networkingv1.NetworkPolicyPeerArray {
	peers := networkingv1.NetworkPolicyPeerArray{}
	for _, cidr := range slices.Sorted(slices.Values(cidrs)) {
		block := networkingv1.IPBlockArgs{Cidr: pulumi.String(cidr)}
		if cidr == everything {
			block.Except = pulumi.ToStringArray([]string{spec.LinkLocal})
		}
		peers = append(peers, networkingv1.NetworkPolicyPeerArgs{IpBlock: block})
	}
	return peers
}

// everything is the range of all IPv4 addresses.
const everything = "0.0.0.0/0"

func tcp(numbers ...int) networkingv1.NetworkPolicyPortArray {
	ports := networkingv1.NetworkPolicyPortArray{}
	for _, n := range slices.Sorted(slices.Values(numbers)) {
		ports = append(ports, port("TCP", n))
	}
	return ports
}

func port(protocol string, number int) networkingv1.NetworkPolicyPortArgs {
	return networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String(protocol), Port: pulumi.Int(number)}
}
