// Package stacks is the program: it makes providers, composes the components into a platform and exports outputs.
//
// A Pulumi project of its own runs Deploy, which reads the stack configuration and services.yaml. A program that has
// its own configuration composes the same platform with NewPlatform:
//
//	platform, err := stacks.NewPlatform(ctx, "shop", &stacks.PlatformArgs{
//		Platform: spec.Platform{ ... }, Region: "eu-west-1", Zones: []string{"eu-west-1a", "eu-west-1b"},
//	}, pulumi.Providers(awsProvider))
package stacks
