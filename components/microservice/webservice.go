package microservice

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// webServiceType names WebService in state; changing it replaces every instance.
const webServiceType = "slipway:microservice:WebService"

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

// WebServiceArgs configures a WebService.
type WebServiceArgs struct {
	// Service describes the service. Required: its Port, Health, Resources and Scale.Max.
	Service spec.Service
	// ServiceName is the name in Kubernetes, and the host name that other services use. Required.
	ServiceName string
	// Namespace is where the service runs. Required.
	Namespace pulumi.StringInput
	// Image is the reference of the container image, with a tag or a digest. Required.
	Image string
	// Secrets are the values of secret environment variables, by name: one for each of Service.SecretEnv.
	Secrets map[string]pulumi.StringInput
}

// WebService is a web service on Kubernetes.
type WebService struct {
	pulumi.ResourceState

	// Host is the service's name in the cluster's DNS.
	Host pulumi.StringOutput `pulumi:"host"`
	// Port is the port at Host.
	Port pulumi.IntOutput `pulumi:"port"`
}

// NewWebService registers a service's account, secret, Deployment, Service, autoscaler and disruption budget.
func NewWebService(
	ctx *pulumi.Context, name string, args *WebServiceArgs, opts ...pulumi.ResourceOption,
) (*WebService, error) {
	a, err := args.complete()
	if err != nil {
		return nil, fmt.Errorf("web service %q: %w", name, err)
	}
	w := &WebService{}
	if err := ctx.RegisterComponentResourceV2(webServiceType, name, a.recorded(), w, opts...); err != nil {
		return nil, fmt.Errorf("registering web service %q: %w", name, err)
	}

	b := &builder{ctx: ctx, name: name, args: a, parent: pulumi.Parent(w)}
	for _, step := range []func() error{
		b.newServiceAccount, b.newSecret, b.newDeployment, b.newService, b.newAutoscaler, b.newDisruptionBudget,
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("web service %q: %w", name, err)
		}
	}

	w.Host = pulumi.Sprintf("%s.%s.svc", b.service.Metadata.Name().Elem(), a.Namespace)
	w.Port = pulumi.Int(a.Service.TargetPort()).ToIntOutput()
	return w, ctx.RegisterResourceOutputs(w, pulumi.Map{"host": w.Host, "port": w.Port})
}

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *WebServiceArgs) complete() (WebServiceArgs, error) {
	if args == nil {
		args = &WebServiceArgs{}
	}
	a := *args
	a.Service.Default()
	errs := a.Service.Validate(nil)
	errs = append(errs, spec.ValidateServiceName(field.NewPath("serviceName"), a.ServiceName)...)
	if a.Namespace == nil {
		errs = append(errs, field.Required(field.NewPath("namespace"), ""))
	}
	errs = append(errs, spec.ValidateImage(field.NewPath("image"), a.Image)...)
	for _, env := range slices.Sorted(maps.Keys(a.Service.SecretEnv)) {
		if a.Secrets[env] == nil {
			errs = append(errs, field.Required(field.NewPath("secrets").Child(env), "service.secretEnv names it"))
		}
	}
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *WebServiceArgs) recorded() pulumi.Map {
	return pulumi.Map{
		"serviceName": pulumi.String(args.ServiceName),
		"image":       pulumi.String(args.Image),
		"port":        pulumi.Int(args.Service.Port),
	}
}

// builder carries what the parts of a service need of each other while they are registered.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   WebServiceArgs
	parent pulumi.ResourceOption

	account *corev1.ServiceAccount
	secret  *corev1.Secret // nil where the service has none
	service *corev1.Service
}

func (b *builder) newServiceAccount() error {
	var err error
	b.account, err = corev1.NewServiceAccount(b.ctx, b.name, &corev1.ServiceAccountArgs{
		Metadata: b.metadata(),
		// A service that does not talk to the Kubernetes API needs no token for it.
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating service account: %w", err)
	}
	return nil
}

// newSecret registers the secret environment variables under a generated name: a changed value makes a new Secret,
// and the Deployment that names it rolls out.
func (b *builder) newSecret() error {
	if len(b.args.Service.SecretEnv) == 0 {
		return nil
	}
	values := pulumi.StringMap{}
	for env := range b.args.Service.SecretEnv {
		values[env] = b.args.Secrets[env]
	}
	var err error
	b.secret, err = corev1.NewSecret(b.ctx, b.name+"-env", &corev1.SecretArgs{
		Metadata:   metav1.ObjectMetaArgs{Namespace: b.args.Namespace, Labels: b.labels()},
		StringData: pulumi.ToSecret(values).(pulumi.StringMapOutput),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating secret: %w", err)
	}
	return nil
}

func (b *builder) newService() error {
	var err error
	b.service, err = corev1.NewService(b.ctx, b.name, &corev1.ServiceArgs{
		Metadata: b.metadata(),
		Spec: corev1.ServiceSpecArgs{
			Selector: pulumi.StringMap{nameLabel: pulumi.String(b.args.ServiceName)},
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String(portName), Port: pulumi.Int(b.args.Service.TargetPort()), TargetPort: pulumi.String(portName),
			}},
		},
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating service: %w", err)
	}
	return nil
}

// newDisruptionBudget lets one pod at a time be taken away. It counts what may go and not what must stay, so that it
// can never block a drain; pods that do not answer may always go.
func (b *builder) newDisruptionBudget() error {
	if _, err := policyv1.NewPodDisruptionBudget(b.ctx, b.name, &policyv1.PodDisruptionBudgetArgs{
		Metadata: b.metadata(),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			Selector:                   metav1.LabelSelectorArgs{MatchLabels: b.selector()},
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, b.parent); err != nil {
		return fmt.Errorf("creating disruption budget: %w", err)
	}
	return nil
}

// metadata is that of an object whose name is an address.
func (b *builder) metadata() metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{
		Name: pulumi.String(b.args.ServiceName), Namespace: b.args.Namespace, Labels: b.labels(),
	}
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
