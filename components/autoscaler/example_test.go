package autoscaler_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/autoscaler"
	"github.com/slipway-eks/slipway/internal/ptest"
)

func ExampleNewAutoscaler() {
	program := func(ctx *pulumi.Context) error {
		_, err := autoscaler.NewAutoscaler(ctx, "shop-autoscaler", &autoscaler.AutoscalerArgs{
			ClusterName: pulumi.String("shop"), Version: "1.35", Region: "eu-west-1",
		})
		return err
	}
	for _, r := range ptest.Example(program).All() {
		fmt.Println(r.Type)
	}
	// Output:
	// kubernetes:apps/v1:Deployment
	// kubernetes:core/v1:ServiceAccount
	// kubernetes:policy/v1:PodDisruptionBudget
	// kubernetes:rbac.authorization.k8s.io/v1:ClusterRole
	// kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding
	// kubernetes:rbac.authorization.k8s.io/v1:Role
	// kubernetes:rbac.authorization.k8s.io/v1:RoleBinding
	// aws:eks/podIdentityAssociation:PodIdentityAssociation
	// aws:iam/role:Role
	// aws:iam/rolePolicy:RolePolicy
	// slipway:identity:ServiceAccountRole
	// slipway:autoscaler:Autoscaler
}
