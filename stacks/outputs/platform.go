package outputs

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Platform is what a platform's stack exports.
type Platform struct {
	// Region is the AWS region.
	Region pulumi.StringOutput

	// VpcID is the id of the VPC, and VpcCIDR its IPv4 range.
	VpcID, VpcCIDR pulumi.StringOutput
	// PublicSubnetIDs, PrivateSubnetIDs and DataSubnetIDs are the subnets of load balancers, nodes and data stores, in
	// the order of the zones.
	PublicSubnetIDs, PrivateSubnetIDs, DataSubnetIDs pulumi.StringArrayOutput
	// NATAddresses are the public addresses that traffic from private subnets comes from, by zone.
	NATAddresses pulumi.StringMapOutput

	// ClusterName is the EKS cluster's name, ClusterARN its ARN and ClusterVersion its Kubernetes version.
	ClusterName, ClusterARN, ClusterVersion pulumi.StringOutput
	// ClusterEndpoint is the URL of the API server, and CertificateAuthority its CA certificate, as base64 of PEM.
	ClusterEndpoint, CertificateAuthority pulumi.StringOutput
	// SecurityGroupID is the security group of the control plane and the nodes.
	SecurityGroupID pulumi.StringOutput
	// OIDCIssuer is the URL of the cluster's OIDC issuer, and OIDCProviderARN the IAM provider that trusts it.
	OIDCIssuer, OIDCProviderARN pulumi.StringOutput
	// Kubeconfig reaches the cluster with the deploy role's rights, or, where the platform has a preview role, with those
	// of whoever uses it. It is a secret.
	Kubeconfig pulumi.StringOutput
	// PodLogGroup is the log group of what pods write; "" where there is none.
	PodLogGroup pulumi.StringOutput

	// IngressClassName is what Ingress objects name as their class, IngressNamespace where the controller runs, and
	// IngressHostname the load balancer's name in DNS; all are "" where the platform has no way in.
	IngressClassName, IngressNamespace, IngressHostname pulumi.StringOutput

	// Namespace is the Kubernetes namespace of the services.
	Namespace pulumi.StringOutput
	// ServiceHosts are the names of web services in the cluster's DNS, by service; "" of workers and jobs.
	ServiceHosts pulumi.StringMapOutput
}

// output ties a field to the name under which a stack exports it.
type output struct {
	name string
	// to points to the field: a StringOutput, StringArrayOutput or StringMapOutput.
	to any
	// optional says that some platforms do not export it.
	optional bool
	secret   bool
}

// table is the one place with the names of outputs. Other stacks read them: a name can be added, and never changed.
func (p *Platform) table() []output {
	return []output{
		{name: "region", to: &p.Region},
		{name: "vpcId", to: &p.VpcID},
		{name: "vpcCidr", to: &p.VpcCIDR},
		{name: "publicSubnetIds", to: &p.PublicSubnetIDs},
		{name: "privateSubnetIds", to: &p.PrivateSubnetIDs},
		{name: "dataSubnetIds", to: &p.DataSubnetIDs},
		{name: "natAddresses", to: &p.NATAddresses},
		{name: "clusterName", to: &p.ClusterName},
		{name: "clusterArn", to: &p.ClusterARN},
		{name: "clusterVersion", to: &p.ClusterVersion},
		{name: "clusterEndpoint", to: &p.ClusterEndpoint},
		{name: "certificateAuthority", to: &p.CertificateAuthority},
		{name: "securityGroupId", to: &p.SecurityGroupID},
		{name: "oidcIssuer", to: &p.OIDCIssuer},
		{name: "oidcProviderArn", to: &p.OIDCProviderARN},
		{name: "kubeconfig", to: &p.Kubeconfig, secret: true},
		{name: "podLogGroup", to: &p.PodLogGroup, optional: true},
		{name: "ingressClassName", to: &p.IngressClassName, optional: true},
		{name: "ingressNamespace", to: &p.IngressNamespace, optional: true},
		{name: "ingressHostname", to: &p.IngressHostname, optional: true},
		{name: "namespace", to: &p.Namespace},
		{name: "services", to: &p.ServiceHosts},
	}
}

