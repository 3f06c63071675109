package ingress

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newLoadBalancer registers the Service from which the load balancer controller makes the load balancer.
func (b *builder) newLoadBalancer() error {
	metadata := b.metadata(controllerName)
	metadata.Annotations = b.loadBalancerAnnotations()
	var err error
	b.service, err = corev1.NewService(b.ctx, b.name, &corev1.ServiceArgs{
		Metadata: metadata,
		Spec: corev1.ServiceSpecArgs{
			Type:              pulumi.String("LoadBalancer"),
			LoadBalancerClass: b.args.LoadBalancerClass.ToStringOutput(),
			// The load balancer sends to pods, so that no port of any node need be open.
			AllocateLoadBalancerNodePorts: pulumi.Bool(false),
			Selector:                      pulumi.StringMap{nameLabel: pulumi.String(controllerName)},
			Ports:                         b.listenerPorts(),
		},
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating load balancer: %w", err)
	}
	return nil
}

// loadBalancerAnnotations adds to the plain annotations those that need the subnets' ids.
func (b *builder) loadBalancerAnnotations() pulumi.StringMap {
	i := &b.args.Ingress
	all := pulumi.ToStringMap(annotations(i, b.args.Tags))
	if len(i.ElasticIPs) == 0 {
		return all
	}
	ids := b.args.SubnetIDs.ToStringArrayOutput()
	all[prefix+"subnets"] = ids.ApplyT(func(ids []string) (string, error) {
		subnets, _, err := placement(b.args.Zones, ids, i.ElasticIPs)
		return subnets, err
	}).(pulumi.StringOutput)
	all[prefix+"eip-allocations"] = ids.ApplyT(func(ids []string) (string, error) {
		_, addresses, err := placement(b.args.Zones, ids, i.ElasticIPs)
		return addresses, err
	}).(pulumi.StringOutput)
	return all
}

// listenerPorts say what the load balancer listens on and where in the pod that goes. Without TLS there is no port
// 443: nginx would answer there with a certificate that it made itself.
func (b *builder) listenerPorts() corev1.ServicePortArray {
	port := func(name string, number int, target string) corev1.ServicePortArgs {
		return corev1.ServicePortArgs{
			Name: pulumi.String(name), Port: pulumi.Int(number), TargetPort: pulumi.String(target),
		}
	}
	switch tls := b.args.Ingress.TLS; {
	case tls.ACM != nil:
		// What arrives at 443 is decrypted already; what arrives at 80 is told to come back with TLS.
		return corev1.ServicePortArray{port(httpName, httpPort, redirectName), port(httpsName, httpsPort, httpName)}
	case tls.CertManager != nil:
		return corev1.ServicePortArray{port(httpName, httpPort, httpName), port(httpsName, httpsPort, httpsName)}
	default:
		return corev1.ServicePortArray{port(httpName, httpPort, httpName)}
	}
}

// newMetrics registers the Service at which the controller's metrics are read.
func (b *builder) newMetrics() error {
	if _, err := corev1.NewService(b.ctx, b.name+"-metrics", &corev1.ServiceArgs{
		Metadata: b.metadata(controllerName + "-metrics"),
		Spec: corev1.ServiceSpecArgs{
			Selector: pulumi.StringMap{nameLabel: pulumi.String(controllerName)},
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String(metricsName), Port: pulumi.Int(metricsPort), TargetPort: pulumi.String(metricsName),
			}},
		},
	}, b.parent); err != nil {
		return fmt.Errorf("creating metrics service: %w", err)
	}
	return nil
}

// hostname reads the load balancer's name from the Service's status.
func hostname(service *corev1.Service) pulumi.StringOutput {
	return service.Status.ApplyT(func(status *corev1.ServiceStatus) string {
		if status == nil || status.LoadBalancer == nil {
			return ""
		}
		for _, at := range status.LoadBalancer.Ingress {
			if at.Hostname != nil {
				return *at.Hostname
			}
		}
		return ""
	}).(pulumi.StringOutput)
}
