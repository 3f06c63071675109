package stacks

import (
	"fmt"
	"maps"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/spec"
)

// The tags that every AWS resource has, besides the stack's own.
const (
	projectTag = "slipway:project"
	stackTag   = "slipway:stack"
)

// Deploy is the Pulumi program of a stack. It reads its files from the root directory of the project.
func Deploy(ctx *pulumi.Context) error {
	return DeployFrom(ctx.RootDirectory())(ctx)
}

// DeployFrom returns the program of a stack whose files are in root: for a host that does not tell the program its
// root directory, as the Automation API does not.
func DeployFrom(root string) pulumi.RunFunc {
	return DeployAsOf(root, time.Now())
}

// DeployAsOf is DeployFrom on another day: what a version's end of support will mean can be seen before it comes.
func DeployAsOf(root string, day time.Time) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error { return deploy(ctx, root, day) }
}

// deploy reads and checks the whole configuration before it registers anything.
func deploy(ctx *pulumi.Context, root string, now time.Time) error {
	source := config.Source{Root: root, Project: ctx.Project(), Stack: ctx.Stack(), Bootstrap: shared(ctx)}
	c, err := source.FromEngine(ctx.GetConfig, now)
	if err != nil {
		return fmt.Errorf("reading the configuration of stack %q:\n%w", ctx.Stack(), err)
	}
	for _, note := range c.Notes {
		if err := ctx.Log.Warn(note, nil); err != nil {
			return fmt.Errorf("writing a note: %w", err)
		}
	}
	tags := defaultTags(ctx.Project(), ctx.Stack(), c.Platform.Tags)
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region:      pulumi.String(c.Region),
		DefaultTags: aws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(tags)},
	})
	if err != nil {
		return fmt.Errorf("creating AWS provider: %w", err)
	}
	zones, err := zoneNames(ctx, c.Platform.Network.Zones, provider)
	if err != nil {
		return err
	}
	values, err := secrets(ctx, c)
	if err != nil {
		return err
	}
	platform, err := NewPlatform(ctx, c.Platform.Cluster.Name, &PlatformArgs{
		Platform: c.Platform, Region: c.Region, Zones: zones, Secrets: values, InstanceTags: tags, AsOf: now,
	}, pulumi.Providers(provider))
	if err != nil {
		return err
	}
	export(ctx, platform)
	return nil
}

// defaultTags returns the stack's tags with those that name the project and the stack.
func defaultTags(project, stack string, own map[string]string) map[string]string {
	tags := map[string]string{projectTag: project, stackTag: stack}
	maps.Copy(tags, own)
	return tags
}

// secrets returns the secret configuration values that services name. They are read as secrets, and never as text.
func secrets(ctx *pulumi.Context, c *config.Config) (map[string]pulumi.StringInput, error) {
	values := map[string]pulumi.StringInput{}
	store := pulumiconfig.New(ctx, config.Namespace)
	for key := range c.Platform.SecretKeys() {
		value, err := store.TrySecret(key)
		if err != nil {
			return nil, fmt.Errorf("reading secret %s: %w", key, err)
		}
		values[key] = value
	}
	return values, nil
}

func export(ctx *pulumi.Context, p *Platform) {
	for name, value := range p.outputs() {
		ctx.Export(name, value)
	}
}

// controlPlaneForbidden are the zones, by id, in which EKS cannot place a control plane (EKS user guide, network
// requirements).
var controlPlaneForbidden = []string{"use1-az3", "usw1-az2", "cac1-az3"}

// zoneNames returns the zones that were named, or looks up as many as were asked for: the first by name, of those
// that need no opt-in and in which EKS can place a control plane.
func zoneNames(ctx *pulumi.Context, zones spec.Zones, provider *aws.Provider) ([]string, error) {
	if len(zones.Names) > 0 {
		return zones.Names, nil
	}
	found, err := aws.GetAvailabilityZones(ctx, &aws.GetAvailabilityZonesArgs{
		State:          pulumi.StringRef("available"),
		ExcludeZoneIds: controlPlaneForbidden,
		Filters: []aws.GetAvailabilityZonesFilter{
			{Name: "opt-in-status", Values: []string{"opt-in-not-required"}},
		},
	}, pulumi.Provider(provider))
	if err != nil {
		return nil, fmt.Errorf("looking up availability zones: %w", err)
	}
	return firstZones(found.Names, zones.Count)
}
