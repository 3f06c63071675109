package identity

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"

	"github.com/slipway-eks/slipway/internal/gate"
)

// serviceAccountRoleType names ServiceAccountRole in state; changing it replaces every instance.
const serviceAccountRoleType = "slipway:identity:ServiceAccountRole"

// Method is how pods get the credentials of a role.
type Method string

const (
	// IRSA exchanges the service account's token through the cluster's OIDC provider. The service account must carry
	// the annotation eks.amazonaws.com/role-arn. It works wherever there is no pod identity agent, such as in the CNI
	// and on Fargate.
	IRSA Method = "IRSA"
	// PodIdentity takes credentials from the EKS Pod Identity agent. It needs no annotation and no OIDC provider.
	PodIdentity Method = "PodIdentity"
)

// ServiceAccountRoleArgs configures a ServiceAccountRole.
type ServiceAccountRoleArgs struct {
	// Namespace is the service account's. Required.
	Namespace string
	// ServiceAccount is the service account's name. Required.
	ServiceAccount string
	// Method is IRSA or PodIdentity. Required.
	Method Method
	// OIDCProviderARN is the IAM identity provider of the cluster. Required for IRSA, and only for it.
	OIDCProviderARN pulumi.StringInput
	// Issuer is the URL of the cluster's OIDC issuer, with or without https://. Required for IRSA, and only for it.
	Issuer pulumi.StringInput
	// ClusterName is the cluster of the service account. Required for PodIdentity, and only for it.
	ClusterName pulumi.StringInput

	// Policies are inline policies, by name. At least one policy is required, here or below.
	Policies map[string]Document
	// PolicyInputs are inline policies as JSON, by name, for those that contain what is not known before a deployment,
	// such as the ARN of a bucket. They are checked like Policies, when they are known.
	PolicyInputs map[string]pulumi.StringInput
	// ManagedPolicyARNs are policies to attach, of AWS or of the account; at most 20, and 10 unless the account's quota
	// was raised.
	ManagedPolicyARNs []string

	// PermissionsBoundary is the ARN of a policy that bounds what the role can do. Default: none.
	PermissionsBoundary string
	// MaxSessionSeconds bounds a session, from 3600 to 43200. Default: 3600. EKS renews sessions before they end.
	MaxSessionSeconds int
	// Description says what the role is for. Default: the service account that it belongs to.
	Description string
}

// ServiceAccountRole is an IAM role for one Kubernetes service account.
type ServiceAccountRole struct {
	pulumi.ResourceState

	// ARN is the role's, once it has its policies and, with PodIdentity, its association: pods keep the credentials
	// that they started with, and one that starts before the association has none until it is replaced.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// Name is the role's name, once it has what ARN waits for.
	Name pulumi.StringOutput `pulumi:"name"`
}

// NewServiceAccountRole registers a role, its policies and, with PodIdentity, its association.
func NewServiceAccountRole(
	ctx *pulumi.Context, name string, args *ServiceAccountRoleArgs, opts ...pulumi.ResourceOption,
) (*ServiceAccountRole, error) {
	a, err := args.complete(name)
	if err != nil {
		return nil, fmt.Errorf("role %q: %w", name, err)
	}
	r := &ServiceAccountRole{}
	if err := ctx.RegisterComponentResourceV2(serviceAccountRoleType, name, a.recorded(), r, opts...); err != nil {
		return nil, fmt.Errorf("registering role %q: %w", name, err)
	}
	parent := pulumi.Parent(r)

	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Description:         pulumi.String(a.Description),
		AssumeRolePolicy:    a.trust(name),
		MaxSessionDuration:  pulumi.Int(a.MaxSessionSeconds),
		PermissionsBoundary: optional(a.PermissionsBoundary),
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating role %q: %w", name, err)
	}
	ready, err := newPolicies(ctx, name, &a, role, parent)
	if err != nil {
		return nil, fmt.Errorf("role %q: %w", name, err)
	}
	if a.Method == PodIdentity {
		association, err := newAssociation(ctx, name, &a, gate.String(role.Arn, ready...), parent)
		if err != nil {
			return nil, fmt.Errorf("associating role %q: %w", name, err)
		}
		ready = append(ready, association)
	}

	r.ARN, r.Name = gate.String(role.Arn, ready...), gate.String(role.Name, ready...)
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"arn": r.ARN, "name": r.Name})
}