// Map returns what a stack exports, by name. Fields that are not set are left out.
func (p *Platform) Map() pulumi.Map {
	all := pulumi.Map{}
	for _, o := range p.table() {
		if value := o.value(); value != nil {
			all[o.name] = value
		}
	}
	return all
}

// value returns the field's value; nil if it is not set.
func (o output) value() pulumi.Input {
	var value pulumi.Output
	set := false
	switch to := o.to.(type) {
	case *pulumi.StringOutput:
		value, set = *to, to.OutputState != nil
	case *pulumi.StringArrayOutput:
		value, set = *to, to.OutputState != nil
	case *pulumi.StringMapOutput:
		value, set = *to, to.OutputState != nil
	}
	switch {
	case !set:
		return nil
	case o.secret:
		return pulumi.ToSecret(value)
	}
	return value
}

// Read returns what another stack exports: a platform deployed by stacks.Deploy. stack is its full name, such as
// organization/slipway/dev; name is that of the reference in the state of the program that reads. An output that the
// stack should have and has not is an error where it is used.
func Read(ctx *pulumi.Context, name, stack string, opts ...pulumi.ResourceOption) (*Platform, error) {
	ref, err := pulumi.NewStackReference(ctx, name, &pulumi.StackReferenceArgs{Name: pulumi.String(stack)}, opts...)
	if err != nil {
		return nil, fmt.Errorf("referring to stack %q: %w", stack, err)
	}
	p := &Platform{}
	for _, o := range p.table() {
		o.read(ref.GetOutput(pulumi.String(o.name)), stack)
	}
	return p, nil
}

// read fills the field in. An AnyOutput that holds nothing can only be looked into through All.
func (o output) read(value pulumi.AnyOutput, stack string) {
	raw := pulumi.All(value)
	switch to := o.to.(type) {
	case *pulumi.StringOutput:
		text := raw.ApplyT(func(all []any) (string, error) { return decode(o, stack, all[0], asText) })
		if o.secret {
			text = pulumi.ToSecret(text)
		}
		*to, _ = text.(pulumi.StringOutput)
	case *pulumi.StringArrayOutput:
		list := raw.ApplyT(func(all []any) ([]string, error) { return decode(o, stack, all[0], asList) })
		*to, _ = list.(pulumi.StringArrayOutput)
	case *pulumi.StringMapOutput:
		byKey := raw.ApplyT(func(all []any) (map[string]string, error) { return decode(o, stack, all[0], asMap) })
		*to, _ = byKey.(pulumi.StringMapOutput)
	}
}

// decode converts a value as the engine has it, or says which output of which stack is not what it should be.
func decode[T any](o output, stack string, value any, convert func(any) (T, bool)) (T, error) {
	var none T
	if value == nil {
		if o.optional {
			return none, nil
		}
		return none, fmt.Errorf("stack %q exports no %s: is it the right stack, and deployed since that was added?", stack, o.name)
	}
	converted, ok := convert(value)
	if !ok {
		return none, fmt.Errorf("output %s of stack %q is a %T, which it should not be", o.name, stack, value)
	}
	return converted, nil
}

func asText(value any) (string, bool) {
	text, ok := value.(string)
	return text, ok
}

func asList(value any) ([]string, bool) {
	items, ok := value.([]any)
	list := make([]string, 0, len(items))
	for _, item := range items {
		text, isText := item.(string)
		ok = ok && isText
		list = append(list, text)
	}
	return list, ok
}

func asMap(value any) (map[string]string, bool) {
	items, ok := value.(map[string]any)
	byKey := make(map[string]string, len(items))
	for key, item := range items {
		text, isText := item.(string)
		ok = ok && isText
		byKey[key] = text
	}
	return byKey, ok
}
