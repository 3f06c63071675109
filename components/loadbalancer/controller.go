package loadbalancer

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/internal/required"
)

// controllerType names Controller in state; changing it replaces every instance.
const controllerType = "slipway:loadbalancer:Controller"

// Names in Kubernetes: those of the chart, by which its documentation knows them.
const (
	namespace      = "kube-system"
	controllerName = "aws-load-balancer-controller"
)

// The chart, which has the controller's own version since 3.0.0. The policy file belongs to it: change both together.
const (
	chartRepository = "https://aws.github.io/eks-charts"
	chartVersion    = "3.5.0"
)

// nlbClass has the controller make a network load balancer of a Service (its guide, Service).
const nlbClass = "service.k8s.aws/nlb"

// roleAnnotation gives a service account its role.
const roleAnnotation = "eks.amazonaws.com/role-arn"

const (
	defaultPartition = "aws"
	defaultReplicas  = 2
	maxReplicas      = 10
	// maxName leaves room for Pulumi's suffix in the 64 characters of an IAM role.
	maxName = identity.MaxRoleName - len("-0123456")
)

// ControllerArgs configures a Controller.
type ControllerArgs struct {
	// ClusterName is the name of the cluster, as an output that waits for nodes and DNS. Required.
	ClusterName pulumi.StringInput
	// Region is the AWS region. Required.
	Region string
	// VpcID is the VPC of the load balancers. Required.
	VpcID pulumi.StringInput
	// OIDCProviderARN is the IAM identity provider of the cluster. Required.
	OIDCProviderARN pulumi.StringInput
	// Issuer is the URL of the cluster's OIDC issuer. Required.
	Issuer pulumi.StringInput
	// Partition is the AWS partition: aws, aws-cn, aws-eusc or aws-us-gov. Default: aws.
	Partition string
	// Replicas is the number of pods, one of which is at work: 2 to 10. Default: 2.
	Replicas int
	// ClusterSecurityGroupsOnly lets the controller open only the security groups that carry the cluster's tag, and
	// its own, in place of all of the account. Nodes with security groups of their own must then carry the tag.
	ClusterSecurityGroupsOnly bool
	// Tags are put on what the controller makes: load balancers, target groups and security groups do not inherit the
	// provider's default tags.
	Tags map[string]string
}

// Controller is the AWS Load Balancer Controller.
type Controller struct {
	pulumi.ResourceState

	// LoadBalancerClass is what a Service names to get a network load balancer, once the controller runs.
	LoadBalancerClass pulumi.StringOutput `pulumi:"loadBalancerClass"`
	// RoleARN is the ARN of the controller's role.
	RoleARN pulumi.StringOutput `pulumi:"roleArn"`
}

// NewController registers the controller: its role, service account and Helm release.
func NewController(
	ctx *pulumi.Context, name string, args *ControllerArgs, opts ...pulumi.ResourceOption,
) (*Controller, error) {
	a, err := args.complete(name)
	if err != nil {
		return nil, fmt.Errorf("load balancer controller %q: %w", name, err)
	}
	c := &Controller{}
	if err := ctx.RegisterComponentResourceV2(controllerType, name, a.recorded(), c, opts...); err != nil {
		return nil, fmt.Errorf("registering load balancer controller %q: %w", name, err)
	}
	parent := pulumi.Parent(c)

	role, err := newRole(ctx, name, &a, parent)
	if err != nil {
		return nil, fmt.Errorf("load balancer controller %q: %w", name, err)
	}
	account, err := newAccount(ctx, name, role, parent)
	if err != nil {
		return nil, fmt.Errorf("load balancer controller %q: %w", name, err)
	}
	chart, err := newRelease(ctx, name, &releaseArgs{
		Name:           pulumi.String(controllerName),
		Namespace:      pulumi.String(namespace),
		Chart:          pulumi.String(controllerName),
		Version:        pulumi.String(chartVersion),
		RepositoryOpts: pulumi.StringMap{"repo": pulumi.String(chartRepository)},
		Values:         values(&a, account.Metadata.Name().Elem()),
		// A release that fails is taken back, so that the next deployment starts from one that worked.
		Atomic:  pulumi.Bool(true),
		Timeout: pulumi.Int(releaseTimeout),
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("load balancer controller %q: creating release: %w", name, err)
	}

	c.LoadBalancerClass = gate.String(pulumi.String(nlbClass), chart)
	c.RoleARN = role.ARN
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"loadBalancerClass": c.LoadBalancerClass, "roleArn": c.RoleARN,
	})
}

