package program

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/ci"
	"github.com/slipway-eks/slipway/components/registry"
	"github.com/slipway-eks/slipway/stacks/outputs"
)

// registryName names the registry in state.
const registryName = "registry"

// Deploy is the Pulumi program. It reads its files from the root directory of the project.
func Deploy(ctx *pulumi.Context) error {
	return DeployFrom(ctx.RootDirectory())(ctx)
}

// DeployFrom returns the program of a project whose folder is root: for a host that does not tell the program its root
// directory, as the Automation API does not.
func DeployFrom(root string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error { return deploy(ctx, root) }
}

// deploy reads and checks the whole configuration before it registers anything.
func deploy(ctx *pulumi.Context, root string) error {
	c, err := load(ctx, root)
	if err != nil {
		return fmt.Errorf("reading the configuration of stack %q:\n%w", ctx.Stack(), err)
	}
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region:            pulumi.String(c.region),
		AllowedAccountIds: pulumi.ToStringArray([]string{c.AccountID}),
		// The tag of this stack keeps the deploy roles of the others off what is made here.
		DefaultTags: aws.ProviderDefaultTagsArgs{Tags: pulumi.StringMap{
			"slipway:project": pulumi.String(ctx.Project()), "slipway:stack": pulumi.String(ctx.Stack()),
		}},
	})
	if err != nil {
		return fmt.Errorf("creating AWS provider: %w", err)
	}
	images, err := newRegistry(ctx, c, pulumi.Providers(provider)) // first: it may refuse what it is asked for
	if err != nil {
		return err
	}
	s, err := newState(ctx, c, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	identity, err := ci.NewIdentity(ctx, c.CI.Name, c.identityArgs(ctx, s), pulumi.Providers(provider))
	if err != nil {
		return err
	}
	for name, value := range exports(c, s, images, identity).Map() {
		ctx.Export(name, value)
	}
	return nil
}

func newRegistry(ctx *pulumi.Context, c *Config, opts ...pulumi.ResourceOption) (*registry.Registry, error) {
	return registry.NewRegistry(ctx, registryName, &registry.RegistryArgs{
		Layout: registry.Layout(c.Registry.Layout), RepositoryName: c.Registry.RepositoryName, Services: c.services,
		Keep: c.Registry.Keep, UntaggedDays: c.Registry.UntaggedDays, Protect: !c.Unprotected,
	}, opts...)
}

// identityArgs returns what the CI's identity is made from; s may be nil.
func (c *Config) identityArgs(ctx *pulumi.Context, s *state) *ci.IdentityArgs {
	repositories := []string{c.Registry.RepositoryName}
	if c.Registry.Layout == string(registry.PerService) {
		repositories = []string{c.Registry.RepositoryName + "/*"}
	}
	args := &ci.IdentityArgs{
		AccountID: c.AccountID, Region: c.region,
		Preview:      ci.Preview{Subjects: c.CI.previewSubjects()},
		Environments: map[string]ci.Environment{},
		Release:      ci.Release{Subjects: c.CI.releaseSubjects(), Repositories: repositories},
		Issuer:       c.CI.Issuer, Audience: c.CI.Audience, ProviderARN: c.CI.ProviderARN,
		PermissionsBoundary: c.CI.PermissionsBoundary, Path: c.CI.Path, MaxSessionSeconds: c.CI.MaxSessionSeconds,
	}
	for name, e := range c.CI.Environments {
		args.Environments[name] = ci.Environment{
			Subjects: c.CI.deploySubjects(name), Clusters: e.Clusters, Operators: e.Operators,
		}
	}
	if c.State != nil {
		args.State = &ci.State{Bucket: c.State.Bucket, Shared: []string{ctx.Project() + "/" + ctx.Stack()}}
	}
	if s != nil {
		args.State.KeyARN = s.keyARN
	}
	return args
}

// exports are what other stacks and pipelines read.
func exports(c *Config, s *state, images *registry.Registry, identity *ci.Identity) *outputs.Bootstrap {
	b := &outputs.Bootstrap{
		Image:          images.ImageTemplate,
		DeployRoleARNs: identity.DeployRoleARNs, PreviewRoleARN: identity.PreviewRoleARN, ReleaseRoleARN: identity.ReleaseRoleARN,
	}
	if s != nil {
		b.StateBucket, b.StateKeyARN = s.bucket, s.keyARN
		b.SecretsProvider = pulumi.String("awskms://" + s.alias + "?region=" + c.region).ToStringOutput()
	}
	return b
}
