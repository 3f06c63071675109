// Package ingress provides Controller: the way into the cluster, ingress-nginx behind a network load balancer.
//
// It registers a namespace, the controller (ingress-nginx v1.15.1) as plain Kubernetes objects with least rights, its
// settings, autoscaler and disruption budget, the IngressClass nginx, an admission webhook that refuses broken Ingress
// objects, and a Service from which the AWS Load Balancer Controller makes the load balancer. What teams get wrong is
// decided: two pods or more, never two of a revision on one node, and spread over zones; a memory limit; the PROXY
// protocol on both sides or on neither; a pod's end in an order that breaks no connection; snippets off; and a webhook
// certificate that is the same at each deployment.
//
//	in, err := ingress.NewController(ctx, "shop-ingress", &ingress.ControllerArgs{
//		Ingress: spec.Ingress{
//			TLS: spec.IngressTLS{ACM: &spec.ACM{CertificateARNs: []string{certificateARN}}}, ProxyProtocol: true,
//		},
//		VpcCIDR: "10.20.0.0/16",
//	}, withKubernetes)
//
// where withKubernetes is pulumi.Providers(p) with the cluster's Kubernetes provider. Feed ClassName to whatever makes
// Ingress objects: they then wait for the controller, and are gone before it goes.
//
// What costs money: the load balancer by the hour and by traffic, traffic that crosses zones, each public address, and
// one node for each pod at least. Scale.Max pods need as many nodes.
//
// # Limits
//
// Upstream retired in March 2026: this release gets no fixes, and a warning says so. Image takes a maintained fork.
// There is one Controller a cluster: the class, the election and the cluster roles have fixed names. Pods that exist
// before the load balancer does carry no readiness gate; those of every later roll-out do. Where TLS ends at the load
// balancer there is no HTTP/2. While a webhook certificate is replaced, changes of Ingress objects may be refused for
// as long as the roll-out takes. The controller reads the Secrets of all namespaces, as certificates may be in any.
package ingress