// newRole registers the controller's role. Its trust names the service account and the audience, both of them.
func newRole(
	ctx *pulumi.Context, name string, a *ControllerArgs, parent pulumi.ResourceOption,
) (*identity.ServiceAccountRole, error) {
	args := &identity.ServiceAccountRoleArgs{
		Description:     "Lets the AWS Load Balancer Controller of an EKS cluster manage load balancers",
		Namespace:       namespace,
		ServiceAccount:  controllerName,
		Method:          identity.IRSA,
		OIDCProviderARN: a.OIDCProviderARN,
		Issuer:          a.Issuer,
	}
	if a.ClusterSecurityGroupsOnly {
		narrowed := pulumix.Cast[pulumi.StringOutput](pulumix.ApplyErr(a.ClusterName.ToStringOutput(),
			func(cluster string) (string, error) { return policyText(a.Partition, cluster) }))
		args.PolicyInputs = map[string]pulumi.StringInput{"controller": narrowed}
	} else {
		policy, err := policyDocument(a.Partition, "")
		if err != nil {
			return nil, err
		}
		args.Policies = map[string]identity.Document{"controller": policy}
	}
	role, err := identity.NewServiceAccountRole(ctx, name, args, parent)
	if err != nil {
		return nil, fmt.Errorf("creating role: %w", err)
	}
	return role, nil
}

// newAccount registers the service account, which the chart is told not to make: its role is known here.
func newAccount(
	ctx *pulumi.Context, name string, role *identity.ServiceAccountRole, parent pulumi.ResourceOption,
) (*corev1.ServiceAccount, error) {
	account, err := corev1.NewServiceAccount(ctx, name, &corev1.ServiceAccountArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name:        pulumi.String(controllerName),
			Namespace:   pulumi.String(namespace),
			Annotations: pulumi.StringMap{roleAnnotation: role.ARN},
			Labels:      pulumi.StringMap{"app.kubernetes.io/managed-by": pulumi.String("slipway")},
		},
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating service account: %w", err)
	}
	return account, nil
}

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *ControllerArgs) complete(name string) (ControllerArgs, error) {
	if args == nil {
		args = &ControllerArgs{}
	}
	a := *args
	a.Tags = maps.Clone(a.Tags)
	if a.Partition == "" {
		a.Partition = defaultPartition
	}
	if a.Replicas == 0 {
		a.Replicas = defaultReplicas
	}
	errs := required.Fields(map[string]bool{
		"clusterName":     a.ClusterName != nil,
		"region":          a.Region != "",
		"vpcId":           a.VpcID != nil,
		"oidcProviderArn": a.OIDCProviderARN != nil,
		"issuer":          a.Issuer != nil,
	})
	if len(name) > maxName {
		errs = append(errs, field.TooLong(field.NewPath("name"), name, maxName))
	}
	if !slices.Contains(partitions, a.Partition) {
		errs = append(errs, field.NotSupported(field.NewPath("partition"), a.Partition, partitions))
	}
	if a.Replicas < defaultReplicas || a.Replicas > maxReplicas {
		errs = append(errs, field.Invalid(field.NewPath("replicas"), a.Replicas,
			fmt.Sprintf("must be from %d to %d", defaultReplicas, maxReplicas)))
	}
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *ControllerArgs) recorded() pulumi.Map {
	return pulumi.Map{
		"region":                    pulumi.String(args.Region),
		"chartVersion":              pulumi.String(chartVersion),
		"replicas":                  pulumi.Int(args.Replicas),
		"clusterSecurityGroupsOnly": pulumi.Bool(args.ClusterSecurityGroupsOnly),
	}
}
