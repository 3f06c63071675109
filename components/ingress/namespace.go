package ingress

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/internal/gate"
)

// podSecurity is the Pod Security Standard that the controller meets: binding port 80 is the one capability that it
// permits.
const podSecurity = "restricted"

// readinessGateLabel has the load balancer controller put a gate on the namespace's pods: a roll-out then waits until
// the load balancer sends to a new pod before it ends an old one (its guide, pod readiness gate). Of all pods only
// those of this namespace are the load balancer's targets.
const readinessGateLabel = "elbv2.k8s.aws/pod-readiness-gate-inject"

// newNamespace registers the namespace, and with it everything in it, behind the load balancer controller: that one's
// webhook answers for each pod here.
func (b *builder) newNamespace() error {
	name := gate.Behind(pulumi.String(b.args.NamespaceName), b.args.LoadBalancerClass.ToStringOutput())
	namespace, err := corev1.NewNamespace(b.ctx, b.name, &corev1.NamespaceArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name: name,
			Labels: pulumi.StringMap{
				"pod-security.kubernetes.io/enforce": pulumi.String(podSecurity),
				"pod-security.kubernetes.io/warn":    pulumi.String(podSecurity),
				"pod-security.kubernetes.io/audit":   pulumi.String(podSecurity),
				readinessGateLabel:                   pulumi.String("enabled"),
				managedByLabel:                       pulumi.String(managedBy),
			},
		},
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating namespace: %w", err)
	}
	b.namespace = namespace.Metadata.Name().Elem()
	return nil
}

// newClass registers the class that Ingress objects name. It is not the default one: an object that names no class is
// a mistake, and better seen as one.
func (b *builder) newClass() error {
	class, err := networkingv1.NewIngressClass(b.ctx, b.name, &networkingv1.IngressClassArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(className), Labels: labels()},
		Spec:     networkingv1.IngressClassSpecArgs{Controller: pulumi.String(classController)},
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating ingress class: %w", err)
	}
	b.class = class.Metadata.Name().Elem()
	return nil
}
