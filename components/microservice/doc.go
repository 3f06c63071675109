// Package microservice provides Service, a service as it should run on Kubernetes, and Namespace, where services run.
//
// A Service is one of three kinds. One with a port is a web service: a Deployment with a Kubernetes Service, an Ingress
// for each route, a HorizontalPodAutoscaler and a PodDisruptionBudget. One without a port is a worker: the same without
// what leads to it. One with a schedule is a job: a CronJob. Each has a ServiceAccount and a NetworkPolicy of its own,
// and a Secret and a ConfigMap where it needs them.
//
// What the team would otherwise have to remember is decided: pods are spread over zones and hosts; a pod gets traffic
// only when it answers; a roll-out never goes below the wanted number of pods; scaling down is slow and scaling up is
// not; a drain is never blocked; a container runs as a plain user with a read-only file system; a pod talks to what it
// says it uses, and is talked to by those that say they use it; a changed secret rolls those that read it.
//
//	ns, err := microservice.NewNamespace(ctx, "apps", &microservice.NamespaceArgs{NamespaceName: "apps"}, withKubernetes)
//	chat, err := microservice.NewService(ctx, "chat", &microservice.ServiceArgs{
//		Service: spec.Service{
//			Port:      8030,
//			Health:    spec.Health{Spring: &spec.SpringHealth{}},
//			Resources: spec.Resources{CPU: "500m", Memory: "512Mi", MemoryLimit: "1Gi"},
//			Scale:     &spec.Scale{Max: 4},
//			Routes:    []spec.Route{{Host: "www.example.com", Path: "/chat", Rewrite: "/", WebSocket: true}},
//			Uses:      []string{"redis"},
//		},
//		ServiceName: "chat", Namespace: ns.Name, Image: "registry.example.com/chat:1.0.0",
//		Endpoints:        []microservice.EndpointRange{{Name: "redis", CIDRs: []string{"10.20.0.0/16"}, Ports: []int{6379}}},
//		IngressClassName: pulumi.String("nginx"), IngressNamespace: pulumi.String("ingress-nginx"),
//	}, withKubernetes)
//
// where withKubernetes is pulumi.Providers(p) with the cluster's Kubernetes provider.
//
// # Network
//
// Policies are enforced by the VPC CNI's agent, which must be turned on (enableNetworkPolicy). It lets a node talk to
// the pods on it whatever the policies say, so that kubelet's probes need no rule: the management port of a Spring
// service is open to them and to nobody else. Where a Kubernetes Service has a port of its own, callers may use both:
// the agent sees a packet before the address of the Service is replaced by a pod's.
package microservice
