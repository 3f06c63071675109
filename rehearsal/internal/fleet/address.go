package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// nlbClass is the class of Services that the AWS Load Balancer Controller makes a load balancer for. A Service of
// another class has none and stays without an address.
const nlbClass = "service.k8s.aws/nlb"

// address stands in for what gives addresses: the load balancer controller to Services, ingress-nginx to Ingress objects.
func (f *Fleet) address(ctx context.Context, s *snapshot) error {
	for i := range s.services {
		service := &s.services[i]
		class := service.Spec.LoadBalancerClass
		if class == nil || *class != nlbClass || len(service.Status.LoadBalancer.Ingress) > 0 || service.DeletionTimestamp != nil {
			continue
		}
		host := f.loadBalancerHost(s, service)
		service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{Hostname: host}}
		_, err := f.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, service, metav1.UpdateOptions{})
		if err := ignoreGone(err); err != nil {
			return fmt.Errorf("giving service %s/%s its address: %w", service.Namespace, service.Name, err)
		}
		f.note("service %s/%s has load balancer %s", service.Namespace, service.Name, host)
	}
	published := publishers(s)
	for i := range s.ingresses {
		ingress := &s.ingresses[i]
		class := ingress.Spec.IngressClassName
		if class == nil || len(ingress.Status.LoadBalancer.Ingress) > 0 || published[*class] == "" {
			continue
		}
		ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{Hostname: published[*class]}}
		_, err := f.client.NetworkingV1().Ingresses(ingress.Namespace).UpdateStatus(ctx, ingress, metav1.UpdateOptions{})
		if err := ignoreGone(err); err != nil {
			return fmt.Errorf("giving ingress %s/%s its address: %w", ingress.Namespace, ingress.Name, err)
		}
	}
	return nil
}

// loadBalancerHost is a name of the form that AWS gives.
func (f *Fleet) loadBalancerHost(s *snapshot, service *corev1.Service) string {
	sum := sha256.Sum256([]byte(service.UID))
	digits := hex.EncodeToString(sum[:])
	region := "us-east-1"
	for _, n := range s.nodes {
		region = n.Labels[corev1.LabelTopologyRegion]
	}
	return fmt.Sprintf("k8s-%.8s-%.8s-%s-%s.elb.%s.amazonaws.com",
		service.Namespace, service.Name, digits[:10], digits[10:26], region)
}

// publishers returns, for each class of Ingress objects that a ready controller serves, the address that it publishes.
func publishers(s *snapshot) map[string]string {
	hosts := map[string]string{}
	for _, service := range s.services {
		for _, at := range service.Status.LoadBalancer.Ingress {
			hosts[service.Namespace+"/"+service.Name] = at.Hostname
		}
	}
	out := map[string]string{}
	for i := range s.pods {
		p := &s.pods[i]
		if !ready(p) {
			continue
		}
		for _, c := range p.Spec.Containers {
			words := slices.Concat(c.Command, c.Args)
			class, service := flagOf(words, "--ingress-class="), flagOf(words, "--publish-service=")
			if class != "" {
				out[class] = hosts[strings.ReplaceAll(service, "$(POD_NAMESPACE)", p.Namespace)]
			}
		}
	}
	return out
}

// flagOf returns the value of a flag, or "".
func flagOf(words []string, flag string) string {
	for _, w := range words {
		if value, found := strings.CutPrefix(w, flag); found {
			return value
		}
	}
	return ""
}
