// Package program adds a service to a platform that another stack has deployed.
package program

import (
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/spec"
	"github.com/slipway-eks/slipway/stacks/outputs"
)

// Deploy registers a web service in the platform's cluster, reached through the platform's load balancer.
func Deploy(ctx *pulumi.Context) error {
	stack, err := config.Try(ctx, "reports:platform")
	if err != nil {
		return err
	}
	platform, err := outputs.Read(ctx, "platform", stack)
	if err != nil {
		return err
	}
	cluster, err := kubernetes.NewProvider(ctx, "platform", &kubernetes.ProviderArgs{
		Kubeconfig: platform.Kubeconfig,
		// A constant: whatever the kubeconfig says, it is the same cluster, and objects are not replaced.
		ClusterIdentifier: pulumi.String(stack),
	})
	if err != nil {
		return err
	}
	reports, err := microservice.NewService(ctx, "reports", &microservice.ServiceArgs{
		Service: spec.Service{
			Port:      8080,
			Health:    spec.Health{HTTP: &spec.HTTPHealth{Path: "/up"}},
			Resources: spec.Resources{CPU: "100m", Memory: "128Mi", MemoryLimit: "256Mi"},
			Scale:     &spec.Scale{Max: 4},
			Routes:    []spec.Route{{Host: "reports.example.com"}},
		},
		ServiceName:      "reports",
		Image:            "registry.example.com/reports:1.0.0",
		Namespace:        platform.Namespace,
		IngressClassName: platform.IngressClassName,
		IngressNamespace: platform.IngressNamespace,
	}, pulumi.Providers(cluster))
	if err != nil {
		return err
	}
	ctx.Export("host", reports.Host)
	ctx.Export("loadBalancer", platform.IngressHostname) // where the DNS record of reports.example.com points to
	return nil
}
