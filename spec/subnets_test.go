package spec_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/spec"
)

var tiers = []spec.Tier{spec.TierPrivate, spec.TierPublic, spec.TierData, spec.TierControlPlane}

func TestSubnetRange(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		vpc  string
		tier spec.Tier
		zone string
		want string
	}{
		"first private":             {"10.20.0.0/16", spec.TierPrivate, "eu-west-1a", "10.20.0.0/19"},
		"last private":              {"10.20.0.0/16", spec.TierPrivate, "us-east-1f", "10.20.160.0/19"},
		"first public":              {"10.20.0.0/16", spec.TierPublic, "eu-west-1a", "10.20.192.0/22"},
		"last public":               {"10.20.0.0/16", spec.TierPublic, "us-east-1f", "10.20.212.0/22"},
		"first data":                {"10.20.0.0/16", spec.TierData, "eu-west-1a", "10.20.216.0/24"},
		"last data":                 {"10.20.0.0/16", spec.TierData, "us-east-1f", "10.20.221.0/24"},
		"first control plane":       {"10.20.0.0/16", spec.TierControlPlane, "eu-west-1a", "10.20.224.0/28"},
		"last control plane":        {"10.20.0.0/16", spec.TierControlPlane, "us-east-1f", "10.20.224.80/28"},
		"smallest VPC, private":     {"10.0.16.0/20", spec.TierPrivate, "eu-west-1b", "10.0.18.0/23"},
		"smallest VPC, data":        {"10.0.16.0/20", spec.TierData, "eu-west-1b", "10.0.29.144/28"},
		"smallest VPC, control":     {"10.0.16.0/20", spec.TierControlPlane, "eu-west-1b", "10.0.30.16/28"},
		"a range not at a boundary": {"172.31.128.0/17", spec.TierPublic, "eu-west-1c", "172.31.228.0/23"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := spec.SubnetRange(tt.vpc, tt.tier, tt.zone)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

// Every subnet of every VPC size lies inside the VPC and overlaps no other, with all six zones and all four tiers.
func TestSubnetRange_neverOverlaps(t *testing.T) {
	t.Parallel()
	for bits := 16; bits <= 20; bits++ {
		vpc := netip.PrefixFrom(netip.MustParseAddr("10.96.0.0"), bits)
		var seen []netip.Prefix
		for _, tier := range tiers {
			for _, letter := range "abcdef" {
				text, err := spec.SubnetRange(vpc.String(), tier, fmt.Sprintf("us-east-1%c", letter))
				require.NoError(t, err)
				subnet := netip.MustParsePrefix(text)
				assert.Equal(t, subnet.Masked(), subnet, "%s starts at a boundary", text)
				assert.True(t, vpc.Contains(subnet.Addr()) && subnet.Bits() <= 28, "%s of %s", text, vpc)
				for _, other := range seen {
					assert.False(t, subnet.Overlaps(other), "%s and %s", subnet, other)
				}
				seen = append(seen, subnet)
			}
		}
		assert.Len(t, seen, 24)
	}
}

func TestSubnetRange_refuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		vpc  string
		tier spec.Tier
		zone string
		want string
	}{
		"no range":       {"", spec.TierData, "eu-west-1a", "prefix length from 16 to 20"},
		"too small":      {"10.0.0.0/21", spec.TierData, "eu-west-1a", "prefix length from 16 to 20"},
		"unknown tier":   {"10.0.0.0/16", "dmz", "eu-west-1a", "unknown tier dmz"},
		"unknown letter": {"10.0.0.0/16", spec.TierData, "eu-west-1g", "letter from a to f"},
		"a local zone":   {"10.0.0.0/16", spec.TierData, "us-west-2-lax-1", "availability zone"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := spec.SubnetRange(tt.vpc, tt.tier, tt.zone)
			require.ErrorContains(t, err, tt.want)
		})
	}
}
