package identity_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/ptest"
)

// Types of what a role registers.
const (
	componentType   = "slipway:identity:ServiceAccountRole"
	roleType        = "aws:iam/role:Role"
	inlineType      = "aws:iam/rolePolicy:RolePolicy"
	attachmentType  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
)

const (
	readOnly = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
	boundary = "arn:aws:iam::123456789012:policy/boundaries/pods"
)

// reads is a policy that reads one bucket.
var reads = identity.NewDocument(identity.Statement{
	Effect: identity.Allow, Action: identity.Values{"s3:GetObject"}, Resource: identity.Values{"arn:aws:s3:::shop/*"},
})

// args returns a valid role of a pod identity, changed by change.
func args(change func(*identity.ServiceAccountRoleArgs)) *identity.ServiceAccountRoleArgs {
	a := &identity.ServiceAccountRoleArgs{
		Namespace: "apps", ServiceAccount: "uploads", Method: identity.PodIdentity, ClusterName: pulumi.String("main"),
		Policies: map[string]identity.Document{"bucket": reads},
	}
	if change != nil {
		change(a)
	}
	return a
}

// irsa makes args those of a role that is assumed by the service account's token.
func irsa(a *identity.ServiceAccountRoleArgs) {
	a.Method, a.ClusterName = identity.IRSA, nil
	a.OIDCProviderARN, a.Issuer = pulumi.String(provider), pulumi.String(issuer)
}

// program registers a role and something that uses both its outputs.
func program(a *identity.ServiceAccountRoleArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		role, err := identity.NewServiceAccountRole(ctx, "shop-uploads", a)
		if err != nil {
			return err
		}
		var user pulumi.CustomResourceState
		return ctx.RegisterResource("aws:test/user:User", "user", pulumi.Map{"arn": role.ARN, "role": role.Name}, &user)
	}
}

func TestNewServiceAccountRole_podIdentity(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))

	role := got.Only(t, roleType)
	assert.Equal(t, "shop-uploads", role.Name)
	assert.Equal(t, "Role of the Kubernetes service account apps/uploads", role.Value(t, "description"))
	assert.InDelta(t, 3600, role.Value(t, "maxSessionDuration"), 0)
	assert.Nil(t, role.Value(t, "permissionsBoundary"))
	assert.Equal(t, identity.PodIdentityTrust("main", "apps", "uploads").MustJSON(), role.Value(t, "assumeRolePolicy"))

	inline := got.Only(t, inlineType)
	assert.Equal(t, "shop-uploads-bucket", inline.Name)
	assert.Equal(t, reads.MustJSON(), inline.Value(t, "policy"))
	assert.Empty(t, got.OfType(attachmentType))

	association := got.Only(t, associationType)
	assert.Equal(t, "main", association.Value(t, "clusterName"))
	assert.Equal(t, "apps", association.Value(t, "namespace"))
	assert.Equal(t, "uploads", association.Value(t, "serviceAccount"))
	assert.Contains(t, association.DependsOn, inline.URN, "pods get the role when it can do something")

	user := got.Only(t, "aws:test/user:User")
	assert.Subset(t, user.DependsOn, []any{role.URN, inline.URN, association.URN}, "pods do not pick an association up later")
	assert.Equal(t, "shop-uploads-0123456", user.Value(t, "role"))
	component := got.Only(t, componentType)
	assert.Equal(t, component.URN, role.Parent)
	assert.Equal(t, component.URN, association.Parent)
}

func TestNewServiceAccountRole_irsa(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *identity.ServiceAccountRoleArgs) {
		irsa(a)
		a.Policies = nil
		a.ManagedPolicyARNs = []string{readOnly, "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"}
		a.PermissionsBoundary, a.MaxSessionSeconds, a.Description = boundary, 43200, "Uploads"
	})))
	assert.Empty(t, got.OfType(associationType))
	role := got.Only(t, roleType)
	assert.Equal(t, boundary, role.Value(t, "permissionsBoundary"))
	assert.InDelta(t, 43200, role.Value(t, "maxSessionDuration"), 0)
	assert.Equal(t, "Uploads", role.Value(t, "description"))

	first := got.Named(t, attachmentType, "shop-uploads-AmazonS3ReadOnlyAccess")
	second := got.Named(t, attachmentType, "shop-uploads-AmazonEBSCSIDriverPolicy")
	assert.Equal(t, readOnly, first.Value(t, "policyArn"))
	assert.Equal(t, "shop-uploads-0123456", first.Value(t, "role"))
	assert.Subset(t, got.Only(t, "aws:test/user:User").DependsOn, []any{first.URN, second.URN})
}

