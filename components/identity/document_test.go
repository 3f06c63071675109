package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/identity"
)

const (
	provider = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
	issuer   = "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"
)

func TestTrusts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		trust identity.Document
		want  string
	}{
		"a service": {identity.ServiceTrust("ec2.amazonaws.com"), `{"Version": "2012-10-17", "Statement": [{
			"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"
		}]}`},
		"a service account's token": {identity.WebIdentityTrust(provider, issuer, "kube-system", "aws-node"), `{
			"Version": "2012-10-17", "Statement": [{
				"Effect": "Allow",
				"Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"},
				"Action": "sts:AssumeRoleWithWebIdentity",
				"Condition": {"StringEquals": {
					"oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub": "system:serviceaccount:kube-system:aws-node",
					"oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud": "sts.amazonaws.com"
				}}
			}]
		}`},
		"a service account's pods": {identity.PodIdentityTrust("shop", "apps", "uploads"), `{
			"Version": "2012-10-17", "Statement": [{
				"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"},
				"Action": ["sts:AssumeRole", "sts:TagSession"],
				"Condition": {"StringEquals": {
					"aws:RequestTag/eks-cluster-name": "shop",
					"aws:RequestTag/kubernetes-namespace": "apps",
					"aws:RequestTag/kubernetes-service-account": "uploads"
				}}
			}]
		}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.trust.JSON()
			require.NoError(t, err)
			assert.JSONEq(t, tt.want, got)
			parsed, err := identity.ParseDocument(got)
			require.NoError(t, err)
			assert.Equal(t, tt.trust, parsed)
			assert.NoError(t, identity.CheckTrustPolicy("shop", got))
		})
	}
}

func TestDocument_JSON(t *testing.T) {
	t.Parallel()
	d := identity.NewDocument(identity.Statement{
		Sid: "Own", Effect: identity.Deny,
		Action: identity.Values{"s3:Get*", "s3:List*"}, Resource: identity.Values{`arn:aws:s3:::a"b&<c>`},
		Condition: identity.Conditions{"StringEquals": {"aws:PrincipalTag/team": {"a", "b"}}},
	})
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Sid":"Own","Effect":"Deny","Action":["s3:Get*","s3:List*"],
		"Resource":"arn:aws:s3:::a\"b&<c>","Condition":{"StringEquals":{"aws:PrincipalTag/team":["a","b"]}}}]}`, d.MustJSON())
	assert.Contains(t, d.MustJSON(), `"Resource":"arn:aws:s3:::a\"b&<c>"`, "characters as they are: each counts")
	parsed, err := identity.ParseDocument(d.MustJSON())
	require.NoError(t, err)
	assert.Equal(t, d, parsed)
}

func TestParseDocument_rejects(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"no JSON":                        {"a policy", "reading IAM policy: invalid character"},
		"an element that would be lost":  {`{"Statement": [{"NotAction": "iam:*"}]}`, `unknown field "NotAction"`},
		"a number where a text belongs":  {`{"Statement": [{"Action": 5}]}`, "must be a string or a list of strings"},
		"two documents":                  {`{"Version": "2012-10-17"} {}`, "there is something behind its end"},
		"something that is no statement": {`{"Statement": "all"}`, "cannot unmarshal string"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := identity.ParseDocument(tt.text)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	x := func(n int) string { return strings.Repeat("x", n) }
	tests := map[string]struct {
		err  error
		want string
	}{
		"a managed policy that fits":     {identity.CheckManagedPolicy("p", `"`+x(6142)+`"`), ""},
		"white space does not count":     {identity.CheckManagedPolicy("p", `[ "`+x(6138)+"\" \n\t ]"), ""},
		"a managed policy":               {identity.CheckManagedPolicy("p", `"`+x(6143)+`"`), "managed policy p: 6145 characters, 1 more than IAM's 6144"},
		"text that is no JSON counts":    {identity.CheckManagedPolicy("p", x(6150)), "6 more than IAM's 6144"},
		"inline policies that fit":       {identity.CheckInlinePolicies("r", map[string]string{"a": x(10000), "b": x(240)}), ""},
		"inline policies":                {identity.CheckInlinePolicies("r", map[string]string{"b": x(9000), "a": x(1300)}), "the inline policies of role r together: 10300 characters, 60 more than IAM's 10240: a 1300, b 9000"},
		"a trust policy that fits":       {identity.CheckTrustPolicy("r", x(2048)), ""},
		"a trust policy":                 {identity.CheckTrustPolicy("r", x(2050)), "the trust policy of role r: 2050 characters, 2 more than IAM's 2048"},
		"a role name that fits":          {identity.CheckRoleName(x(64)), ""},
		"a role name":                    {identity.CheckRoleName(x(65)), "1 more than IAM's 64"},
		"a policy name that fits":        {identity.CheckPolicyName(x(128)), ""},
		"a policy name":                  {identity.CheckPolicyName(x(130)), "2 more than IAM's 128"},
		"characters count and not bytes": {identity.CheckRoleName(strings.Repeat("é", 64)), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.want == "" {
				assert.NoError(t, tt.err)
			} else {
				assert.ErrorContains(t, tt.err, tt.want)
			}
		})
	}
}

func TestPartition(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		"arn:aws:iam::123456789012:role/a":    "aws",
		"arn:aws-cn:iam::123456789012:role/a": "aws-cn",
		"role/a":                              "",
		"":                                    "",
	} {
		assert.Equal(t, want, identity.Partition(arn), arn)
	}
	assert.Equal(t, "arn:aws-cn:iam::aws:policy/AmazonEKSWorkerNodePolicy",
		identity.ManagedPolicyARN("aws-cn", "AmazonEKSWorkerNodePolicy"))
}
