package stacks

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/components/addons"
	"github.com/slipway-eks/slipway/components/cluster"
	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/components/ingress"
	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/components/network"
	"github.com/slipway-eks/slipway/components/nodes"
	"github.com/slipway-eks/slipway/components/preview"
	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/internal/rules"
	"github.com/slipway-eks/slipway/spec"
)

// platformType names Platform in state; changing it replaces every instance.
const platformType = "slipway:stacks:Platform"

// PlatformArgs configures a Platform.
type PlatformArgs struct {
	// Platform describes what to deploy. Required.
	Platform spec.Platform
	// Region is the AWS region. Required.
	Region string
	// Zones are the availability zones. Required unless Platform.Network.Zones has names.
	Zones []string
	// Secrets are the values of the secret keys that services name in secretEnv, by key.
	Secrets map[string]pulumi.StringInput
	// InstanceTags are put on instances and their volumes, which do not inherit the provider's default tags.
	InstanceTags map[string]string
	// AsOf is the day on which versions are judged. Default: today.
	AsOf time.Time
}

// Platform is a network, a cluster, its nodes and the services on it.
type Platform struct {
	pulumi.ResourceState

	// Network is the VPC.
	Network *network.Vpc
	// Cluster is the control plane.
	Cluster *cluster.Cluster
	// Kubernetes is the provider that reaches the cluster once it has nodes.
	Kubernetes *kubernetes.Provider
	// Addons are the add-ons that run on the nodes.
	Addons *addons.Addons
	// Ingress is the way in from outside; nil where there is none.
	Ingress *ingress.Controller
	// Namespace is where the services run.
	Namespace *microservice.Namespace
	// Services are the services, by name.
	Services map[string]*microservice.Service

	region pulumi.StringOutput
}

// NewPlatform registers a whole platform. It makes the Kubernetes provider itself, which does not exist before the
// cluster does; the AWS provider comes with the options.
func NewPlatform(
	ctx *pulumi.Context, name string, args *PlatformArgs, opts ...pulumi.ResourceOption,
) (*Platform, error) {
	a, err := args.complete(name)
	if err != nil {
		return nil, fmt.Errorf("platform %q:\n%w", name, err)
	}
	p := &Platform{region: pulumi.String(a.Region).ToStringOutput()}
	recorded := pulumi.Map{"region": pulumi.String(a.Region), "zones": pulumi.ToStringArray(a.Zones)}
	if err := ctx.RegisterComponentResourceV2(platformType, name, recorded, p, opts...); err != nil {
		return nil, fmt.Errorf("registering platform %q: %w", name, err)
	}
	parent := pulumi.Parent(p)

	p.Network, err = network.NewVpc(ctx, name+"-network", &network.VpcArgs{
		Network: a.Platform.Network, Zones: a.Zones, ClusterName: a.Platform.Cluster.Name, Protect: a.Platform.Protect,
	}, parent)
	if err != nil {
		return nil, err
	}
	p.Cluster, err = cluster.NewCluster(ctx, name, &cluster.ClusterArgs{
		Cluster: a.Platform.Cluster, Region: a.Region, Protect: a.Platform.Protect, AsOf: a.AsOf,
		VpcID: p.Network.VpcID, SubnetIDs: p.Network.ControlPlaneSubnetIDs,
	}, parent)
	if err != nil {
		return nil, err
	}
	ready, err := p.newNodes(ctx, name, &a, parent)
	if err != nil {
		return nil, err
	}
	if err := p.newKubernetes(ctx, name, &a, ready, parent); err != nil {
		return nil, err
	}
	inside := []pulumi.ResourceOption{pulumi.Providers(p.Kubernetes), parent}
	if err := p.newAddons(ctx, name, &a, ready, inside); err != nil {
		return nil, err
	}
	if err := p.newIngress(ctx, name, &a, inside); err != nil {
		return nil, err
	}
	if err := p.newServices(ctx, name, &a, inside); err != nil {
		return nil, err
	}
	if err := p.newPreviewAccess(ctx, name, &a, inside); err != nil {
		return nil, err
	}
	return p, ctx.RegisterResourceOutputs(p, p.outputs())
}

// newNodes registers the node groups and returns the cluster's name once for each, when it has nodes.
func (p *Platform) newNodes(
	ctx *pulumi.Context, name string, a *PlatformArgs, parent pulumi.ResourceOption,
) ([]pulumi.StringOutput, error) {
	topic, err := newAlerts(ctx, name, a.Platform.Alerts, parent)
	if err != nil {
		return nil, err
	}
	var ready []pulumi.StringOutput
	for _, group := range slices.Sorted(maps.Keys(a.Platform.Nodes)) {
		g, err := nodes.NewManagedGroup(ctx, name+"-"+group, &nodes.ManagedGroupArgs{
			Group: a.Platform.Nodes[group], GroupName: group, Version: a.Platform.Cluster.Version,
			ClusterName: p.Cluster.Name, SubnetIDs: p.Network.PrivateSubnetIDs,
			ControlPlane: nodes.ControlPlane{
				Endpoint:             p.Cluster.Endpoint,
				CertificateAuthority: p.Cluster.CertificateAuthority,
				ServiceCIDR:          p.Cluster.ServiceCIDR,
			},
			AlertTopicARN: topic,
			Partition:     identity.Partition(a.Platform.Cluster.DeployRoleARN), Tags: a.InstanceTags,
		}, parent)
		if err != nil {
			return nil, err
		}
		ready = append(ready, g.ClusterName)
	}
	return ready, nil
}

