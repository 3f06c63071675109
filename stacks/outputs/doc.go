// Package outputs is what a platform's stack exports, and how another program reads it:
//
//	platform, err := outputs.Read(ctx, "platform", "organization/slipway/dev")
//	...
//	provider, err := kubernetes.NewProvider(ctx, "platform", &kubernetes.ProviderArgs{Kubeconfig: platform.Kubeconfig})
//
// The stack exports through Platform.Map and Read reads through the same table, so that the two cannot drift apart.
package outputs
