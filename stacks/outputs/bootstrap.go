package outputs

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Outputs of the bootstrap stack that a platform's stack reads before it registers anything.
const (
	BootstrapImage          = "image"
	BootstrapDeployRoleARNs = "deployRoleArns"
	BootstrapPreviewRoleARN = "previewRoleArn"
)

// Bootstrap is what the stack exports that all stacks of an account share.
type Bootstrap struct {
	// Image is the template of image references: what a stack's configuration has in slipway:registry.
	Image pulumi.StringOutput
	// DeployRoleARNs are the roles that deploy, by environment.
	DeployRoleARNs pulumi.StringMapOutput
	// PreviewRoleARN is the role of previews, and ReleaseRoleARN the one that pushes images.
	PreviewRoleARN, ReleaseRoleARN pulumi.StringOutput
	// StateBucket is the S3 bucket of Pulumi's state, and StateKeyARN its key; "" where there is none.
	StateBucket, StateKeyARN pulumi.StringOutput
	// SecretsProvider is what `pulumi stack init --secrets-provider` takes for that key; "" where there is none.
	SecretsProvider pulumi.StringOutput
}

// table is the one place with the names of outputs. Stacks and pipelines read them: a name can be added, and never
// changed.
func (b *Bootstrap) table() []output {
	return []output{
		{name: BootstrapImage, to: &b.Image},
		{name: BootstrapDeployRoleARNs, to: &b.DeployRoleARNs},
		{name: BootstrapPreviewRoleARN, to: &b.PreviewRoleARN},
		{name: "releaseRoleArn", to: &b.ReleaseRoleARN},
		{name: "stateBucket", to: &b.StateBucket, optional: true},
		{name: "stateKeyArn", to: &b.StateKeyARN, optional: true},
		{name: "secretsProvider", to: &b.SecretsProvider, optional: true},
	}
}

// Map returns what the stack exports, by name. Fields that are not set are left out.
func (b *Bootstrap) Map() pulumi.Map {
	all := pulumi.Map{}
	for _, o := range b.table() {
		if value := o.value(); value != nil {
			all[o.name] = value
		}
	}
	return all
}

// ReadBootstrap returns what the stack exports that all stacks of an account share. stack is its full name, such as
// organization/slipway-bootstrap/account; name is that of the reference in the state of the program that reads. An
// output that the stack should have and has not is an error where it is used.
func ReadBootstrap(ctx *pulumi.Context, name, stack string, opts ...pulumi.ResourceOption) (*Bootstrap, error) {
	ref, err := pulumi.NewStackReference(ctx, name, &pulumi.StackReferenceArgs{Name: pulumi.String(stack)}, opts...)
	if err != nil {
		return nil, fmt.Errorf("referring to stack %q: %w", stack, err)
	}
	b := &Bootstrap{}
	for _, o := range b.table() {
		o.read(ref.GetOutput(pulumi.String(o.name)), stack)
	}
	return b, nil
}
