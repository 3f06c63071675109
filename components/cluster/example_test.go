package cluster_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/cluster"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

func ExampleNewCluster() {
	program := func(ctx *pulumi.Context) error {
		c, err := cluster.NewCluster(ctx, "shop", &cluster.ClusterArgs{
			Cluster: spec.Cluster{
				Name:              "shop",
				DeployRoleARN:     "arn:aws:iam::123456789012:role/deploy",
				PublicAccessCIDRs: []string{"203.0.113.0/24"},
			},
			Region:    "eu-west-1",
			VpcID:     pulumi.String("vpc-0123456789abcdef0"),
			SubnetIDs: pulumi.ToStringArray([]string{"subnet-a", "subnet-b"}),
			AsOf:      asOf, // for a result that does not change with the calendar; leave it out
		})
		if err != nil {
			return err
		}
		ctx.Export("kubeconfig", c.Kubeconfig) // a secret
		return nil
	}
	for _, r := range ptest.Example(program).OfType("aws:eks/addon:Addon") {
		fmt.Println(r.Name)
	}
	// Output:
	// shop-eks-pod-identity-agent
	// shop-kube-proxy
	// shop-vpc-cni
}
