package autoscaler

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/internal/required"
)

// autoscalerType names Autoscaler in state; changing it replaces every instance.
const autoscalerType = "slipway:autoscaler:Autoscaler"

// Names in Kubernetes: upstream's.
const (
	namespace      = "kube-system"
	autoscalerName = "cluster-autoscaler"
)

// The labels of everything here; a selector can never be changed, so the track is there as it is for services.
const (
	nameLabel      = "name"
	trackLabel     = "track"
	trackStable    = "stable"
	managedByLabel = "app.kubernetes.io/managed-by"
	managedBy      = "slipway"
)

const (
	defaultPartition = "aws"
	defaultReplicas  = 2
	maxReplicas      = 5
	// defaultGroupTag is the tag by which the project finds groups, and which EKS puts on those of managed node groups
	// (EKS user guide, managed node groups).
	defaultGroupTag = "k8s.io/cluster-autoscaler/enabled"
	// maxName leaves room for Pulumi's suffix in the 64 characters of an IAM role.
	maxName = identity.MaxRoleName - len("-0123456")
)

// groupTag is the form of a tag's key, without what the command line of the Cluster Autoscaler takes for its own.
var groupTag = regexp.MustCompile(`^[\w./-]{1,128}$`)

// AutoscalerArgs configures an Autoscaler.
type AutoscalerArgs struct {
	// ClusterName is the name of the cluster, as an output that waits for nodes and DNS. Required.
	ClusterName pulumi.StringInput
	// Version is the cluster's Kubernetes minor version. Required.
	Version string
	// Region is the AWS region. Required.
	Region string
	// GroupTag is the key of the tag, with the value true, of the Auto Scaling groups that may be changed. Give one of
	// your own where something else scales some of the cluster's groups. Default: k8s.io/cluster-autoscaler/enabled,
	// which EKS puts on every managed node group.
	GroupTag string
	// Image is the container image, of the cluster's version: a copy in an own registry, for one. Default: the
	// project's latest release that was known for the version.
	Image string
	// Replicas is the number of pods, one of which is at work: 1 to 5. Default: 2.
	Replicas int
	// Partition is the AWS partition. Default: aws.
	Partition string
}

// Autoscaler is a Cluster Autoscaler.
type Autoscaler struct {
	pulumi.ResourceState

	// ClusterName is the cluster's name, once nodes are added for pods that find no place.
	ClusterName pulumi.StringOutput `pulumi:"clusterName"`
	// RoleARN is the ARN of the autoscaler's role.
	RoleARN pulumi.StringOutput `pulumi:"roleArn"`
}

// NewAutoscaler registers a Cluster Autoscaler: its role, rights, pods and disruption budget.
func NewAutoscaler(
	ctx *pulumi.Context, name string, args *AutoscalerArgs, opts ...pulumi.ResourceOption,
) (*Autoscaler, error) {
	a, err := args.complete(name)
	if err != nil {
		return nil, fmt.Errorf("autoscaler %q: %w", name, err)
	}
	r := &Autoscaler{}
	if err := ctx.RegisterComponentResourceV2(autoscalerType, name, a.recorded(), r, opts...); err != nil {
		return nil, fmt.Errorf("registering autoscaler %q: %w", name, err)
	}

	b := &builder{ctx: ctx, name: name, args: a, parent: pulumi.Parent(r)}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("autoscaler %q: %w", name, err)
	}

	r.ClusterName, r.RoleARN = gate.String(a.ClusterName, b.deployment), b.roleARN
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"clusterName": r.ClusterName, "roleArn": r.RoleARN})
}

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *AutoscalerArgs) complete(name string) (AutoscalerArgs, error) {
	if args == nil {
		args = &AutoscalerArgs{}
	}
	a := *args
	if a.GroupTag == "" {
		a.GroupTag = defaultGroupTag
	}
	if a.Replicas == 0 {
		a.Replicas = defaultReplicas
	}
	if a.Partition == "" {
		a.Partition = defaultPartition
	}
	errs := a.validate()
	if len(name) > maxName {
		errs = append(errs, field.TooLong(field.NewPath("name"), name, maxName))
	}
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	if a.Image == "" {
		a.Image = repository + releases[a.Version]
	}
	return a, nil
}

func (args *AutoscalerArgs) validate() field.ErrorList {
	errs := required.Fields(map[string]bool{
		"clusterName": args.ClusterName != nil,
		"version":     args.Version != "",
		"region":      args.Region != "",
	})
	if _, known := releases[args.Version]; args.Version != "" && args.Image == "" && !known {
		errs = append(errs, field.NotSupported(field.NewPath("version"), args.Version, versions()))
	}
	if strings.ContainsAny(args.Image, " \t\n") {
		errs = append(errs, field.Invalid(field.NewPath("image"), args.Image, "must be an image reference"))
	}
	if !groupTag.MatchString(args.GroupTag) {
		errs = append(errs, field.Invalid(field.NewPath("groupTag"), args.GroupTag, "must be a tag's key of letters, digits and _./-"))
	}
	if args.Replicas < 1 || args.Replicas > maxReplicas {
		errs = append(errs, field.Invalid(field.NewPath("replicas"), args.Replicas, fmt.Sprintf("must be from 1 to %d", maxReplicas)))
	}
	return errs
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *AutoscalerArgs) recorded() pulumi.Map {
	return pulumi.Map{
		"version":  pulumi.String(args.Version),
		"region":   pulumi.String(args.Region),
		"groupTag": pulumi.String(args.GroupTag),
		"image":    pulumi.String(args.Image),
	}
}

// builder carries what the parts of an autoscaler need of each other while they are registered.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   AutoscalerArgs
	parent pulumi.ResourceOption

	roleARN    pulumi.StringOutput
	account    *corev1.ServiceAccount
	rights     []pulumi.Resource // what the account may do in the cluster
	deployment *appsv1.Deployment
}

func (b *builder) build() error {
	for _, step := range []func() error{
		b.newRole, b.newAccount, b.newRights, b.newDeployment, b.newDisruptionBudget,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// metadata is that of an object in the autoscaler's namespace.
func metadata() metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{
		Name: pulumi.String(autoscalerName), Namespace: pulumi.String(namespace), Labels: labels(),
	}
}

// selector matches the autoscaler's pods.
func selector() pulumi.StringMap {
	return pulumi.StringMap{nameLabel: pulumi.String(autoscalerName), trackLabel: pulumi.String(trackStable)}
}

func labels() pulumi.StringMap {
	all := selector()
	all[managedByLabel] = pulumi.String(managedBy)
	return all
}
