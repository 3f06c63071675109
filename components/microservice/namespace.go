package microservice

import (
	"errors"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// namespaceType names Namespace in state; changing it replaces every instance.
const namespaceType = "slipway:microservice:Namespace"

// podSecurity is the Pod Security Standard that every pod of a namespace must meet.
const podSecurity = "restricted"

// NamespaceArgs configures a Namespace.
type NamespaceArgs struct {
	// NamespaceName is the name in Kubernetes. Required.
	NamespaceName string
}

// Namespace is a Kubernetes namespace for services, with the restricted Pod Security Standard enforced.
type Namespace struct {
	pulumi.ResourceState

	// Name is the name in Kubernetes, once the namespace exists.
	Name pulumi.StringOutput `pulumi:"name"`
}

// NewNamespace registers a namespace.
func NewNamespace(
	ctx *pulumi.Context, name string, args *NamespaceArgs, opts ...pulumi.ResourceOption,
) (*Namespace, error) {
	a, err := args.complete()
	if err != nil {
		return nil, fmt.Errorf("namespace %q: %w", name, err)
	}
	n := &Namespace{}
	recorded := pulumi.Map{"namespaceName": pulumi.String(a.NamespaceName)}
	if err := ctx.RegisterComponentResourceV2(namespaceType, name, recorded, n, opts...); err != nil {
		return nil, fmt.Errorf("registering namespace %q: %w", name, err)
	}
	namespace, err := corev1.NewNamespace(ctx, name, &corev1.NamespaceArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name: pulumi.String(a.NamespaceName),
			Labels: pulumi.StringMap{
				"pod-security.kubernetes.io/enforce": pulumi.String(podSecurity),
				"pod-security.kubernetes.io/warn":    pulumi.String(podSecurity),
				"pod-security.kubernetes.io/audit":   pulumi.String(podSecurity),
				managedByLabel:                       pulumi.String(managedBy),
			},
		},
	}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("creating namespace %q: %w", name, err)
	}
	n.Name = namespace.Metadata.Name().Elem()
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{"name": n.Name})
}

// complete returns a copy of args, or every problem found in it.
func (args *NamespaceArgs) complete() (NamespaceArgs, error) {
	if args == nil {
		args = &NamespaceArgs{}
	}
	errs := spec.ValidateNamespace(field.NewPath("namespaceName"), args.NamespaceName)
	if err := errs.ToAggregate(); err != nil {
		return *args, errors.Join(err.Errors()...)
	}
	return *args, nil
}
