package iampolicy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/iampolicy"
)

func TestWebIdentityTrust(t *testing.T) {
	t.Parallel()
	got, err := iampolicy.WebIdentityTrust(
		"arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC",
		"https://oidc.eks.eu-west-1.amazonaws.com/id/ABC", "kube-system", "aws-node",
	).JSON()
	require.NoError(t, err)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{
		"Effect": "Allow",
		"Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"},
		"Action": ["sts:AssumeRoleWithWebIdentity"],
		"Condition": {"StringEquals": {
			"oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub": "system:serviceaccount:kube-system:aws-node",
			"oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud": "sts.amazonaws.com"
		}}
	}]}`, got)
}

func TestServiceTrust(t *testing.T) {
	t.Parallel()
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{
		"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": ["sts:AssumeRole"]
	}]}`, iampolicy.ServiceTrust("ec2.amazonaws.com").Must())
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{
		"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"]
	}]}`, iampolicy.ServiceTrust("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession").Must())
}

func TestPartition(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		"arn:aws:iam::123456789012:role/a":    "aws",
		"arn:aws-cn:iam::123456789012:role/a": "aws-cn",
		"role/a":                              "",
		"":                                    "",
	} {
		assert.Equal(t, want, iampolicy.Partition(arn), arn)
	}
	assert.Equal(t, "arn:aws-cn:iam::aws:policy/AmazonEKSWorkerNodePolicy",
		iampolicy.ManagedPolicyARN("aws-cn", "AmazonEKSWorkerNodePolicy"))
}
