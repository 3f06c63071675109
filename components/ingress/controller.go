package ingress

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/spec"
)

// controllerType names Controller in state; changing it replaces every instance.
const controllerType = "slipway:ingress:Controller"

// Names in Kubernetes: those of upstream's manifest, by which documentation and dashboards know them.
const (
	defaultNamespace = "ingress-nginx"
	accountName      = "ingress-nginx"
	controllerName   = "ingress-nginx-controller"
	className        = "nginx"
	classController  = "k8s.io/ingress-nginx"
)

// defaultLoadBalancerClass has the AWS Load Balancer Controller make network load balancers (its guide, Service).
const defaultLoadBalancerClass = "service.k8s.aws/nlb"

// The labels of everything here; a selector can never be changed, so the track is there as it is for services.
const (
	nameLabel      = "name"
	trackLabel     = "track"
	trackStable    = "stable"
	managedByLabel = "app.kubernetes.io/managed-by"
	managedBy      = "slipway"
)

// ControllerArgs configures a Controller.
type ControllerArgs struct {
	// Ingress describes the controller and its load balancer. Required: its TLS.
	Ingress spec.Ingress
	// VpcCIDR is the IPv4 range of the VPC: nginx believes nobody else about a client's address. Required.
	VpcCIDR string
	// NamespaceName is the namespace that is made for the controller. Default: ingress-nginx.
	NamespaceName string
	// LoadBalancerClass names who makes the load balancer. Give an output that waits for the load balancer
	// controller: the Service is then made after it and deleted before it. Default: service.k8s.aws/nlb.
	LoadBalancerClass pulumi.StringInput
	// Zones are the names of the VPC's zones. Required with Ingress.ElasticIPs.
	Zones []string
	// SubnetIDs are the public subnets, in the order of Zones. Required with Ingress.ElasticIPs; otherwise the load
	// balancer controller finds subnets by their tags.
	SubnetIDs pulumi.StringArrayInput
	// Tags are put on the load balancer, below Ingress.Tags: the provider's default tags do not reach it.
	Tags map[string]string
}

// Controller is an ingress controller and its load balancer.
type Controller struct {
	pulumi.ResourceState

	// ClassName is what Ingress objects name as their class, once the controller, its load balancer and its webhook
	// exist.
	ClassName pulumi.StringOutput `pulumi:"className"`
	// Hostname is the load balancer's name in DNS; unknown until it is made.
	Hostname pulumi.StringOutput `pulumi:"hostname"`
	// Namespace is the controller's namespace, from which requests come.
	Namespace pulumi.StringOutput `pulumi:"namespace"`
}

// NewController registers an ingress controller: its namespace, rights, settings, pods, load balancer and webhook.
func NewController(
	ctx *pulumi.Context, name string, args *ControllerArgs, opts ...pulumi.ResourceOption,
) (*Controller, error) {
	a, err := args.complete()
	if err != nil {
		return nil, fmt.Errorf("ingress controller %q: %w", name, err)
	}
	c := &Controller{}
	if err := ctx.RegisterComponentResourceV2(controllerType, name, a.recorded(), c, opts...); err != nil {
		return nil, fmt.Errorf("registering ingress controller %q: %w", name, err)
	}
	for _, text := range a.warnings() {
		if err := ctx.Log.Warn(text, &pulumi.LogArgs{Resource: c}); err != nil {
			return nil, fmt.Errorf("warning of ingress controller %q: %w", name, err)
		}
	}

	b := &builder{ctx: ctx, name: name, args: a, parent: pulumi.Parent(c)}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("ingress controller %q: %w", name, err)
	}

	c.ClassName = gate.String(b.class, b.deployment, b.service, b.webhook)
	c.Hostname = hostname(b.service)
	c.Namespace = b.namespace
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"className": c.ClassName, "hostname": c.Hostname, "namespace": c.Namespace,
	})
}

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *ControllerArgs) complete() (ControllerArgs, error) {
	if args == nil {
		args = &ControllerArgs{}
	}
	a := *args
	a.Zones = slices.Clone(a.Zones)
	a.Ingress = withDefaults(a.Ingress)
	if a.NamespaceName == "" {
		a.NamespaceName = defaultNamespace
	}
	if a.LoadBalancerClass == nil {
		a.LoadBalancerClass = pulumi.String(defaultLoadBalancerClass)
	}
	errs := a.Ingress.Validate(nil)
	if p, err := netip.ParsePrefix(a.VpcCIDR); a.VpcCIDR == "" {
		errs = append(errs, field.Required(field.NewPath("vpcCidr"), "nginx believes what it says of a client's address"))
	} else if err != nil || p != p.Masked() || p.Bits() == 0 {
		errs = append(errs, field.Invalid(field.NewPath("vpcCidr"), a.VpcCIDR, "must be the VPC's range, such as 10.20.0.0/16"))
	}
	errs = append(errs, spec.ValidateNamespace(field.NewPath("namespaceName"), a.NamespaceName)...)
	errs = append(errs, spec.ValidateLoadBalancerTags(field.NewPath("tags"), a.Tags)...)
	errs = append(errs, a.validateZones()...)
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}

