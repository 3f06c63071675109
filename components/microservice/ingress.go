package microservice

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/spec"
)

// newIngresses registers an Ingress for each route. Annotations are the whole object's, so routes with different ones
// need different objects; and a route that moved from one object to another would for a moment be in both, which the
// controller's webhook refuses. With an object of its own, named by its host and path, a route never moves.
func (b *builder) newIngresses() error {
	routes := slices.SortedFunc(slices.Values(b.args.Service.Routes), func(r, s spec.Route) int {
		return strings.Compare(routeKey(&r), routeKey(&s))
	})
	host := ""
	for _, r := range routes {
		var more map[string]string
		if r.Host != host {
			more = b.args.IngressAnnotations // once a host: one certificate has one owner
		}
		host = r.Host
		if err := b.newIngress(&r, more); err != nil {
			return fmt.Errorf("creating ingress of %s%s: %w", r.Host, r.Path, err)
		}
	}
	return nil
}

func (b *builder) newIngress(r *spec.Route, more map[string]string) error {
	route := nginxRoute(r)
	ingress := networkingv1.IngressSpecArgs{
		IngressClassName: b.args.IngressClassName.ToStringOutput(),
		Rules: networkingv1.IngressRuleArray{networkingv1.IngressRuleArgs{
			Host: pulumi.String(r.Host),
			Http: networkingv1.HTTPIngressRuleValueArgs{Paths: networkingv1.HTTPIngressPathArray{
				networkingv1.HTTPIngressPathArgs{
					Path: pulumi.String(route.path), PathType: pulumi.String(route.pathType), Backend: b.backend(),
				},
			}},
		}},
	}
	if secret := b.args.TLSSecrets[r.Host]; secret != "" {
		ingress.Tls = networkingv1.IngressTLSArray{networkingv1.IngressTLSArgs{
			Hosts: pulumi.ToStringArray([]string{r.Host}), SecretName: pulumi.String(secret),
		}}
	}
	_, err := networkingv1.NewIngress(b.ctx, b.name+"-"+routeKey(r), &networkingv1.IngressArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name: pulumi.String(ingressName(b.args.ServiceName, r)), Namespace: b.args.Namespace, Labels: b.labels(),
			Annotations: pulumi.ToStringMap(route.with(more)),
		},
		Spec: ingress,
	}, b.parent)
	return err
}

// backend names the Kubernetes Service by its output: an Ingress waits for what it leads to.
func (b *builder) backend() networkingv1.IngressBackendArgs {
	return networkingv1.IngressBackendArgs{Service: networkingv1.IngressServiceBackendArgs{
		Name: b.service.Metadata.Name().Elem(),
		Port: networkingv1.ServiceBackendPortArgs{Name: pulumi.String(portName)},
	}}
}

// routeKey tells the routes of a service apart, whatever their order.
func routeKey(r *spec.Route) string {
	if r.Match == spec.MatchExact {
		return r.Host + r.Path + "=" // a character that no path has
	}
	return r.Host + r.Path
}

// ingressName is the service and the host, and for all but the whole host a hash of the path. A service's name has no
// dot, so no two services make one name.
func ingressName(service string, r *spec.Route) string {
	name := service + "." + r.Host
	if key := routeKey(r); key != r.Host+"/" {
		sum := sha256.Sum256([]byte(key))
		name += "." + hex.EncodeToString(sum[:4])
	}
	return name
}
