package loadbalancer

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// releaseType is the Helm release of the Kubernetes provider. Its own SDK package imports every API group, which takes
// minutes and gigabytes to compile, for a resource with a few properties.
const releaseType = "kubernetes:helm.sh/v3:Release"

// release is a Helm release.
type release struct {
	pulumi.CustomResourceState
}

// releaseArgs are the properties of a Helm release that are used here.
type releaseArgs struct {
	Name           pulumi.StringInput
	Namespace      pulumi.StringInput
	Chart          pulumi.StringInput
	Version        pulumi.StringInput
	RepositoryOpts pulumi.StringMapInput
	Values         pulumi.MapInput
	Atomic         pulumi.BoolInput
	Timeout        pulumi.IntInput
}

// releaseProperties are their names and plain types.
type releaseProperties struct {
	Name           string            `pulumi:"name"`
	Namespace      string            `pulumi:"namespace"`
	Chart          string            `pulumi:"chart"`
	Version        string            `pulumi:"version"`
	RepositoryOpts map[string]string `pulumi:"repositoryOpts"`
	Values         map[string]any    `pulumi:"values"`
	Atomic         bool              `pulumi:"atomic"`
	Timeout        int               `pulumi:"timeout"`
}

// ElementType tells the SDK the names of the properties.
func (releaseArgs) ElementType() reflect.Type { return reflect.TypeFor[releaseProperties]() }

func newRelease(
	ctx *pulumi.Context, name string, args *releaseArgs, opts ...pulumi.ResourceOption,
) (*release, error) {
	r := &release{}
	return r, ctx.RegisterResource(releaseType, name, args, r, opts...)
}
