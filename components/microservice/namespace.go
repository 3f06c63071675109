package microservice

import (
	"errors"
	"fmt"
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/spec"
)

// namespaceType names Namespace in state; changing it replaces every instance.
const namespaceType = "slipway:microservice:Namespace"

// podSecurity is the Pod Security Standard that every pod of a namespace must meet.
const podSecurity = "restricted"

// What a container gets that says nothing itself.
const (
	defaultCPU         = "50m"
	defaultMemory      = "64Mi"
	defaultMemoryLimit = "128Mi"
)

// cert-manager's pods that answer ACME challenges, and their port (cert-manager reference, HTTP01 solver).
const (
	solverLabel = "acme.cert-manager.io/http01-solver"
	solverPort  = 8089
)

// NamespaceArgs configures a Namespace.
type NamespaceArgs struct {
	// NamespaceName is the name in Kubernetes. Required.
	NamespaceName string
	// Quota limits what all pods of the namespace have together, by the names of a ResourceQuota, such as pods or
	// requests.cpu. Load balancers and node ports are always 0: the way in is the ingress. Optional.
	Quota map[string]string
	// Defaults are what a container gets that says nothing itself; services always say. Default: 50m of a CPU, 64Mi of
	// memory and at most 128Mi.
	Defaults spec.Resources
	// ACMESolversFrom is the namespace of the ingress controller, where it must reach cert-manager's pods that prove
	// to an issuer that a host is ours. Optional.
	ACMESolversFrom pulumi.StringInput
}

// Namespace is a Kubernetes namespace for services, with the restricted Pod Security Standard enforced, a quota,
// defaults for containers, and no network but what policies allow.
type Namespace struct {
	pulumi.ResourceState

	// Name is the name in Kubernetes, once the namespace exists and its rules are in force.
	Name pulumi.StringOutput `pulumi:"name"`
}

// NewNamespace registers a namespace, its ResourceQuota, LimitRange and NetworkPolicies.
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
	parent := pulumi.Parent(n)
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
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating namespace %q: %w", name, err)
	}
	rules, err := newNamespaceRules(ctx, name, &a, namespace.Metadata.Name().Elem(), parent)
	if err != nil {
		return nil, fmt.Errorf("namespace %q: %w", name, err)
	}
	n.Name = gate.String(namespace.Metadata.Name().Elem(), rules...)
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{"name": n.Name})
}

// newNamespaceRules registers what holds for everything in the namespace.
func newNamespaceRules(
	ctx *pulumi.Context, name string, a *NamespaceArgs, in pulumi.StringInput, parent pulumi.ResourceOption,
) ([]pulumi.Resource, error) {
	metadata := func(object string) metav1.ObjectMetaArgs {
		return metav1.ObjectMetaArgs{
			Name: pulumi.String(object), Namespace: in, Labels: pulumi.StringMap{managedByLabel: pulumi.String(managedBy)},
		}
	}
	quota, err := corev1.NewResourceQuota(ctx, name, &corev1.ResourceQuotaArgs{
		Metadata: metadata("quota"), Spec: corev1.ResourceQuotaSpecArgs{Hard: pulumi.ToStringMap(a.Quota)},
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating quota: %w", err)
	}
	limits, err := corev1.NewLimitRange(ctx, name, &corev1.LimitRangeArgs{
		Metadata: metadata("defaults"), Spec: limitRange(&a.Defaults),
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating limit range: %w", err)
	}
	rules := []pulumi.Resource{quota, limits}
	policies := namespacePolicies(a)
	for _, role := range sortedKeys(policies) {
		policy, err := networkingv1.NewNetworkPolicy(ctx, name+"-"+role, &networkingv1.NetworkPolicyArgs{
			Metadata: metadata(role), Spec: policies[role],
		}, parent)
		if err != nil {
			return nil, fmt.Errorf("creating network policy %s: %w", role, err)
		}
		rules = append(rules, policy)
	}
	return rules, nil
}

func limitRange(r *spec.Resources) corev1.LimitRangeSpecArgs {
	limits := pulumi.StringMap{"memory": pulumi.String(r.MemoryLimit)}
	if r.CPULimit != "" {
		limits["cpu"] = pulumi.String(r.CPULimit)
	}
	return corev1.LimitRangeSpecArgs{Limits: corev1.LimitRangeItemArray{corev1.LimitRangeItemArgs{
		Type:           pulumi.String("Container"),
		Default:        limits,
		DefaultRequest: pulumi.StringMap{"cpu": pulumi.String(r.CPU), "memory": pulumi.String(r.Memory)},
	}}}
}

// namespacePolicies deny every pod all traffic, in and out: each service has a policy with what it needs.
func namespacePolicies(a *NamespaceArgs) map[string]networkingv1.NetworkPolicySpecArgs {
	policies := map[string]networkingv1.NetworkPolicySpecArgs{"default-deny": {
		PodSelector: metav1.LabelSelectorArgs{},
		PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
	}}
	if a.ACMESolversFrom != nil {
		policies["acme-solvers"] = networkingv1.NetworkPolicySpecArgs{
			PodSelector: metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{solverLabel: pulumi.String("true")}},
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress"}),
			Ingress: networkingv1.NetworkPolicyIngressRuleArray{networkingv1.NetworkPolicyIngressRuleArgs{
				From: networkingv1.NetworkPolicyPeerArray{
					networkingv1.NetworkPolicyPeerArgs{NamespaceSelector: namespaceOf(a.ACMESolversFrom)},
				},
				Ports: tcp(solverPort),
			}},
		}
	}
	return policies
}

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *NamespaceArgs) complete() (NamespaceArgs, error) {
	if args == nil {
		args = &NamespaceArgs{}
	}
	a := *args
	errs := spec.ValidateNamespace(field.NewPath("namespaceName"), a.NamespaceName)
	if a.Defaults == (spec.Resources{}) {
		a.Defaults = spec.Resources{CPU: defaultCPU, Memory: defaultMemory, MemoryLimit: defaultMemoryLimit}
	}
	errs = append(errs, a.Defaults.Validate(field.NewPath("defaults"))...)
	a.Quota = maps.Clone(a.Quota)
	for _, key := range sortedKeys(a.Quota) {
		if _, err := resource.ParseQuantity(a.Quota[key]); err != nil {
			errs = append(errs, field.Invalid(field.NewPath("quota", key), a.Quota[key], "must be a Kubernetes quantity"))
		}
	}
	if a.Quota == nil {
		a.Quota = map[string]string{}
	}
	a.Quota["services.loadbalancers"], a.Quota["services.nodeports"] = "0", "0"
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}
