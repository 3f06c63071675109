package preview_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/preview"
	"github.com/slipway-eks/slipway/internal/ptest"
)

func ExampleNewAccess() {
	program := func(ctx *pulumi.Context) error {
		_, err := preview.NewAccess(ctx, "shop-preview", &preview.AccessArgs{Group: "slipway:preview"})
		return err
	}
	policy := ptest.Example(program).OfType(policyType)[0]
	fmt.Println(policy.Inputs["spec"].ObjectValue()["validations"].ArrayValue()[0].ObjectValue()["expression"].StringValue())
	// Output: has(request.dryRun) && request.dryRun
}
