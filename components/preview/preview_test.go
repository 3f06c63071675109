package preview_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/preview"
	"github.com/slipway-eks/slipway/internal/ptest"
)

// Types of what an access registers.
const (
	rbac               = "kubernetes:rbac.authorization.k8s.io/v1:"
	clusterRoleType    = rbac + "ClusterRole"
	roleType           = rbac + "Role"
	clusterBindingType = rbac + "ClusterRoleBinding"
	bindingType        = rbac + "RoleBinding"
	policyType         = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
	inForceType        = policyType + "Binding"
)

const group = "slipway:preview"

// program registers an access with Secrets in two namespaces, changed by change.
func program(change func(*preview.AccessArgs)) pulumi.RunFunc {
	a := &preview.AccessArgs{Group: group, SecretNamespaces: map[string]pulumi.StringInput{
		"services": pulumi.String("apps"), "ingress": pulumi.String("ingress-nginx"),
	}}
	if change != nil {
		change(a)
	}
	return func(ctx *pulumi.Context) error {
		_, err := preview.NewAccess(ctx, "shop-preview", a)
		return err
	}
}

// S18: keys leaked. Whoever opens a pull request gets a role that reads and tries out.
func TestS18_rightsComeAfterThePolicy(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(nil))
	guard := got.Only(t, inForceType)
	assert.Equal(t, []any{"Deny"}, guard.Value(t, "spec.validationActions"))
	assert.Equal(t, got.Only(t, policyType).Value(t, "metadata.name"), guard.Value(t, "spec.policyName"))
	for _, binding := range slices.Concat(got.OfType(clusterBindingType), got.OfType(bindingType)) {
		assert.Contains(t, binding.DependsOn, guard.URN, "%s: rights without the policy could write", binding.Name)
		assert.Equal(t, "Group", binding.Value(t, "subjects[0].kind"))
		assert.Equal(t, group, binding.Value(t, "subjects[0].name"))
	}
}

// A rule of a role.
type rule struct{ groups, resources, verbs []string }

func rulesOf(t *testing.T, r ptest.Resource) []rule {
	t.Helper()
	var all []rule
	list, ok := r.Value(t, "rules").([]any)
	assert.True(t, ok)
	for _, entry := range list {
		fields, _ := entry.(map[string]any)
		all = append(all, rule{texts(fields["apiGroups"]), texts(fields["resources"]), texts(fields["verbs"])})
	}
	return all
}

func texts(v any) []string {
	var all []string
	list, _ := v.([]any)
	for _, e := range list {
		text, _ := e.(string)
		all = append(all, text)
	}
	return all
}

func TestS18_rightsArePlain(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(nil))
	for _, r := range rulesOf(t, got.Only(t, clusterRoleType)) {
		for _, verb := range r.verbs {
			assert.NotContains(t, []string{"*", "delete", "deletecollection", "impersonate", "update"}, verb, "%v", r)
		}
		assert.NotContains(t, slices.Concat(r.groups, r.resources), "*")
		for _, resource := range r.resources {
			assert.NotContains(t, resource, "/", "no subresource: an exec or a token is none of a preview's business")
		}
		assert.NotContains(t, r.resources, "secrets", "not in the whole cluster")
		if slices.Contains(r.groups, "admissionregistration.k8s.io") {
			assert.Equal(t, []string{"get", "list", "watch"}, r.verbs, "the policy is not asked about policies")
		}
	}
	for _, role := range got.OfType(roleType) {
		assert.Equal(t, []rule{{[]string{""}, []string{"secrets"}, []string{"get", "create", "patch"}}}, rulesOf(t, role))
	}
	assert.Equal(t, "apps", got.Named(t, roleType, "shop-preview-services").Value(t, "metadata.namespace"))
	assert.Equal(t, "ingress-nginx", got.Named(t, bindingType, "shop-preview-ingress").Value(t, "metadata.namespace"))
}

func TestNewAccess_rejects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*preview.AccessArgs)
		want   string
	}{
		"no group":          {func(a *preview.AccessArgs) { a.Group = "" }, "group: Required"},
		"a group of system": {func(a *preview.AccessArgs) { a.Group = "system:masters" }, "group: Invalid"},
		"a quote":           {func(a *preview.AccessArgs) { a.Group = `a" in ["` }, "group: Invalid"},
		"no namespace":      {func(a *preview.AccessArgs) { a.SecretNamespaces["services"] = nil }, "secretNamespaces.services: Required"},
		"an odd key": {
			func(a *preview.AccessArgs) { a.SecretNamespaces["a b"] = pulumi.String("x") }, "secretNamespaces.a b: Invalid",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ptest.Err(t, program(c.change))
			require.ErrorContains(t, err, c.want)
			assert.Empty(t, got.All())
		})
	}
}
