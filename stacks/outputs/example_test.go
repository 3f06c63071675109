package outputs_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/stacks/outputs"
)

// Another program finds the VPC of a platform.
func ExampleRead() {
	program := func(ctx *pulumi.Context) error {
		platform, err := outputs.Read(ctx, "platform", "organization/slipway/dev")
		if err != nil {
			return err
		}
		return register(ctx, pulumi.Map{"vpcId": platform.VpcID})
	}
	got := ptest.Example(program, ptest.WithStackOutputs("organization/slipway/dev", resource.PropertyMap{
		"vpcId": resource.NewProperty("vpc-0123456789abcdef0"),
	}))
	for _, r := range got.OfType(witnessType) {
		fmt.Println(r.Inputs["vpcId"].StringValue())
	}
	// Output: vpc-0123456789abcdef0
}
