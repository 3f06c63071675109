package microservice_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

func ExampleNewWebService() {
	program := func(ctx *pulumi.Context) error {
		_, err := microservice.NewWebService(ctx, "chat", &microservice.WebServiceArgs{
			Service: spec.Service{
				Port:      8030,
				Health:    spec.Health{Spring: &spec.SpringHealth{}},
				Resources: spec.Resources{CPU: "500m", Memory: "512Mi", MemoryLimit: "1Gi"},
				Scale:     &spec.Scale{Max: 4},
			},
			ServiceName: "chat",
			Namespace:   pulumi.String("apps"), // normally the Name of a microservice.Namespace
			Image:       "registry.example.com/chat:1.0.0",
		})
		return err
	}
	for _, r := range ptest.Example(program).All() {
		if r.Custom {
			fmt.Println(r.Type)
		}
	}
	// Output:
	// kubernetes:apps/v1:Deployment
	// kubernetes:autoscaling/v2:HorizontalPodAutoscaler
	// kubernetes:core/v1:Service
	// kubernetes:core/v1:ServiceAccount
	// kubernetes:policy/v1:PodDisruptionBudget
}

func ExampleNewNamespace() {
	program := func(ctx *pulumi.Context) error {
		_, err := microservice.NewNamespace(ctx, "shop-apps", &microservice.NamespaceArgs{NamespaceName: "apps"})
		return err
	}
	for _, r := range ptest.Example(program).OfType("kubernetes:core/v1:Namespace") {
		fmt.Println(r.Name)
	}
	// Output: shop-apps
}
