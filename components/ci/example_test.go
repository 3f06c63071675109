package ci_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/ci"
	"github.com/slipway-eks/slipway/internal/ptest"
)

func ExampleNewIdentity() {
	program := func(ctx *pulumi.Context) error {
		identity, err := ci.NewIdentity(ctx, "shop", &ci.IdentityArgs{
			AccountID: "123456789012",
			Region:    "eu-west-1",
			Preview:   ci.Preview{Subjects: []ci.Subject{ci.GitHubPullRequests("example/shop")}},
			Environments: map[string]ci.Environment{"dev": {
				Subjects: []ci.Subject{ci.GitHubEnvironment("example/shop", "dev")},
				Clusters: []string{"shop-dev"},
			}},
			Release: ci.Release{
				Subjects:     []ci.Subject{ci.GitHubBranch("example/shop", "main")},
				Repositories: []string{"shop/*"},
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("deployRoleArns", identity.DeployRoleARNs)
		return nil
	}
	for _, r := range ptest.Example(program).OfType(roleType) {
		fmt.Println(r.Name)
	}
	// Output:
	// shop-deploy-dev
	// shop-preview
	// shop-release
}
