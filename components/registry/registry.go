package registry

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"
)

// registryType names Registry in state; changing it replaces every instance.
const registryType = "slipway:registry:Registry"

// Layout is how services share repositories.
type Layout string

const (
	// Shared is one repository for all services, with the service in the tag.
	Shared Layout = "shared"
	// PerService is one repository for each service.
	PerService Layout = "perService"
)

// The parts of a template that stand for a service and its version.
const (
	servicePart = "{service}"
	versionPart = "{version}"
)

// Defaults.
const (
	defaultSharedTag    = servicePart + "_" + versionPart // a service's name has no underscore
	defaultTag          = versionPart
	defaultKeep         = 20
	defaultUntaggedDays = 7
)

// RegistryArgs configures a Registry.
type RegistryArgs struct {
	// Layout is Shared or PerService. Required.
	Layout Layout
	// RepositoryName is the repository's name in the layout Shared, and what stands before the services' names in the
	// layout PerService: with "shop" the repository of chat is shop/chat. Required.
	RepositoryName string
	// Services are the names of the services that have images. Required; at most 48 in the layout Shared.
	Services []string
	// TagTemplate is the tag of an image, with {version}, and in the layout Shared with {service} before it.
	// Default: {service}_{version} in the layout Shared, {version} in PerService.
	TagTemplate string
	// Keep is how many images of each service stay, the newest by the time they were pushed, from 1 to 1000. What a
	// stack runs stays besides. Default: 20.
	Keep int
	// UntaggedDays is after how many days an image without a tag is deleted, from 1 to 365. Default: 7.
	UntaggedDays int
	// KMSKeyARN is the key that encrypts images. Default: none, which is AES-256 with keys of ECR. It cannot be changed
	// later. Each key costs by the month and each pull a request to KMS.
	KMSKeyARN pulumi.StringInput
	// Protect refuses to delete the repositories.
	Protect bool
}

// Registry is the repositories of services' images.
type Registry struct {
	pulumi.ResourceState

	// RepositoryURLs are the repositories to push to, by service, without a tag.
	RepositoryURLs pulumi.StringMapOutput `pulumi:"repositoryUrls"`
	// RepositoryARNs are the repositories' ARNs by repository name, for the policy of whoever pushes.
	RepositoryARNs pulumi.StringMapOutput `pulumi:"repositoryArns"`
	// ImageTemplate is the template of image references that spec.Registry takes.
	ImageTemplate pulumi.StringOutput `pulumi:"imageTemplate"`
}

// NewRegistry registers repositories and their lifecycle policies.
func NewRegistry(ctx *pulumi.Context, name string, args *RegistryArgs, opts ...pulumi.ResourceOption) (*Registry, error) {
	a, err := args.complete()
	if err != nil {
		return nil, fmt.Errorf("registry %q: %w", name, err)
	}
	r := &Registry{}
	if err := ctx.RegisterComponentResourceV2(registryType, name, a.recorded(), r, opts...); err != nil {
		return nil, fmt.Errorf("registering registry %q: %w", name, err)
	}

	urls, arns := pulumi.StringMap{}, pulumi.StringMap{}
	repositories := a.repositories(name)
	for _, child := range slices.Sorted(maps.Keys(repositories)) {
		plan := repositories[child]
		repository, err := newRepository(ctx, child, &a, plan, pulumi.Parent(r))
		if err != nil {
			return nil, fmt.Errorf("registry %q: %w", name, err)
		}
		arns[plan.name] = repository.Arn
		for _, service := range plan.services() {
			urls[service] = repository.RepositoryUrl
		}
	}

	r.RepositoryURLs, r.RepositoryARNs = urls.ToStringMapOutput(), arns.ToStringMapOutput()
	first := a.Services[0]
	r.ImageTemplate = pulumix.Cast[pulumi.StringOutput](pulumix.ApplyErr(urls[first].ToStringOutput(),
		func(url string) (string, error) { return a.imageTemplate(url, first) }))
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{
		"repositoryUrls": r.RepositoryURLs, "repositoryArns": r.RepositoryARNs, "imageTemplate": r.ImageTemplate,
	})
}

// newRepository registers one repository and its lifecycle policy. Its name is given: it is an address that stacks and
// pipelines know.
func newRepository(
	ctx *pulumi.Context, child string, a *RegistryArgs, plan repositoryPlan, parent pulumi.ResourceOption,
) (*ecr.Repository, error) {
	encryption := ecr.RepositoryEncryptionConfigurationArgs{EncryptionType: pulumi.String("AES256")}
	if a.KMSKeyARN != nil {
		encryption.EncryptionType = pulumi.String("KMS")
		encryption.KmsKey = a.KMSKeyARN.ToStringOutput()
	}
	repository, err := ecr.NewRepository(ctx, child, &ecr.RepositoryArgs{
		Name: pulumi.String(plan.name),
		// A tag that can be moved says nothing about what runs.
		ImageTagMutability:         pulumi.String("IMMUTABLE"),
		ImageScanningConfiguration: ecr.RepositoryImageScanningConfigurationArgs{ScanOnPush: pulumi.Bool(true)},
		EncryptionConfigurations:   ecr.RepositoryEncryptionConfigurationArray{encryption},
		// Said, so that no destroy takes along images that another stack runs.
		ForceDelete: pulumi.Bool(false),
	}, parent, pulumi.Protect(a.Protect))
	if err != nil {
		return nil, fmt.Errorf("creating repository %s: %w", plan.name, err)
	}
	policy, err := lifecyclePolicy(plan.groups, a.Keep, a.UntaggedDays).JSON()
	if err != nil {
		return nil, fmt.Errorf("repository %s: %w", plan.name, err)
	}
	if _, err := ecr.NewLifecyclePolicy(ctx, child, &ecr.LifecyclePolicyArgs{
		Repository: repository.Name, Policy: pulumi.String(policy),
	}, parent); err != nil {
		return nil, fmt.Errorf("creating lifecycle policy of %s: %w", plan.name, err)
	}
	return repository, nil
}

// imageTemplate returns the template of all images, from the URL of one service's repository.
func (args *RegistryArgs) imageTemplate(url, service string) (string, error) {
	if args.Layout == PerService {
		prefix, ok := strings.CutSuffix(url, "/"+service)
		if !ok {
			return "", fmt.Errorf("repository URL %s does not end in /%s", url, service)
		}
		url = prefix + "/" + servicePart
	}
	return url + ":" + args.TagTemplate, nil
}
