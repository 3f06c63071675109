package microservice

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/spec"
)

// serviceType names Service in state; changing it replaces every instance.
const serviceType = "slipway:microservice:Service"

// The labels of everything that belongs to a service. Selectors use nameLabel and trackLabel: a selector can never be
// changed, so the track is there from the first day, for releases that run beside the stable one.
const (
	nameLabel      = "name"
	trackLabel     = "track"
	trackStable    = "stable"
	managedByLabel = "app.kubernetes.io/managed-by"
	managedBy      = "slipway"
)

// portName names the service's port, so that what refers to it need not know its number.
const portName = "http"

// ServiceArgs configures a Service.
type ServiceArgs struct {
	// Service describes the service. Required: its Resources; of a web service or worker its Scale.Max too, and of a web
	// service its Port and Health.
	Service spec.Service
	// ServiceName is the name in Kubernetes, and the host name that other services use. Required.
	ServiceName string
	// Namespace is where the service runs. Required.
	Namespace pulumi.StringInput
	// Image is the reference of the container image, with a tag or a digest. Required.
	Image string
	// Secrets are the values of secret configuration keys, by key: of each that Service.SecretEnv or
	// Service.SecretFiles names.
	Secrets map[string]pulumi.StringInput
	// RoleARN is the IAM role that pods have (IAM roles for service accounts). EKS gives them the token for it, which is
	// not one for the Kubernetes API. The role is had from STS, so Endpoints must reach it. Optional.
	RoleARN pulumi.StringPtrInput

	// Uses are the services that this one talks to: those of Service.Uses.
	Uses []Peer
	// Endpoints are databases and other things outside the cluster: those of Service.Uses, and what else pods need,
	// such as STS or the API server.
	Endpoints []EndpointRange
	// UsedBy names the services that talk to this one. Optional.
	UsedBy []string

	// IngressClassName is the class of the Ingress objects. Required with Service.Routes.
	IngressClassName pulumi.StringInput
	// IngressNamespace is where the controller of that class runs. Required with Service.Routes.
	IngressNamespace pulumi.StringInput
	// IngressAnnotations are put on the first Ingress of each host, such as the name of an issuer of certificates.
	// Optional.
	IngressAnnotations map[string]string
	// TLSSecrets are names of Secrets with certificates, by host. A host without one has TLS ended before it comes to
	// the controller, or not at all.
	TLSSecrets map[string]string

	// NodeLabels are labels that nodes must have. Required with Service.Placement.Group: the label of that group.
	NodeLabels map[string]string
	// Tolerations are taints that do not keep the pods off, by key: those of the node group.
	Tolerations map[string]spec.Taint
}

// Peer is another service in the same namespace.
type Peer struct {
	// Name is the service's name. Required.
	Name string
	// Port is the port of its container. Required.
	Port int
	// ServicePort is the port of its Kubernetes Service. Default: Port.
	ServicePort int
}

// EndpointRange is something outside the cluster.
type EndpointRange struct {
	// Name is the entry of Service.Uses that it stands for. Optional.
	Name string
	// CIDRs are its IPv4 ranges. 0.0.0.0/0 is everything but link-local addresses, where the node's credentials are.
	// Required.
	CIDRs []string
	// Ports are its TCP ports. Required.
	Ports []int
}

// Service is a web service, a worker or a job on Kubernetes.
type Service struct {
	pulumi.ResourceState

	// Host is a web service's name in the cluster's DNS; "" of others.
	Host pulumi.StringOutput `pulumi:"host"`
	// Port is the port at Host; 0 where there is none.
	Port pulumi.IntOutput `pulumi:"port"`
}

// NewService registers a service's account, configuration, network policy and Deployment or CronJob, and what leads
// traffic to it and scales it.
func NewService(
	ctx *pulumi.Context, name string, args *ServiceArgs, opts ...pulumi.ResourceOption,
) (*Service, error) {
	a, err := args.complete()
	if err != nil {
		return nil, fmt.Errorf("service %q: %w", name, err)
	}
	s := &Service{}
	if err := ctx.RegisterComponentResourceV2(serviceType, name, a.recorded(), s, opts...); err != nil {
		return nil, fmt.Errorf("registering service %q: %w", name, err)
	}
	if err := a.warn(ctx, s); err != nil {
		return nil, fmt.Errorf("warning of service %q: %w", name, err)
	}

	b := &builder{ctx: ctx, name: name, args: a, parent: pulumi.Parent(s)}
	for _, step := range b.steps() {
		if err := step(); err != nil {
			return nil, fmt.Errorf("service %q: %w", name, err)
		}
	}

	s.Host, s.Port = pulumi.String("").ToStringOutput(), pulumi.Int(a.Service.TargetPort()).ToIntOutput()
	if b.service != nil {
		s.Host = pulumi.Sprintf("%s.%s.svc", b.service.Metadata.Name().Elem(), a.Namespace)
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"host": s.Host, "port": s.Port})
}

// builder carries what the parts of a service need of each other while they are registered.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   ServiceArgs
	parent pulumi.ResourceOption

	account *corev1.ServiceAccount
	policy  *networkingv1.NetworkPolicy
	service *corev1.Service // nil but of a web service

	// What the service reads; nil where there is none.
	secretEnv, secretFiles *corev1.Secret
	files                  *corev1.ConfigMap
}

// steps are the parts that the kind of service has.
func (b *builder) steps() []func() error {
	steps := []func() error{b.newServiceAccount, b.newNetworkPolicy, b.newSecrets, b.newFiles}
	switch b.args.Service.Kind() {
	case spec.KindWeb:
		return append(steps, b.newDeployment, b.newService, b.newIngresses, b.newAutoscaler, b.newDisruptionBudget)
	case spec.KindWorker:
		return append(steps, b.newDeployment, b.newAutoscaler, b.newDisruptionBudget)
	case spec.KindJob:
		return append(steps, b.newCronJob)
	}
	return steps
}

// metadata is that of an object whose name is an address.
func (b *builder) metadata() metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{
		Name: pulumi.String(b.args.ServiceName), Namespace: b.args.Namespace, Labels: b.labels(),
	}
}

// generated is the metadata of an object with a generated name: a changed one is a new one, and what names it follows.
func (b *builder) generated() metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{Namespace: b.args.Namespace, Labels: b.labels()}
}

func (b *builder) selector() pulumi.StringMap {
	return pulumi.StringMap{
		nameLabel: pulumi.String(b.args.ServiceName), trackLabel: pulumi.String(trackStable),
	}
}

func (b *builder) labels() pulumi.StringMap {
	labels := b.selector()
	labels[managedByLabel] = pulumi.String(managedBy)
	return labels
}
