package preview

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/internal/rbac"
)

// accessType names Access in state; changing it replaces every instance.
const accessType = "slipway:preview:Access"

// objectName is the name of everything here in Kubernetes.
const objectName = "slipway-preview"

// systemPrefix starts the groups of Kubernetes itself, which an access entry cannot be in.
const systemPrefix = "system:"

// AccessArgs configures an Access.
type AccessArgs struct {
	// Group is the group of whoever previews. Required. It must not begin with system:.
	Group string
	// SecretNamespaces are the namespaces whose Secrets the program makes, by a key of your choice, each as an output
	// that waits for the namespace: there, previews can read Secrets and try changes of them. Optional.
	SecretNamespaces map[string]pulumi.StringInput
}

// Access is what a group may do that previews changes.
type Access struct {
	pulumi.ResourceState

	// Group is the group, once it has its rights.
	Group pulumi.StringOutput `pulumi:"group"`
}

// NewAccess registers the policy that allows a group dry runs only, and then its rights.
func NewAccess(ctx *pulumi.Context, name string, args *AccessArgs, opts ...pulumi.ResourceOption) (*Access, error) {
	a, err := args.complete()
	if err != nil {
		return nil, fmt.Errorf("preview access %q: %w", name, err)
	}
	r := &Access{}
	recorded := pulumi.Map{"group": pulumi.String(a.Group)}
	if err := ctx.RegisterComponentResourceV2(accessType, name, recorded, r, opts...); err != nil {
		return nil, fmt.Errorf("registering preview access %q: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: a, parent: pulumi.Parent(r)}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("preview access %q: %w", name, err)
	}
	r.Group = gate.String(pulumi.String(a.Group), b.bindings...)
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"group": r.Group})
}

// complete returns a copy of args, or every problem found in it.
func (args *AccessArgs) complete() (AccessArgs, error) {
	if args == nil {
		args = &AccessArgs{}
	}
	var errs field.ErrorList
	at := field.NewPath("group")
	switch {
	case args.Group == "":
		errs = append(errs, field.Required(at, ""))
	case strings.HasPrefix(args.Group, systemPrefix):
		errs = append(errs, field.Invalid(at, args.Group, "begins with "+systemPrefix+", which Kubernetes keeps for itself"))
	case strings.ContainsAny(args.Group, "\"\\\n"):
		errs = append(errs, field.Invalid(at, args.Group, "must have no quotes, backslashes or line breaks"))
	}
	for _, key := range slices.Sorted(maps.Keys(args.SecretNamespaces)) {
		at := field.NewPath("secretNamespaces").Child(key)
		for _, problem := range validation.IsDNS1123Label(key) {
			errs = append(errs, field.Invalid(at, key, problem))
		}
		if args.SecretNamespaces[key] == nil {
			errs = append(errs, field.Required(at, "the namespace's name"))
		}
	}
	if err := errs.ToAggregate(); err != nil {
		return *args, errors.Join(err.Errors()...)
	}
	return *args, nil
}

// builder carries what the parts need of each other while they are registered.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   AccessArgs
	parent pulumi.ResourceOption

	guard    pulumi.Resource // the policy, in force
	bindings []pulumi.Resource
}

func (b *builder) build() error {
	for _, step := range []func() error{b.newPolicy, b.newRights, b.newSecretRights} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// newPolicy registers the policy that refuses what the group writes, and puts it in force.
func (b *builder) newPolicy() error {
	policy, err := admissionv1.NewValidatingAdmissionPolicy(b.ctx, b.name, &admissionv1.ValidatingAdmissionPolicyArgs{
		Metadata: metadata(), Spec: dryRunOnly(b.args.Group),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating admission policy: %w", err)
	}
	b.guard, err = admissionv1.NewValidatingAdmissionPolicyBinding(b.ctx, b.name,
		&admissionv1.ValidatingAdmissionPolicyBindingArgs{
			Metadata: metadata(),
			Spec: admissionv1.ValidatingAdmissionPolicyBindingSpecArgs{
				PolicyName: policy.Metadata.Name().Elem(), ValidationActions: pulumi.ToStringArray([]string{"Deny"}),
			},
		}, b.parent)
	if err != nil {
		return fmt.Errorf("putting the admission policy in force: %w", err)
	}
	return nil
}

// newRights registers what the group may do in the whole cluster.
func (b *builder) newRights() error {
	role, err := rbacv1.NewClusterRole(b.ctx, b.name, &rbacv1.ClusterRoleArgs{
		Metadata: metadata(), Rules: rbac.Rules(clusterRights()),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating cluster role: %w", err)
	}
	binding, err := rbacv1.NewClusterRoleBinding(b.ctx, b.name, &rbacv1.ClusterRoleBindingArgs{
		Metadata: metadata(), Subjects: b.subjects(), RoleRef: rbac.RoleRef("ClusterRole", role.Metadata.Name()),
	}, b.behindGuard()...)
	if err != nil {
		return fmt.Errorf("binding cluster role: %w", err)
	}
	b.bindings = append(b.bindings, binding)
	return nil
}

// newSecretRights registers what the group may do with the Secrets of some namespaces.
func (b *builder) newSecretRights() error {
	for _, key := range slices.Sorted(maps.Keys(b.args.SecretNamespaces)) {
		name, inside := b.name+"-"+key, metadata()
		inside.Namespace = b.args.SecretNamespaces[key].ToStringOutput().ToStringPtrOutput()
		role, err := rbacv1.NewRole(b.ctx, name, &rbacv1.RoleArgs{Metadata: inside, Rules: rbac.Rules(secretRights)}, b.parent)
		if err != nil {
			return fmt.Errorf("creating role in %s: %w", key, err)
		}
		binding, err := rbacv1.NewRoleBinding(b.ctx, name, &rbacv1.RoleBindingArgs{
			Metadata: inside, Subjects: b.subjects(), RoleRef: rbac.RoleRef("Role", role.Metadata.Name()),
		}, b.behindGuard()...)
		if err != nil {
			return fmt.Errorf("binding role in %s: %w", key, err)
		}
		b.bindings = append(b.bindings, binding)
	}
	return nil
}

// behindGuard are the options of what gives rights: after the policy is in force, and gone before it is lifted.
func (b *builder) behindGuard() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{b.parent, pulumi.DependsOn([]pulumi.Resource{b.guard})}
}

func (b *builder) subjects() rbacv1.SubjectArray {
	return rbacv1.SubjectArray{rbacv1.SubjectArgs{
		Kind: pulumi.String("Group"), Name: pulumi.String(b.args.Group), ApiGroup: pulumi.String(rbac.Group),
	}}
}

func metadata() metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{
		Name:   pulumi.String(objectName),
		Labels: pulumi.StringMap{"app.kubernetes.io/managed-by": pulumi.String("slipway")},
	}
}
