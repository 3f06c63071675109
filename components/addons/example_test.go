package addons_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/addons"
	"github.com/slipway-eks/slipway/internal/ptest"
)

func ExampleNewAddons() {
	program := func(ctx *pulumi.Context) error {
		a, err := addons.NewAddons(ctx, "shop-addons", &addons.AddonsArgs{
			ClusterName: pulumi.String("shop"), // in a stack, an output that waits for nodes
		})
		if err != nil {
			return err
		}
		ctx.Export("logGroup", a.LogGroup)
		return nil
	}
	for _, r := range ptest.Example(program).OfType("aws:eks/addon:Addon") {
		fmt.Println(r.Inputs["addonName"].StringValue())
	}
	// Output:
	// amazon-cloudwatch-observability
	// aws-ebs-csi-driver
	// coredns
	// metrics-server
}