// A policy that is an input is checked when it is known, and its length with that of the fixed ones.
func TestNewServiceAccountRole_policyInputs(t *testing.T) {
	t.Parallel()
	withInput := func(text func(arn string) (string, error)) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			var bucket struct {
				pulumi.CustomResourceState
				ARN pulumi.StringOutput `pulumi:"arn"`
			}
			if err := ctx.RegisterResource("aws:test/bucket:Bucket", "shop", nil, &bucket); err != nil {
				return err
			}
			return program(args(func(a *identity.ServiceAccountRoleArgs) {
				a.PolicyInputs = map[string]pulumi.StringInput{"new": bucket.ARN.ApplyT(text).(pulumi.StringOutput)}
			}))(ctx)
		}
	}
	writes := func(arn string) (string, error) {
		return identity.NewDocument(identity.Statement{
			Effect: identity.Allow, Action: identity.Values{"s3:PutObject"}, Resource: identity.Values{arn + "/*"},
		}).JSON()
	}
	got := ptest.Run(t, withInput(writes))
	policy := got.Named(t, inlineType, "shop-uploads-new")
	want, err := writes("arn:aws:test:eu-west-1:123456789012:shop")
	require.NoError(t, err)
	assert.Equal(t, want, policy.Value(t, "policy"))
	assert.Contains(t, policy.DependsOn, got.Only(t, "aws:test/bucket:Bucket").URN)

	tests := map[string]struct{ text, want string }{
		"no JSON":           {"{", `policyInputs[new]: reading IAM policy`},
		"all of everything": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, "policyInputs[new].Statement[0]: Invalid"},
		"too long a text": {
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"` + strings.Repeat("x", 10100) + `"}]}`,
			"more than IAM's 10240: bucket 1",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ptest.Err(t, withInput(func(string) (string, error) { return tt.text, nil }))
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, fmt.Sprint(got.OfType(inlineType)), "shop-uploads-new")
		})
	}
}

func TestNewServiceAccountRole_providerOfAnotherCluster(t *testing.T) {
	t.Parallel()
	_, err := ptest.Err(t, program(args(func(a *identity.ServiceAccountRoleArgs) {
		irsa(a)
		a.Issuer = pulumi.String("https://oidc.eks.eu-west-1.amazonaws.com/id/OTHER")
	})))
	require.ErrorContains(t, err, "oidcProviderArn: "+provider+" is not the provider of the issuer")
}

func TestNewServiceAccountRole_rejects(t *testing.T) {
	t.Parallel()
	policy := func(s identity.Statement) func(*identity.ServiceAccountRoleArgs) {
		return func(a *identity.ServiceAccountRoleArgs) {
			a.Policies = map[string]identity.Document{"own": identity.NewDocument(s)}
		}
	}
	named := func(name string) func(*identity.ServiceAccountRoleArgs) {
		return func(a *identity.ServiceAccountRoleArgs) { a.Policies = map[string]identity.Document{name: reads} }
	}
	managed := func(arns ...string) func(*identity.ServiceAccountRoleArgs) {
		return func(a *identity.ServiceAccountRoleArgs) { a.ManagedPolicyARNs = arns }
	}
	many := make([]string, 21)
	for i := range many {
		many[i] = fmt.Sprintf("arn:aws:iam::123456789012:policy/p%d", i)
	}
	type change = func(*identity.ServiceAccountRoleArgs)
	tests := map[string]struct {
		change change
		want   string
	}{
		"no namespace":                     {func(a *identity.ServiceAccountRoleArgs) { a.Namespace = "" }, "namespace: Required"},
		"any namespace":                    {func(a *identity.ServiceAccountRoleArgs) { a.Namespace = "*" }, `namespace: Invalid value: "*": the role is for one service account`},
		"an odd namespace":                 {func(a *identity.ServiceAccountRoleArgs) { a.Namespace = "My Apps" }, "namespace: Invalid"},
		"no service account":               {func(a *identity.ServiceAccountRoleArgs) { a.ServiceAccount = "" }, "serviceAccount: Required"},
		"some service accounts":            {func(a *identity.ServiceAccountRoleArgs) { a.ServiceAccount = "up*" }, `serviceAccount: Invalid value: "up*": the role is for one service account`},
		"one letter of an account":         {func(a *identity.ServiceAccountRoleArgs) { a.ServiceAccount = "upload?" }, "serviceAccount: Invalid"},
		"an odd service account":           {func(a *identity.ServiceAccountRoleArgs) { a.ServiceAccount = "a:b" }, "serviceAccount: Invalid"},
		"no method":                        {func(a *identity.ServiceAccountRoleArgs) { a.Method = "" }, "method: Required"},
		"an unknown method":                {func(a *identity.ServiceAccountRoleArgs) { a.Method = "kiam" }, "method: Unsupported"},
		"a pod identity without a cluster": {func(a *identity.ServiceAccountRoleArgs) { a.ClusterName = nil }, "clusterName: Required"},
		"a pod identity with an issuer": {
			func(a *identity.ServiceAccountRoleArgs) { a.Issuer = pulumi.String(issuer) }, "issuer: Forbidden",
		},
		"a pod identity with a provider": {
			func(a *identity.ServiceAccountRoleArgs) { a.OIDCProviderARN = pulumi.String(provider) }, "oidcProviderArn: Forbidden",
		},
		"IRSA without a provider": {func(a *identity.ServiceAccountRoleArgs) { irsa(a); a.OIDCProviderARN = nil }, "oidcProviderArn: Required"},
		"IRSA without an issuer":  {func(a *identity.ServiceAccountRoleArgs) { irsa(a); a.Issuer = nil }, "issuer: Required"},
		"IRSA with a cluster":     {func(a *identity.ServiceAccountRoleArgs) { irsa(a); a.ClusterName = pulumi.String("main") }, "clusterName: Forbidden"},

		"no policy":             {func(a *identity.ServiceAccountRoleArgs) { a.Policies = nil }, "policies: Required value: a role without a policy"},
		"a policy without name": {named(""), "policies[]: Invalid"},
		"an odd policy name":    {named("my policy"), "policies[my policy]: Invalid"},
		"a long policy name":    {named(strings.Repeat("x", 108)), "Too long: may not be more than 107"},
		"an old language": {func(a *identity.ServiceAccountRoleArgs) {
			a.Policies["bucket"] = identity.Document{Statement: reads.Statement}
		}, "policies[bucket].Version: Unsupported"},
		"an empty policy": {func(a *identity.ServiceAccountRoleArgs) { a.Policies["bucket"] = identity.NewDocument() }, "policies[bucket].Statement: Required"},
		"no effect":       {policy(identity.Statement{Action: reads.Statement[0].Action, Resource: identity.Values{"*"}}), "policies[own].Statement[0].Effect: Unsupported"},
		"no action":       {policy(identity.Statement{Effect: identity.Allow, Resource: identity.Values{"*"}}), "policies[own].Statement[0].Action: Required"},
		"an empty action": {policy(identity.Statement{Effect: identity.Allow, Action: identity.Values{""}, Resource: identity.Values{"*"}}), "policies[own].Statement[0].Action: Required"},
		"no resource":     {policy(identity.Statement{Effect: identity.Allow, Action: identity.Values{"s3:GetObject"}}), "policies[own].Statement[0].Resource: Required"},
		"a principal": {policy(identity.Statement{
			Effect: identity.Allow, Action: identity.Values{"s3:GetObject"}, Resource: identity.Values{"*"},
			Principal: map[string]identity.Values{"AWS": {"*"}},
		}), "policies[own].Statement[0].Principal: Forbidden"},
		"all of everything": {policy(identity.Statement{
			Effect: identity.Allow, Action: identity.Values{"s3:GetObject", "*"}, Resource: identity.Values{"*"},
		}), "policies[own].Statement[0]: Invalid value: \"*\": allows every action on every resource"},
		"all of everything by service": {policy(identity.Statement{
			Effect: identity.Allow, Action: identity.Values{"*:*"}, Resource: identity.Values{"arn:aws:s3:::a", "*"},
		}), "policies[own].Statement[0]: Invalid"},
		"too much inline": {policy(identity.Statement{
			Effect: identity.Allow, Action: identity.Values{"s3:GetObject"}, Resource: identity.Values{strings.Repeat("x", 10200)},
		}), "more than IAM's 10240"},
		"no policy in an input": {func(a *identity.ServiceAccountRoleArgs) {
			a.PolicyInputs = map[string]pulumi.StringInput{"new": nil}
		}, "policyInputs[new]: Required"},
		"a policy twice": {func(a *identity.ServiceAccountRoleArgs) {
			a.PolicyInputs = map[string]pulumi.StringInput{"bucket": pulumi.String("{}")}
		}, "policyInputs[bucket]: Duplicate"},
		"an odd name of an input": {func(a *identity.ServiceAccountRoleArgs) {
			a.PolicyInputs = map[string]pulumi.StringInput{"a/b": pulumi.String("{}")}
		}, "policyInputs[a/b]: Invalid"},

		"a managed policy by name":      {managed("AmazonS3ReadOnlyAccess"), "managedPolicyArns[0]: Invalid"},
		"a role as a policy":            {managed("arn:aws:iam::123456789012:role/a"), "managedPolicyArns[0]: Invalid"},
		"the administrator's policy":    {managed("arn:aws:iam::aws:policy/AdministratorAccess"), "managedPolicyArns[0]: Invalid value: \"arn:aws:iam::aws:policy/AdministratorAccess\": allows every"},
		"a managed policy twice":        {managed(readOnly, readOnly), "managedPolicyArns[1]: Duplicate"},
		"two policies of the same name": {managed(readOnly, "arn:aws:iam::123456789012:policy/own/AmazonS3ReadOnlyAccess"), "managedPolicyArns[1]: Duplicate"},
		"too many managed policies":     {managed(many...), "managedPolicyArns: Too many: 21"},
		"a boundary by name":            {func(a *identity.ServiceAccountRoleArgs) { a.PermissionsBoundary = "pods" }, "permissionsBoundary: Invalid"},
		"a short session":               {func(a *identity.ServiceAccountRoleArgs) { a.MaxSessionSeconds = 3599 }, "maxSessionSeconds: Invalid value: 3599: must be from 3600 to 43200"},
		"a long session":                {func(a *identity.ServiceAccountRoleArgs) { a.MaxSessionSeconds = 43201 }, "maxSessionSeconds: Invalid"},
		"a long description":            {func(a *identity.ServiceAccountRoleArgs) { a.Description = strings.Repeat("x", 1001) }, "description: Too long"},
		"a description in Greek":        {func(a *identity.ServiceAccountRoleArgs) { a.Description = "ρόλος" }, "description: Invalid"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ptest.Err(t, program(args(tt.change)))
			require.ErrorContains(t, err, tt.want)
			assert.Empty(t, got.All(), "nothing is registered before everything is valid")
		})
	}
	t.Run("nil args, with every problem at once", func(t *testing.T) {
		t.Parallel()
		_, err := ptest.Err(t, program(nil))
		for _, want := range []string{"namespace: Required", "serviceAccount: Required", "method: Required", "policies: Required"} {
			assert.ErrorContains(t, err, want)
		}
	})
	for name, want := range map[string]string{"": "name: Required", strings.Repeat("x", 58): "58 characters, 2 more than"} {
		t.Run("the name "+name, func(t *testing.T) {
			t.Parallel()
			_, err := ptest.Err(t, func(ctx *pulumi.Context) error {
				_, err := identity.NewServiceAccountRole(ctx, name, args(nil))
				return err
			})
			assert.ErrorContains(t, err, want)
		})
	}
}

func TestNewServiceAccountRole_leavesItsArgsAlone(t *testing.T) {
	t.Parallel()
	a := args(func(a *identity.ServiceAccountRoleArgs) { a.ManagedPolicyARNs = []string{readOnly} })
	ptest.Run(t, program(a))
	assert.Equal(t, args(func(a *identity.ServiceAccountRoleArgs) { a.ManagedPolicyARNs = []string{readOnly} }), a)
}
