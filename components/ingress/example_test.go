package ingress_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/ingress"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

func ExampleNewController() {
	program := func(ctx *pulumi.Context) error {
		_, err := ingress.NewController(ctx, "shop-ingress", &ingress.ControllerArgs{
			Ingress: spec.Ingress{
				TLS: spec.IngressTLS{ACM: &spec.ACM{CertificateARNs: []string{
					"arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
				}}},
				ProxyProtocol: true,
			},
			VpcCIDR: "10.20.0.0/16",
		})
		return err
	}
	for _, r := range ptest.Example(program).All() {
		if r.Custom {
			fmt.Println(r.Type, r.Name)
		}
	}
	// Output:
	// kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration shop-ingress
	// kubernetes:apps/v1:Deployment shop-ingress
	// kubernetes:autoscaling/v2:HorizontalPodAutoscaler shop-ingress
	// kubernetes:core/v1:ConfigMap shop-ingress
	// kubernetes:core/v1:Namespace shop-ingress
	// kubernetes:core/v1:Secret shop-ingress-admission-1
	// kubernetes:core/v1:Service shop-ingress
	// kubernetes:core/v1:Service shop-ingress-admission
	// kubernetes:core/v1:Service shop-ingress-metrics
	// kubernetes:core/v1:ServiceAccount shop-ingress
	// kubernetes:networking.k8s.io/v1:IngressClass shop-ingress
	// kubernetes:policy/v1:PodDisruptionBudget shop-ingress
	// kubernetes:rbac.authorization.k8s.io/v1:ClusterRole shop-ingress
	// kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding shop-ingress
	// kubernetes:rbac.authorization.k8s.io/v1:Role shop-ingress
	// kubernetes:rbac.authorization.k8s.io/v1:RoleBinding shop-ingress
}
