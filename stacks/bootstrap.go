package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/stacks/outputs"
)

// shared reads what the bootstrap stack has for this one. The values decide names and policies, so the program waits
// for them. What is not there is reported where it is missed.
func shared(ctx *pulumi.Context) func(reference string) (config.Shared, error) {
	return func(reference string) (config.Shared, error) {
		stack, err := pulumi.NewStackReference(ctx, config.BootstrapSection, &pulumi.StackReferenceArgs{
			Name: pulumi.String(reference),
		})
		if err != nil {
			return config.Shared{}, fmt.Errorf("reading stack %s: %w", reference, err)
		}
		values := map[string]any{}
		for _, name := range []string{outputs.BootstrapImage, outputs.BootstrapDeployRoleARNs, outputs.BootstrapPreviewRoleARN} {
			details, err := stack.GetOutputDetails(name)
			if err != nil {
				return config.Shared{}, fmt.Errorf("reading output %s of stack %s: %w", name, reference, err)
			}
			values[name] = details.Value
		}
		if values[outputs.BootstrapImage] == nil {
			return config.Shared{}, fmt.Errorf("stack %s has no output %s: deploy it first", reference, outputs.BootstrapImage)
		}
		roles, _ := values[outputs.BootstrapDeployRoleARNs].(map[string]any)
		s := config.Shared{}
		s.Image, _ = values[outputs.BootstrapImage].(string)
		s.DeployRoleARN, _ = roles[ctx.Stack()].(string)
		s.PreviewRoleARN, _ = values[outputs.BootstrapPreviewRoleARN].(string)
		return s, nil
	}
}
