package addons_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/addons"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

func TestNewAddons_records(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *addons.AddonsArgs) {
		a.Addons.ExternalDNS = &spec.ExternalDNS{HostedZones: []string{"Z1A", "Z2B"}}
	})))
	assert.JSONEq(t, `{"sources": ["service", "ingress"], "policy": "sync", "registry": "txt", "txtOwnerId": "shop"}`,
		settings(t, got, "external-dns"))
	policy, ok := got.Only(t, policyType).Value(t, "policy").(string)
	require.True(t, ok)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "route53:ChangeResourceRecordSets",
		 "Resource": ["arn:aws:route53:::hostedzone/Z1A", "arn:aws:route53:::hostedzone/Z2B"]},
		{"Effect": "Allow", "Action": ["route53:ListHostedZones", "route53:ListResourceRecordSets",
		 "route53:ListTagsForResource", "route53:ListTagsForResources"], "Resource": "*"}
	]}`, policy)
}

func TestNewAddons_certificates(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *addons.AddonsArgs) { a.Addons.CertManager = true })))
	assert.Contains(t, names(got), "cert-manager")
}
