// Package microservice provides WebService, a web service as it should run on Kubernetes, and Namespace, where
// services run.
//
// A WebService is a Deployment with a Service, a HorizontalPodAutoscaler, a PodDisruptionBudget, a ServiceAccount and,
// where it has secrets, a Secret. What the team would otherwise have to remember is decided: pods are spread over zones
// and hosts; a pod gets traffic only when it answers; a roll-out never goes below the wanted number of pods; scaling
// down is slow and scaling up is not; a drain is never blocked; and the container runs as a plain user with a read-only
// file system.
//
//	ns, err := microservice.NewNamespace(ctx, "apps", &microservice.NamespaceArgs{NamespaceName: "apps"}, withKubernetes)
//	chat, err := microservice.NewWebService(ctx, "chat", &microservice.WebServiceArgs{
//		Service: spec.Service{
//			Port:      8030,
//			Health:    spec.Health{Spring: &spec.SpringHealth{}},
//			Resources: spec.Resources{CPU: "500m", Memory: "512Mi", MemoryLimit: "1Gi"},
//			Scale:     &spec.Scale{Max: 4},
//		},
//		ServiceName: "chat", Namespace: ns.Name, Image: "registry.example.com/chat:1.0.0",
//	}, withKubernetes)
//
// where withKubernetes is pulumi.Providers(p) with the cluster's Kubernetes provider.
package microservice
