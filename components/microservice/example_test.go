package microservice_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

// A web service: a port, a route that publishes it, and what it talks to.
func ExampleNewService() {
	program := func(ctx *pulumi.Context) error {
		_, err := microservice.NewService(ctx, "chat", &microservice.ServiceArgs{
			Service: spec.Service{
				Port:      8030,
				Health:    spec.Health{Spring: &spec.SpringHealth{}},
				Resources: spec.Resources{CPU: "500m", Memory: "512Mi", MemoryLimit: "1Gi"},
				Scale:     &spec.Scale{Max: 4},
				Routes:    []spec.Route{{Host: "www.example.com", Path: "/chat", Rewrite: "/", WebSocket: true}},
				Uses:      []string{"redis"},
			},
			ServiceName: "chat",
			Namespace:   pulumi.String("apps"), // normally the Name of a microservice.Namespace
			Image:       "registry.example.com/chat:1.0.0",
			Endpoints: []microservice.EndpointRange{
				{Name: "redis", CIDRs: []string{"10.20.0.0/16"}, Ports: []int{6379}},
			},
			IngressClassName: pulumi.String("nginx"), // normally the ClassName of an ingress.Controller
			IngressNamespace: pulumi.String("ingress-nginx"),
		})
		return err
	}
	printTypes(ptest.Example(program))
	// Output:
	// kubernetes:apps/v1:Deployment
	// kubernetes:autoscaling/v2:HorizontalPodAutoscaler
	// kubernetes:core/v1:Service
	// kubernetes:core/v1:ServiceAccount
	// kubernetes:networking.k8s.io/v1:Ingress
	// kubernetes:networking.k8s.io/v1:NetworkPolicy
	// kubernetes:policy/v1:PodDisruptionBudget
}

// A worker has no port.
func ExampleNewService_worker() {
	program := func(ctx *pulumi.Context) error {
		_, err := microservice.NewService(ctx, "bot", &microservice.ServiceArgs{
			Service: spec.Service{
				Command:   []string{"/bot"},
				Resources: spec.Resources{CPU: "100m", Memory: "128Mi", MemoryLimit: "256Mi"},
				Scale:     &spec.Scale{Min: 1, Max: 1},
				SecretEnv: map[string]string{"BOT_TOKEN": "botToken"},
			},
			ServiceName: "bot",
			Namespace:   pulumi.String("apps"),
			Image:       "registry.example.com/bot:1.0.0",
			Secrets:     map[string]pulumi.StringInput{"botToken": pulumi.String("from the stack's configuration")},
		})
		return err
	}
	printTypes(ptest.Example(program))
	// Output:
	// kubernetes:apps/v1:Deployment
	// kubernetes:autoscaling/v2:HorizontalPodAutoscaler
	// kubernetes:core/v1:Secret
	// kubernetes:core/v1:ServiceAccount
	// kubernetes:networking.k8s.io/v1:NetworkPolicy
	// kubernetes:policy/v1:PodDisruptionBudget
}

// A job has a schedule.
func ExampleNewService_job() {
	program := func(ctx *pulumi.Context) error {
		_, err := microservice.NewService(ctx, "report", &microservice.ServiceArgs{
			Service: spec.Service{
				Schedule:  &spec.Schedule{Cron: "30 3 * * mon-fri", TimeZone: "Asia/Seoul"},
				Resources: spec.Resources{CPU: "500m", Memory: "512Mi", MemoryLimit: "1Gi"},
				Files:     map[string]string{"/etc/report/report.conf": "currency = KRW"},
			},
			ServiceName: "report",
			Namespace:   pulumi.String("apps"),
			Image:       "registry.example.com/report:1.0.0",
		})
		return err
	}
	printTypes(ptest.Example(program))
	// Output:
	// kubernetes:batch/v1:CronJob
	// kubernetes:core/v1:ConfigMap
	// kubernetes:core/v1:ServiceAccount
	// kubernetes:networking.k8s.io/v1:NetworkPolicy
}

// printTypes prints the types of what a provider manages.
func printTypes(got *ptest.Result) {
	for _, r := range got.All() {
		if r.Custom {
			fmt.Println(r.Type)
		}
	}
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