// newAlerts registers the topic that node groups report to; nil if nobody is to be told.
func newAlerts(
	ctx *pulumi.Context, name string, alerts *spec.Alerts, parent pulumi.ResourceOption,
) (pulumi.StringInput, error) {
	if alerts == nil {
		return nil, nil //nolint:nilnil // no topic is what was asked for
	}
	a, err := nodes.NewAlerts(ctx, name+"-alerts", &nodes.AlertsArgs{Alerts: *alerts}, parent)
	if err != nil {
		return nil, err
	}
	return a.TopicARN, nil
}

// newKubernetes registers the provider of everything inside the cluster. Its kubeconfig waits for the nodes, and so
// does all that uses it: what needs nodes to become ready must not be waited for before there are any.
func (p *Platform) newKubernetes(
	ctx *pulumi.Context, name string, a *PlatformArgs, ready []pulumi.StringOutput, parent pulumi.ResourceOption,
) error {
	var err error
	p.Kubernetes, err = kubernetes.NewProvider(ctx, name, &kubernetes.ProviderArgs{
		Kubeconfig: gate.Behind(p.Cluster.Kubeconfig, ready...),
		// A constant. Without it, a kubeconfig that is not known in a preview plans to replace every object.
		ClusterIdentifier: pulumi.String(a.Region + "/" + a.Platform.Cluster.Name),
		// Said here, so that no environment variable says otherwise.
		EnableServerSideApply: pulumi.Bool(true),
	}, parent)
	if err != nil {
		return fmt.Errorf("creating Kubernetes provider: %w", err)
	}
	return nil
}

// newServices registers the namespace and the services in it, which wait for DNS and for what measures them.
func (p *Platform) newServices(ctx *pulumi.Context, name string, a *PlatformArgs, opts []pulumi.ResourceOption) error {
	var err error
	p.Namespace, err = microservice.NewNamespace(ctx, name+"-"+a.Platform.Namespace, &microservice.NamespaceArgs{
		NamespaceName: a.Platform.Namespace,
	}, opts...)
	if err != nil {
		return err
	}
	namespace := gate.Behind(p.Namespace.Name, p.Addons.ClusterName)
	in := wayIn{}
	if p.Ingress != nil {
		in = wayIn{className: p.Ingress.ClassName, namespace: p.Ingress.Namespace}
	}
	p.Services = map[string]*microservice.Service{}
	for _, service := range slices.Sorted(maps.Keys(a.Platform.Services)) {
		p.Services[service], err = microservice.NewService(
			ctx, name+"-"+service, serviceArgs(a, service, namespace, in), opts...)
		if err != nil {
			return err
		}
	}
	return nil
}

// newPreviewAccess registers what the preview role may do in the cluster, where there is one. Its Secrets are those of
// the namespaces in which the platform makes some.
func (p *Platform) newPreviewAccess(ctx *pulumi.Context, name string, a *PlatformArgs, opts []pulumi.ResourceOption) error {
	if a.Platform.Cluster.PreviewRoleARN == "" {
		return nil
	}
	namespaces := map[string]pulumi.StringInput{"services": p.Namespace.Name}
	if p.Ingress != nil {
		namespaces["ingress"] = p.Ingress.Namespace
	}
	_, err := preview.NewAccess(ctx, name+"-preview", &preview.AccessArgs{
		Group: spec.PreviewGroup, SecretNamespaces: namespaces,
	}, opts...)
	return err
}

// complete returns a copy of args with defaults set, or every problem found in it. The whole platform is judged here,
// so that nothing is registered when a part of it is wrong.
func (args *PlatformArgs) complete(name string) (PlatformArgs, error) {
	if args == nil {
		args = &PlatformArgs{}
	}
	a := *args
	if a.AsOf.IsZero() {
		a.AsOf = time.Now()
	}
	if a.Platform.Cluster.Name == "" {
		a.Platform.Cluster.Name = name
	}
	if len(a.Zones) == 0 {
		a.Zones = a.Platform.Network.Zones.Names
	}
	a.Platform.Network.Zones = spec.Zones{Names: a.Zones}
	a.Platform.Default()

	errs := a.Platform.Validate(a.AsOf)
	if a.Region == "" {
		errs = append(errs, field.Required(field.NewPath("region"), ""))
	}
	keys := a.Platform.SecretKeys()
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if a.Secrets[key] == nil {
			errs = append(errs, field.Required(field.NewPath("secrets").Child(key), "named by "+keys[key][0]))
		}
	}
	if len(errs) == 0 {
		errs = rules.Check(&a.Platform) // of parts that are right by themselves
	}
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}
