//go:build unix

package stories_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
	"github.com/slipway-eks/slipway/stacks"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// managementPort is where the actuator of service answers.
const managementPort = 8081

// certManager has cert-manager get a certificate for each host.
var certManager = &spec.Ingress{TLS: spec.IngressTLS{CertManager: &spec.CertManager{Issuer: "letsencrypt"}}}

// program is a whole platform with a way in and a catalogue of services.
func program(in *spec.Ingress, services map[string]spec.Service) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := stacks.NewPlatform(ctx, "shop", &stacks.PlatformArgs{
			Platform: spec.Platform{
				Network: spec.Network{CIDR: "10.20.0.0/16"},
				Cluster: spec.Cluster{
					DeployRoleARN: "arn:aws:iam::123456789012:role/deploy", PublicAccessCIDRs: []string{"203.0.113.0/24"},
					PreviewRoleARN: "arn:aws:iam::123456789012:role/preview",
				},
				Nodes:     map[string]spec.NodeGroup{"general": {InstanceTypes: []string{"m5.4xlarge"}, Min: 3, Max: 6}},
				Registry:  spec.Registry{Image: "registry.example.com/{service}:{version}"},
				Release:   spec.Release{Version: "1.0.0"},
				Namespace: namespace,
				Ingress:   in,
				Services:  services,
			},
			Region: "eu-west-1", Zones: []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}, AsOf: day,
		})
		return err
	}
}

// open starts a cluster with a platform in it.
func open(t *testing.T, in *spec.Ingress, services map[string]spec.Service) *world {
	t.Helper()
	w := newWorld(t, machines())
	w.deploy(ptest.Run(t, program(in, services)))
	return w
}

// routed is a service with routes.
func routed(routes ...spec.Route) spec.Service {
	return service(func(s *spec.Service) { s.Routes = routes })
}

// sharedHost is three services on one host, and a fourth that nobody reaches from outside.
func sharedHost() map[string]spec.Service {
	const host = "www.example.com"
	return map[string]spec.Service{
		"front": service(func(s *spec.Service) {
			s.ServicePort, s.Uses, s.Routes = 80, []string{"ledger"}, []spec.Route{{Host: host}}
		}),
		"api":    routed(spec.Route{Host: host, Path: "/api", Rewrite: "/"}),
		"chat":   routed(spec.Route{Host: host, Path: "/api/chat", WebSocket: true}, spec.Route{Host: host, Path: "/chats"}),
		"ledger": service(nil),
	}
}

// ingresses returns the Ingress objects of the services.
func (w *world) ingresses() []networkingv1.Ingress {
	w.t.Helper()
	all, err := w.Client().NetworkingV1().Ingresses(namespace).List(w.t.Context(), metav1.ListOptions{})
	require.NoError(w.t, err)
	return all.Items
}

// target is where the requests of a path come to.
type target struct {
	service string
	port    int32
}

// targetsOf follows the paths of an Ingress to the ports of containers, as the controller does.
func (w *world) targetsOf(ingress *networkingv1.Ingress) []target {
	w.t.Helper()
	var all []target
	for _, rule := range ingress.Spec.Rules {
		for _, path := range rule.HTTP.Paths {
			s, err := w.Client().CoreV1().Services(namespace).Get(w.t.Context(), path.Backend.Service.Name, metav1.GetOptions{})
			require.NoError(w.t, err)
			for _, p := range s.Spec.Ports {
				if p.Name != path.Backend.Service.Port.Name {
					continue
				}
				for _, number := range w.containerPorts(s, p.TargetPort) {
					all = append(all, target{s.Name, number})
				}
			}
		}
	}
	return all
}

// containerPorts returns the port of each pod of a Service that a target port means.
func (w *world) containerPorts(s *corev1.Service, to intstr.IntOrString) []int32 {
	w.t.Helper()
	pods, err := w.Client().CoreV1().Pods(s.Namespace).List(w.t.Context(),
		metav1.ListOptions{LabelSelector: labels.SelectorFromSet(s.Spec.Selector).String()})
	require.NoError(w.t, err)
	var all []int32
	for _, pod := range pods.Items {
		for _, p := range pod.Spec.Containers[0].Ports {
			if to.Type == intstr.String && p.Name == to.StrVal || to.Type == intstr.Int && p.ContainerPort == to.IntVal {
				all = append(all, p.ContainerPort)
			}
		}
	}
	return all
}
