package ci

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// identityType names Identity in state; changing it replaces every instance.
const identityType = "slipway:ci:Identity"

// Issuers that serve everybody, and the defaults.
const (
	gitHubIssuer    = "https://token.actions.githubusercontent.com"
	gitLabIssuer    = "https://gitlab.com"
	defaultAudience = "sts.amazonaws.com"
)

// IdentityArgs configures an Identity.
type IdentityArgs struct {
	// AccountID is the AWS account of the roles, 12 digits. Required.
	AccountID string
	// Region is where the environments and the registry are. Required.
	Region string
	// Preview says which runs may look. Required.
	Preview Preview
	// Environments are what is deployed, by the name of the Pulumi stack, which its resources have in the tag
	// slipway:stack. Required.
	Environments map[string]Environment
	// Release says which runs may push images, and where to. Required.
	Release Release

	// State is where Pulumi keeps its state. Default: not in this account, and the roles have no rights to it.
	State *State
	// Issuer is the URL of whoever signs the CI's tokens, with https://. Default: GitHub's.
	Issuer string
	// Audience is whom the tokens are for: their claim aud. Default: sts.amazonaws.com.
	Audience string
	// ProviderARN is the issuer's OIDC provider, where the account has one already: it can have one of each issuer.
	// Default: one is made.
	ProviderARN string
	// PermissionsBoundary is the ARN of a policy that bounds what the roles can do. Default: none.
	PermissionsBoundary string
	// Path is what stands before the roles' names in their ARNs, with a slash at each end. Default: /.
	Path string
	// MaxSessionSeconds bounds a session, from 3600 to 43200. Default: 3600. A session that a role begins as itself,
	// as a kubeconfig does, is never longer than an hour.
	MaxSessionSeconds int
	// Partition is the AWS partition. Default: aws.
	Partition string
}

// Preview is who may look at all environments and their state.
type Preview struct {
	// Subjects are the runs for pull requests. Required.
	Subjects []Subject
}

// Environment is one stack, with a role to deploy it.
type Environment struct {
	// Subjects are the runs that deploy it. Required, and none of another role.
	Subjects []Subject
	// Clusters are the names of its EKS clusters, with which the names of what it makes begin. Required.
	Clusters []string
	// Operators are the ARNs of roles whose people may deploy by hand. Optional.
	Operators []string
}

// Release is who may push images.
type Release struct {
	// Subjects are the runs that build and promote images. Required.
	Subjects []Subject
	// Repositories are the names of ECR repositories; shop/* stands for all below shop. Required.
	Repositories []string
}

// State is an S3 bucket that is Pulumi's backend.
type State struct {
	// Bucket is its name. Required.
	Bucket string
	// KeyARN is the KMS key of the bucket and of the stacks' secrets. Default: none.
	KeyARN pulumi.StringInput
	// Shared are stacks that all others read, as project/stack. Optional.
	Shared []string
}

// Identity is the roles of a CI.
type Identity struct {
	pulumi.ResourceState

	// ProviderARN is the OIDC provider of the CI's issuer.
	ProviderARN pulumi.StringOutput `pulumi:"providerArn"`
	// PreviewRoleARN is the role of previews, once it has its policies. So are the others.
	PreviewRoleARN pulumi.StringOutput `pulumi:"previewRoleArn"`
	// DeployRoleARNs are the roles of deployments, by environment.
	DeployRoleARNs pulumi.StringMapOutput `pulumi:"deployRoleArns"`
	// ReleaseRoleARN is the role of releases.
	ReleaseRoleARN pulumi.StringOutput `pulumi:"releaseRoleArn"`
}

// NewIdentity registers the OIDC provider of a CI, unless there is one, and the roles with their policies. The roles are
// called <name>-preview, <name>-deploy-<environment> and <name>-release: they are addresses, which pipelines know.
func NewIdentity(ctx *pulumi.Context, name string, args *IdentityArgs, opts ...pulumi.ResourceOption) (*Identity, error) {
	a, err := args.complete(name)
	if err != nil {
		return nil, fmt.Errorf("CI identity %q: %w", name, err)
	}
	i := &Identity{}
	if err := ctx.RegisterComponentResourceV2(identityType, name, a.recorded(), i, opts...); err != nil {
		return nil, fmt.Errorf("registering CI identity %q: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: a, parent: pulumi.Parent(i)}
	if err := b.newProvider(); err != nil {
		return nil, fmt.Errorf("CI identity %q: %w", name, err)
	}
	arns := map[string]pulumi.StringOutput{}
	for _, r := range a.roles(name) {
		if arns[r.name], err = b.newRole(r); err != nil {
			return nil, fmt.Errorf("CI identity %q: %w", name, err)
		}
	}

	deploy := pulumi.StringMap{}
	for environment := range a.Environments {
		deploy[environment] = arns[deployRole(name, environment)]
	}
	i.ProviderARN = b.providerARN
	i.PreviewRoleARN, i.ReleaseRoleARN = arns[previewRole(name)], arns[releaseRole(name)]
	i.DeployRoleARNs = deploy.ToStringMapOutput()
	return i, ctx.RegisterResourceOutputs(i, pulumi.Map{
		"providerArn": i.ProviderARN, "previewRoleArn": i.PreviewRoleARN,
		"deployRoleArns": i.DeployRoleARNs, "releaseRoleArn": i.ReleaseRoleARN,
	})
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *IdentityArgs) recorded() pulumi.Map {
	return pulumi.Map{
		"issuer":       pulumi.String(args.Issuer),
		"region":       pulumi.String(args.Region),
		"environments": pulumi.ToStringArray(slices.Sorted(maps.Keys(args.Environments))),
	}
}

func previewRole(name string) string { return name + "-preview" }

func deployRole(name, environment string) string { return name + "-deploy-" + environment }

func releaseRole(name string) string { return name + "-release" }

// roleARN returns the ARN that a role will have.
func (args *IdentityArgs) roleARN(role string) string {
	return "arn:" + args.Partition + ":iam::" + args.AccountID + ":role" + args.Path + role
}

// newProvider registers the provider that makes AWS accept the issuer's tokens. No thumbprint is given: AWS checks the
// certificates of public issuers against its own authorities, and reads another's when the provider is made.
func (b *builder) newProvider() error {
	if !b.args.makesProvider {
		b.providerARN = pulumi.String(b.args.ProviderARN).ToStringOutput()
		return nil
	}
	provider, err := iam.NewOpenIdConnectProvider(b.ctx, b.name, &iam.OpenIdConnectProviderArgs{
		Url: pulumi.String(b.args.Issuer), ClientIdLists: pulumi.ToStringArray([]string{b.args.Audience}),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating OIDC provider: %w", err)
	}
	b.providerARN, b.after = provider.Arn, []pulumi.Resource{provider}
	return nil
}
