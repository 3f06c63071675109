// Package loadbalancer provides Controller: the AWS Load Balancer Controller, which makes a network load balancer of
// each Service that asks for one.
//
// It registers the controller's role, whose trust names its service account and audience and whose policy is the
// published one of its version; the service account; and the chart, as a Helm release: it is alive and has definitions
// of its own, so it is followed and not written again. What teams get wrong is decided: the region and the VPC are
// given, as nodes do not let pods ask the metadata service; the webhook's certificate stays the same at each deployment;
// the controller takes only the Services that name it, so that no other Service waits for it; and it runs twice, spread
// over zones, with a disruption budget.
//
//	c, err := loadbalancer.NewController(ctx, "shop-load-balancers", &loadbalancer.ControllerArgs{
//		ClusterName: a.ClusterName, Region: "eu-west-1", VpcID: vpc.VpcID,
//		OIDCProviderARN: cl.OIDCProviderARN, Issuer: cl.Issuer,
//	}, pulumi.Providers(awsProvider, kubernetesProvider))
//
// Give LoadBalancerClass to what makes a Service of type LoadBalancer: the Service is then made when the controller
// runs, and deleted while it still does. The other way round, a destroy would hang and leave the load balancer behind.
//
// The controller costs nothing; each load balancer does, by the hour and by traffic.
//
// # Limits
//
// There is one Controller a cluster. The chart comes from https://aws.github.io/eks-charts at each deployment that
// changes it; Helm installs the controller's definitions and never updates them, so a new version may need
// `kubectl apply` first. Its Gateway API part is off. Only partitions whose policy differs from the published one by
// name alone are accepted: aws, aws-cn, aws-us-gov and aws-eusc.
package loadbalancer
