// Package program is a whole platform as one component of a program that has other things to deploy as well.
package program

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/slipway-eks/slipway/spec"
	"github.com/slipway-eks/slipway/stacks"
)

// Deploy registers a log group of its own and a platform with one service, in the region of the configuration.
func Deploy(ctx *pulumi.Context) error {
	region, err := config.Try(ctx, "aws:region")
	if err != nil {
		return err
	}
	audit, err := cloudwatch.NewLogGroup(ctx, "audit", &cloudwatch.LogGroupArgs{RetentionInDays: pulumi.Int(365)})
	if err != nil {
		return err
	}
	shop, err := stacks.NewPlatform(ctx, "shop", &stacks.PlatformArgs{
		Platform: platform(), Region: region, Zones: []string{region + "a", region + "b"},
	})
	if err != nil {
		return err
	}
	ctx.Export("auditLogGroup", audit.Name)
	ctx.Export("frontHost", shop.Services["front"].Host)
	return nil
}

// platform describes what to deploy; all else has its default.
func platform() spec.Platform {
	return spec.Platform{
		Network: spec.Network{CIDR: "10.40.0.0/16", NAT: spec.NATSingle},
		Cluster: spec.Cluster{
			DeployRoleARN:     "arn:aws:iam::123456789012:role/deploy",
			PublicAccessCIDRs: []string{"203.0.113.0/24"},
		},
		Nodes:    map[string]spec.NodeGroup{"general": {InstanceTypes: []string{"t3.large"}, Max: 4}},
		Registry: spec.Registry{Image: "registry.example.com/shop/{service}:{version}"},
		Release:  spec.Release{Version: "1.0.0"},
		Services: map[string]spec.Service{"front": {
			Port:      8080,
			Health:    spec.Health{HTTP: &spec.HTTPHealth{Path: "/up"}},
			Resources: spec.Resources{CPU: "100m", Memory: "128Mi", MemoryLimit: "256Mi"},
			Scale:     &spec.Scale{Max: 4},
		}},
	}
}