// withDefaults returns a copy of i with defaults, which leaves alone what i points to.
func withDefaults(i spec.Ingress) spec.Ingress {
	if i.TLS.ACM != nil {
		acm := *i.TLS.ACM
		i.TLS.ACM = &acm
	}
	if i.TLS.CertManager != nil {
		issuer := *i.TLS.CertManager
		i.TLS.CertManager = &issuer
	}
	i.Default()
	return i
}

// validateZones checks that each zone has an address: the load balancer takes one for each of its subnets, or none.
func (args *ControllerArgs) validateZones() field.ErrorList {
	if len(args.Ingress.ElasticIPs) == 0 {
		return nil
	}
	var errs field.ErrorList
	if len(args.Zones) == 0 {
		errs = append(errs, field.Required(field.NewPath("zones"), "elasticIps has one address for each"))
	}
	addresses, zones := slices.Sorted(maps.Keys(args.Ingress.ElasticIPs)), slices.Sorted(slices.Values(args.Zones))
	if len(zones) > 0 && !slices.Equal(addresses, zones) {
		errs = append(errs, field.Invalid(field.NewPath("elasticIps"), fmt.Sprint(addresses),
			fmt.Sprintf("must have one address for each zone: %v", zones)))
	}
	if args.SubnetIDs == nil {
		errs = append(errs, field.Required(field.NewPath("subnetIds"), "elasticIps go to them, by zone"))
	}
	return errs
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *ControllerArgs) recorded() pulumi.Map {
	return pulumi.Map{
		"namespaceName": pulumi.String(args.NamespaceName),
		"image":         pulumi.String(args.Ingress.ControllerImage()),
		"scheme":        pulumi.String(args.Ingress.Scheme),
		"withoutTls":    pulumi.String(args.Ingress.TLS.None),
	}
}

// warnings says what is allowed and yet worth a second look.
func (args *ControllerArgs) warnings() []string {
	var all []string
	if args.Ingress.Retired() {
		all = append(all, "ingress-nginx retired in March 2026: this release gets no fixes, also not of what becomes known "+
			"from now on. Restrict who may write Ingress objects, and set image to a maintained fork")
	}
	if reason := args.Ingress.TLS.None; reason != "" {
		all = append(all, "no host has a certificate: "+reason)
	}
	return all
}

// builder carries what the parts of a controller need of each other while they are registered.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   ControllerArgs
	parent pulumi.ResourceOption

	namespace  pulumi.StringOutput
	class      pulumi.StringOutput
	account    *corev1.ServiceAccount
	rights     []pulumi.Resource // what the account may do
	settings   *corev1.ConfigMap
	secret     *corev1.Secret // the webhook's certificate
	service    *corev1.Service
	deployment *appsv1.Deployment
	webhook    pulumi.Resource
}

func (b *builder) build() error {
	for _, step := range []func() error{
		b.newNamespace, b.newClass, b.newAccount, b.newRights, b.newSettings, b.newCertificate, b.newLoadBalancer,
		b.newDeployment, b.newAutoscaler, b.newDisruptionBudget, b.newMetrics, b.newWebhook,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// metadata is that of an object whose name is an address.
func (b *builder) metadata(name string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: b.namespace, Labels: labels()}
}

// selector matches the controller's pods.
func selector() pulumi.StringMap {
	return pulumi.StringMap{nameLabel: pulumi.String(controllerName), trackLabel: pulumi.String(trackStable)}
}

func labels() pulumi.StringMap {
	all := selector()
	all[managedByLabel] = pulumi.String(managedBy)
	return all
}
