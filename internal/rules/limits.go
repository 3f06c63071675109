package rules

import (
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// reservedAddresses are those of each subnet that AWS keeps (VPC user guide, subnet sizing).
const reservedAddresses = 5

// prefixAddresses are what a node takes at a time, and warmPrefixes what the CNI keeps ready besides.
const (
	prefixAddresses = 16
	warmPrefixes    = 1
)

// addresses refuses node groups that, at their most nodes, need more addresses than the private subnets have. Prefixes
// are whole blocks of 16, so a fragmented subnet runs out earlier still.
func addresses(p *spec.Platform) field.ErrorList {
	zones := max(len(p.Network.Zones.Names), p.Network.Zones.Count)
	text, err := spec.SubnetRange(p.Network.CIDR, spec.TierPrivate, "us-east-1a") // all private subnets are of one size
	if err != nil || zones == 0 {
		return nil // reported where the network is checked
	}
	each := 1<<(32-netip.MustParsePrefix(text).Bits()) - reservedAddresses
	need := 0
	for _, name := range names(p.Nodes) {
		group := p.Nodes[name]
		prefixes := (group.PodsPerNode()+prefixAddresses-1)/prefixAddresses + warmPrefixes
		need += group.Max * (prefixes*prefixAddresses + 1)
	}
	if have := zones * each; need > have {
		return field.ErrorList{field.Invalid(field.NewPath("network", "cidr"), p.Network.CIDR, fmt.Sprintf(
			"the node groups at their most need %d addresses, and %d private subnets have %d: use a larger range, fewer "+
				"nodes, or fewer pods a node", need, zones, have))}
	}
	return nil
}

// Quotas of AWS that a plan can break for certain (VPC and EKS user guides, quotas).
const (
	elasticIPQuota = 5
	nodeGroupQuota = 30
)

// quotas refuses what AWS will refuse in an account whose quotas were not raised.
func quotas(p *spec.Platform) field.ErrorList {
	var errs field.ErrorList
	zones := max(len(p.Network.Zones.Names), p.Network.Zones.Count)
	gateways := 0
	switch p.Network.NAT {
	case spec.NATPerZone:
		gateways = zones
	case spec.NATSingle:
		gateways = 1
	case spec.NATNone:
	}
	if made := gateways - len(p.Network.ElasticIPs); made > elasticIPQuota {
		errs = append(errs, field.Invalid(field.NewPath("network", "nat"), string(p.Network.NAT), fmt.Sprintf(
			"makes %d Elastic IPs, and an account has %d a region: have the quota raised, make the addresses, and name them "+
				"in elasticIps", made, elasticIPQuota)))
	}
	if len(p.Nodes) > nodeGroupQuota {
		errs = append(errs, field.TooMany(field.NewPath("nodes"), len(p.Nodes), nodeGroupQuota))
	}
	return errs
}
