package loadbalancer_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/loadbalancer"
	"github.com/slipway-eks/slipway/internal/ptest"
)

func ExampleNewController() {
	program := func(ctx *pulumi.Context) error {
		c, err := loadbalancer.NewController(ctx, "shop-load-balancers", &loadbalancer.ControllerArgs{
			ClusterName:     pulumi.String("shop"),
			Region:          "eu-west-1",
			VpcID:           pulumi.String("vpc-0123"),
			OIDCProviderARN: pulumi.String(provider),
			Issuer:          pulumi.String(ptest.Issuer),
		})
		if err != nil {
			return err
		}
		ctx.Export("loadBalancerClass", c.LoadBalancerClass)
		return nil
	}
	for _, r := range ptest.Example(program).All() {
		fmt.Println(r.Type, r.Name)
	}
	// Output:
	// kubernetes:core/v1:ServiceAccount shop-load-balancers
	// kubernetes:helm.sh/v3:Release shop-load-balancers
	// aws:iam/role:Role shop-load-balancers
	// aws:iam/rolePolicy:RolePolicy shop-load-balancers-controller
	// slipway:identity:ServiceAccountRole shop-load-balancers
	// slipway:loadbalancer:Controller shop-load-balancers
}