// trust returns the trust policy, once the cluster's part of it is known.
func (args *ServiceAccountRoleArgs) trust(role string) pulumi.StringOutput {
	namespace, account := args.Namespace, args.ServiceAccount
	if args.Method == PodIdentity {
		return pulumix.Cast[pulumi.StringOutput](pulumix.ApplyErr(args.ClusterName.ToStringOutput(),
			func(cluster string) (string, error) {
				return trustText(role, PodIdentityTrust(cluster, namespace, account))
			}))
	}
	return pulumix.Cast[pulumi.StringOutput](pulumix.Apply2Err(
		args.OIDCProviderARN.ToStringOutput(), args.Issuer.ToStringOutput(),
		func(provider, issuer string) (string, error) {
			if !strings.HasSuffix(provider, ":oidc-provider/"+issuerHost(issuer)) {
				return "", fmt.Errorf("role %q: oidcProviderArn: %s is not the provider of the issuer %s", role, provider, issuer)
			}
			return trustText(role, WebIdentityTrust(provider, issuer, namespace, account))
		}))
}

func trustText(role string, trust Document) (string, error) {
	text, err := trust.JSON()
	if err != nil {
		return "", err
	}
	return text, CheckTrustPolicy(role, text)
}

// newPolicies registers the role's inline policies and attachments, each named by its policy and not by a position in
// a list: a reordering would detach and attach them.
func newPolicies(
	ctx *pulumi.Context, name string, a *ServiceAccountRoleArgs, role *iam.Role, parent pulumi.ResourceOption,
) ([]pulumi.Resource, error) {
	var all []pulumi.Resource
	texts := a.inlineTexts(name)
	for _, policy := range slices.Sorted(maps.Keys(texts)) {
		r, err := iam.NewRolePolicy(ctx, name+"-"+policy, &iam.RolePolicyArgs{
			Role: role.Name, Policy: texts[policy],
		}, parent)
		if err != nil {
			return nil, fmt.Errorf("creating policy %s: %w", policy, err)
		}
		all = append(all, r)
	}
	for _, arn := range a.ManagedPolicyARNs {
		r, err := iam.NewRolePolicyAttachment(ctx, name+"-"+policyName(arn), &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: pulumi.String(arn),
		}, parent)
		if err != nil {
			return nil, fmt.Errorf("attaching %s: %w", arn, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// inlineTexts returns the inline policies as JSON, by name. Those that are inputs are checked in the apply whose
// result is used: an error in any other apply is lost.
func (args *ServiceAccountRoleArgs) inlineTexts(role string) map[string]pulumi.StringInput {
	all := map[string]pulumi.StringInput{}
	fixed := map[string]string{}
	for name, d := range args.Policies {
		fixed[name] = d.MustJSON()
		all[name] = pulumi.String(fixed[name])
	}
	if len(args.PolicyInputs) == 0 {
		return all
	}
	inputs := pulumi.StringMap(args.PolicyInputs).ToStringMapOutput()
	checked := pulumix.Cast[pulumi.StringMapOutput](pulumix.ApplyErr(inputs,
		func(texts map[string]string) (map[string]string, error) {
			return texts, checkInputs(role, fixed, texts)
		}))
	for name := range args.PolicyInputs {
		all[name] = checked.MapIndex(pulumi.String(name))
	}
	return all
}

// newAssociation registers what makes EKS hand the role to the service account's pods.
func newAssociation(
	ctx *pulumi.Context, name string, a *ServiceAccountRoleArgs, roleARN pulumi.StringInput, parent pulumi.ResourceOption,
) (*awseks.PodIdentityAssociation, error) {
	return awseks.NewPodIdentityAssociation(ctx, name, &awseks.PodIdentityAssociationArgs{
		ClusterName:    a.ClusterName,
		Namespace:      pulumi.String(a.Namespace),
		ServiceAccount: pulumi.String(a.ServiceAccount),
		RoleArn:        roleARN,
	}, parent)
}

// optional returns no value for "".
func optional(s string) pulumi.StringPtrInput {
	if s == "" {
		return nil
	}
	return pulumi.String(s)
}
