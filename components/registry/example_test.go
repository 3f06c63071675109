package registry_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/registry"
	"github.com/slipway-eks/slipway/internal/ptest"
)

func ExampleNewRegistry() {
	program := func(ctx *pulumi.Context) error {
		r, err := registry.NewRegistry(ctx, "main", &registry.RegistryArgs{
			Layout:         registry.PerService,
			RepositoryName: "shop",
			Services:       []string{"chat", "user"},
		})
		if err != nil {
			return err
		}
		ctx.Export("image", r.ImageTemplate) // for slipway:registry: ...amazonaws.com/shop/{service}:{version}
		return nil
	}
	for _, r := range ptest.Example(program).OfType("aws:ecr/repository:Repository") {
		fmt.Println(r.Inputs["name"].StringValue(), r.Inputs["imageTagMutability"].StringValue())
	}
	// Output:
	// shop/chat IMMUTABLE
	// shop/user IMMUTABLE
}
