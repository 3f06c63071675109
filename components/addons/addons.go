package addons

import (
	"errors"
	"fmt"
	"maps"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/spec"
)

// addonsType names Addons in state; changing it replaces every instance.
const addonsType = "slipway:addons:Addons"

// defaultPartition is the AWS partition of everything but China, the government and the sovereign clouds.
const defaultPartition = "aws"

// overwrite lets an add-on take over fields that something else set before it: EKS installs a coredns of its own.
const overwrite = "OVERWRITE"

// maxName leaves room for the longest suffix of a role and for Pulumi's in the 64 characters of an IAM role.
const maxName = identity.MaxRoleName - len(volumesRole) - len("-0123456")

// Suffixes of the roles' names.
const (
	volumesRole = "-volumes"
	logsRole    = "-logs"
	zonesRole   = "-zones"
)

// AddonsArgs configures Addons.
type AddonsArgs struct {
	// ClusterName is the name of the cluster, as an output that waits for nodes. Required.
	ClusterName pulumi.StringInput
	// Addons describes what there is besides DNS, volumes and measurements.
	Addons spec.Addons
	// Partition is the AWS partition of policies and hosted zones. Default: aws.
	Partition string
	// Tags are put on the volumes that pods ask for: they do not inherit the provider's default tags.
	Tags map[string]string
}

// Addons are the add-ons of a cluster that run on its nodes.
type Addons struct {
	pulumi.ResourceState

	// ClusterName is the cluster's name, once there are DNS, measurements and the other add-ons.
	ClusterName pulumi.StringOutput `pulumi:"clusterName"`
	// StorageClass is the name of the default class of volumes, once there is a driver that makes them.
	StorageClass pulumi.StringOutput `pulumi:"storageClass"`
	// LogGroup is the CloudWatch log group of what pods write; "" where logs are off.
	LogGroup pulumi.StringOutput `pulumi:"logGroup"`
}

// NewAddons registers the add-ons, their roles and log groups, and the default storage class.
func NewAddons(ctx *pulumi.Context, name string, args *AddonsArgs, opts ...pulumi.ResourceOption) (*Addons, error) {
	a, err := args.complete(name)
	if err != nil {
		return nil, fmt.Errorf("add-ons %q: %w", name, err)
	}
	r := &Addons{}
	if err := ctx.RegisterComponentResourceV2(addonsType, name, a.recorded(), r, opts...); err != nil {
		return nil, fmt.Errorf("registering add-ons %q: %w", name, err)
	}

	b := &builder{ctx: ctx, name: name, args: a, parent: pulumi.Parent(r), logGroup: pulumi.String("").ToStringOutput()}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("add-ons %q: %w", name, err)
	}

	r.ClusterName = gate.String(a.ClusterName, b.addons...)
	r.StorageClass, r.LogGroup = b.storageClass, b.logGroup
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{
		"clusterName": r.ClusterName, "storageClass": r.StorageClass, "logGroup": r.LogGroup,
	})
}

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *AddonsArgs) complete(name string) (AddonsArgs, error) {
	if args == nil {
		args = &AddonsArgs{}
	}
	a := *args
	a.Tags = maps.Clone(a.Tags)
	a.Addons.Default()
	if a.Partition == "" {
		a.Partition = defaultPartition
	}
	errs := a.Addons.Validate(nil)
	if len(name) > maxName {
		errs = append(errs, field.TooLong(field.NewPath("name"), name, maxName))
	}
	if a.ClusterName == nil {
		errs = append(errs, field.Required(field.NewPath("clusterName"), "give an output that waits for nodes"))
	}
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *AddonsArgs) recorded() pulumi.Map {
	return pulumi.Map{"addons": pulumi.ToStringArray(args.Addons.Names())}
}

// builder carries what the parts need of each other while they are registered.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   AddonsArgs
	parent pulumi.ResourceOption

	addons       []pulumi.Resource
	storageClass pulumi.StringOutput
	logGroup     pulumi.StringOutput
}

func (b *builder) build() error {
	for _, step := range []func() error{
		b.newDNS, b.newMeasurements, b.newVolumes, b.newLogs, b.newRecords, b.newCertificates,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// addon is what differs between add-ons.
type addon struct {
	// name is the add-on's in EKS.
	name string
	// settings are its configuration, as JSON; nil for its own.
	settings pulumi.StringPtrInput
	// role is the ARN of its role, once pods may have it. A pod that starts before has no credentials until it is
	// replaced, so the add-on waits. Nil for those that need no rights in AWS.
	role pulumi.StringOutput
	// after must be there before it.
	after []pulumi.Resource
}

// newAddon registers one add-on. A version that is not pinned is the one that AWS chose at creation, and stays.
func (b *builder) newAddon(a addon) (*awseks.Addon, error) {
	args := &awseks.AddonArgs{
		ClusterName:              b.args.ClusterName,
		AddonName:                pulumi.String(a.name),
		ConfigurationValues:      a.settings,
		ResolveConflictsOnCreate: pulumi.String(overwrite),
		ResolveConflictsOnUpdate: pulumi.String(overwrite),
	}
	if a.role.OutputState != nil {
		args.ClusterName = gate.Behind(b.args.ClusterName, a.role)
	}
	if version, pinned := b.args.Addons.Versions[a.name]; pinned {
		args.AddonVersion = pulumi.String(version)
	}
	r, err := awseks.NewAddon(b.ctx, b.name+"-"+a.name, args, b.parent, pulumi.DependsOn(a.after))
	if err != nil {
		return nil, fmt.Errorf("creating add-on %s: %w", a.name, err)
	}
	b.addons = append(b.addons, r)
	return r, nil
}

// newRole registers the role of an add-on's service account.
func (b *builder) newRole(suffix string, args identity.ServiceAccountRoleArgs) (pulumi.StringOutput, error) {
	args.Method, args.ClusterName = identity.PodIdentity, b.args.ClusterName
	role, err := identity.NewServiceAccountRole(b.ctx, b.name+suffix, &args, b.parent)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return role.ARN, nil
}
