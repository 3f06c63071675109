package ci_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/ci"
	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/ptest"
)

// Types of what an identity registers.
const (
	providerType   = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
	roleType       = "aws:iam/role:Role"
	policyType     = "aws:iam/policy:Policy"
	attachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
)

// call is what somebody asks of AWS.
type call struct {
	action, resource string
	// context are the values of condition keys; those that are not here are not there.
	context map[string]string
}

// allowed evaluates policies as IAM does, as far as these have it: Allow alone, and five operators.
func allowed(t *testing.T, policies []identity.Document, c call) bool {
	t.Helper()
	for _, d := range policies {
		for _, s := range d.Statement {
			require.Equal(t, identity.Allow, s.Effect)
			if matches(t, s.Action, c.action) && (len(s.Resource) == 0 || matches(t, s.Resource, c.resource)) &&
				holds(t, s.Condition, c.context) {
				return true
			}
		}
	}
	return false
}

// matches compares with patterns. In path.Match a star ends at a slash, in IAM it does not.
func matches(t *testing.T, patterns []string, text string) bool {
	t.Helper()
	plain := func(s string) string { return strings.ReplaceAll(s, "/", "|") }
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(plain(pattern), plain(text))
		require.NoError(t, err)
		return ok
	})
}

func holds(t *testing.T, conditions identity.Conditions, context map[string]string) bool {
	t.Helper()
	for operator, keys := range conditions {
		for key, values := range keys {
			got, there := context[key]
			var ok bool
			switch operator {
			case "StringEquals", "Bool":
				ok = there && slices.Contains(values, got)
			case "StringEqualsIfExists":
				ok = !there || slices.Contains(values, got)
			case "ArnLike":
				ok = there && matches(t, values, got)
			default:
				require.Failf(t, "unknown operator", "%s", operator)
			}
			if !ok {
				return false
			}
		}
	}
	return true
}

// policiesOf returns the policies that are attached to a role.
func policiesOf(t *testing.T, got *ptest.Result, role string) []identity.Document {
	t.Helper()
	var all []identity.Document
	for _, a := range got.OfType(attachmentType) {
		if a.Value(t, "role") == role {
			all = append(all, parse(t, got.Named(t, policyType, a.Name).Value(t, "policy")))
		}
	}
	require.NotEmpty(t, all, role)
	return all
}

// trustOf returns a role's trust policy.
func trustOf(t *testing.T, got *ptest.Result, role string) identity.Document {
	t.Helper()
	return parse(t, got.Named(t, roleType, role).Value(t, "assumeRolePolicy"))
}

func parse(t *testing.T, value any) identity.Document {
	t.Helper()
	text, ok := value.(string)
	require.True(t, ok)
	d, err := identity.ParseDocument(text)
	require.NoError(t, err)
	return d
}

// token is what a run of the CI shows.
func token(subject ci.Subject, audience string) call {
	const host = "token.actions.githubusercontent.com"
	return call{action: "sts:AssumeRoleWithWebIdentity", context: map[string]string{
		host + ":sub": string(subject), host + ":aud": audience,
	}}
}

// here is the context of calls in the region of the environments, with more keys and values.
func here(more ...string) map[string]string {
	all := map[string]string{"aws:RequestedRegion": region}
	for i := 0; i+1 < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}
