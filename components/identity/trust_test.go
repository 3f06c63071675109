package identity_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/ptest"
)

const host = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"

// TestS19_trust: AccessDenied on sts:AssumeRoleWithWebIdentity, as the trust policy named the audience and not the
// service account. It compares both, for equality, by the issuer's name without https://.
func TestS19_trust(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"https://" + host, host} {
		trust := trustOf(t, given)
		require.Len(t, trust.Statement, 1)
		s := trust.Statement[0]
		assert.Equal(t, identity.Allow, s.Effect)
		assert.Equal(t, identity.Values{"sts:AssumeRoleWithWebIdentity"}, s.Action)
		assert.Equal(t, map[string]identity.Values{"Federated": {provider}}, s.Principal)
		assert.Equal(t, identity.Conditions{"StringEquals": {
			host + ":sub": {"system:serviceaccount:kube-system:aws-load-balancer-controller"},
			host + ":aud": {"sts.amazonaws.com"},
		}}, s.Condition, given)
	}
}

// TestS19_whoGetsIn: of all tokens that a cluster gives out, one service account's for AWS gets the role.
func TestS19_whoGetsIn(t *testing.T) {
	t.Parallel()
	trust := trustOf(t, issuer)
	tests := map[string]struct {
		subject, audience string
		want              bool
	}{
		"the service account": {"system:serviceaccount:kube-system:aws-load-balancer-controller", "sts.amazonaws.com", true},
		"another one of its namespace": {
			"system:serviceaccount:kube-system:default", "sts.amazonaws.com", false,
		},
		"one whose name begins like it": {
			"system:serviceaccount:kube-system:aws-load-balancer-controller-2", "sts.amazonaws.com", false,
		},
		"its name in another namespace": {
			"system:serviceaccount:apps:aws-load-balancer-controller", "sts.amazonaws.com", false,
		},
		"its token for the API server": {
			"system:serviceaccount:kube-system:aws-load-balancer-controller", "https://kubernetes.default.svc", false,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := map[string]string{host + ":sub": tt.subject, host + ":aud": tt.audience}
			assert.Equal(t, tt.want, admits(trust, token))
		})
	}
}

// trustOf returns the trust policy of the load balancer controller's role.
func trustOf(t *testing.T, issuer string) identity.Document {
	t.Helper()
	got := ptest.Run(t, program(args(func(a *identity.ServiceAccountRoleArgs) {
		irsa(a)
		a.Issuer = pulumi.String(issuer)
		a.Namespace, a.ServiceAccount = "kube-system", "aws-load-balancer-controller"
	})))
	text, ok := got.Only(t, roleType).Value(t, "assumeRolePolicy").(string)
	require.True(t, ok)
	trust, err := identity.ParseDocument(text)
	require.NoError(t, err)
	return trust
}

// admits evaluates a trust policy for a token as IAM does for StringEquals, the only operator that it knows.
func admits(trust identity.Document, token map[string]string) bool {
	for _, s := range trust.Statement {
		holds := true
		for key, values := range s.Condition["StringEquals"] {
			equal := false
			for _, v := range values {
				equal = equal || v == token[key]
			}
			holds = holds && equal
		}
		if holds {
			return true
		}
	}
	return false
}
