package identity_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/ptest"
)

func ExampleNewServiceAccountRole() {
	program := func(ctx *pulumi.Context) error {
		role, err := identity.NewServiceAccountRole(ctx, "shop-uploads", &identity.ServiceAccountRoleArgs{
			Namespace:      "apps",
			ServiceAccount: "uploads",
			Method:         identity.PodIdentity,
			ClusterName:    pulumi.String("shop"),
			Policies: map[string]identity.Document{"bucket": identity.NewDocument(identity.Statement{
				Effect:   identity.Allow,
				Action:   identity.Values{"s3:PutObject"},
				Resource: identity.Values{"arn:aws:s3:::shop-uploads/*"},
			})},
		})
		if err != nil {
			return err
		}
		ctx.Export("uploadsRole", role.ARN)
		return nil
	}
	for _, r := range ptest.Example(program).All() {
		fmt.Println(r.Type, r.Name)
	}
	// Output:
	// aws:eks/podIdentityAssociation:PodIdentityAssociation shop-uploads
	// aws:iam/role:Role shop-uploads
	// aws:iam/rolePolicy:RolePolicy shop-uploads-bucket
	// slipway:identity:ServiceAccountRole shop-uploads
}
