package ci

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/gate"
)

// role is one role, as plain values.
type role struct {
	name, description string
	trust             identity.Document
	// policies are its managed policies, by topic.
	policies map[string]identity.Document
	// state returns its policy for Pulumi's state, given the key of it; nil without one.
	state func(keyARN string) identity.Document
}

// roles returns all roles, in a fixed order.
func (args *completeArgs) roles(name string) []role {
	all := []role{{
		name: previewRole(name), description: "Lets pull requests look at what a deployment would change",
		trust: identity.NewDocument(args.tokenTrust(args.Preview.Subjects)), policies: args.previewPolicies(),
		state: args.previewState,
	}, {
		name: releaseRole(name), description: "Lets releases push images and mark what runs",
		trust: identity.NewDocument(args.tokenTrust(args.Release.Subjects)), policies: args.releasePolicies(),
	}}
	for _, environment := range slices.Sorted(maps.Keys(args.Environments)) {
		all = append(all, role{
			name: deployRole(name, environment), description: "Deploys the environment " + environment,
			trust: args.deployTrust(name, environment), policies: args.deployPolicies(name, environment),
			state: func(keyARN string) identity.Document { return args.deployState(environment, keyARN) },
		})
	}
	if args.State == nil {
		for i := range all {
			all[i].state = nil
		}
	}
	return all
}

// builder carries what the parts of an identity need of each other while they are registered.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   completeArgs
	parent pulumi.ResourceOption

	providerARN pulumi.StringOutput
	// after is what roles wait for: the provider that they trust.
	after []pulumi.Resource
}

// newRole registers a role and its policies, and returns its ARN once it has them. Its name is given: it is an address.
func (b *builder) newRole(r role) (pulumi.StringOutput, error) {
	args := &iam.RoleArgs{
		Name:               pulumi.String(r.name),
		Path:               pulumi.String(b.args.Path),
		Description:        pulumi.String(r.description),
		AssumeRolePolicy:   pulumi.String(r.trust.MustJSON()),
		MaxSessionDuration: pulumi.Int(b.args.MaxSessionSeconds),
	}
	if b.args.PermissionsBoundary != "" {
		args.PermissionsBoundary = pulumi.String(b.args.PermissionsBoundary)
	}
	made, err := iam.NewRole(b.ctx, r.name, args, b.parent, pulumi.DependsOn(b.after))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("creating role %s: %w", r.name, err)
	}
	texts := b.policyTexts(r)
	var attached []pulumi.Resource
	for _, topic := range slices.Sorted(maps.Keys(texts)) {
		attachment, err := b.newPolicy(r.name+"-"+topic, texts[topic], made)
		if err != nil {
			return pulumi.StringOutput{}, err
		}
		attached = append(attached, attachment)
	}
	return gate.String(made.Arn, attached...), nil
}

// policyTexts returns a role's policies as JSON, by topic. That of the state waits for its key.
func (b *builder) policyTexts(r role) map[string]pulumi.StringInput {
	all := map[string]pulumi.StringInput{}
	for topic, d := range r.policies {
		all[topic] = pulumi.String(d.MustJSON())
	}
	switch {
	case r.state == nil:
	case b.args.State.KeyARN == nil:
		all[stateTopic] = pulumi.String(r.state("").MustJSON())
	default:
		all[stateTopic] = pulumix.Cast[pulumi.StringOutput](pulumix.ApplyErr(
			b.args.State.KeyARN.ToStringOutput(), func(keyARN string) (string, error) { return r.state(keyARN).JSON() }))
	}
	return all
}

// newPolicy registers a managed policy and attaches it.
func (b *builder) newPolicy(name string, text pulumi.StringInput, to *iam.Role) (*iam.RolePolicyAttachment, error) {
	policy, err := iam.NewPolicy(b.ctx, name, &iam.PolicyArgs{
		Name: pulumi.String(name), Path: pulumi.String(b.args.Path), Policy: text,
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("creating policy %s: %w", name, err)
	}
	attachment, err := iam.NewRolePolicyAttachment(b.ctx, name, &iam.RolePolicyAttachmentArgs{
		Role: to.Name, PolicyArn: policy.Arn,
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("attaching policy %s: %w", name, err)
	}
	return attachment, nil
}
