package spec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// Tier is a kind of subnet, of which each zone has one.
type Tier string

// The tiers of a network.
const (
	// TierPrivate holds nodes and pods.
	TierPrivate Tier = "private"
	// TierPublic holds load balancers and NAT gateways.
	TierPublic Tier = "public"
	// TierData holds databases and caches; it has no route out of the VPC.
	TierData Tier = "data"
	// TierControlPlane holds the network interfaces of the EKS control plane, and nothing else.
	TierControlPlane Tier = "control-plane"
)

// slots places a tier in the VPC's range. Sizes and places are counted in 256ths of the range, so that each tier keeps
// its place in a range of any size: of a /16, a zone has a private /19, a public /22, a data /24 and, for the control
// plane, a /28.
//
//	0        192       216    222 224      256
//	| private | public  | data |  | control plane
var slots = map[Tier]struct {
	start   uint32 // of the first zone's subnet, in 256ths of the range
	newBits int    // longer than the VPC's prefix
}{
	TierPrivate:      {start: 0, newBits: 3},
	TierPublic:       {start: 192, newBits: 6},
	TierData:         {start: 216, newBits: 8},
	TierControlPlane: {start: 224, newBits: 12},
}

// smallestSubnet is the longest prefix that AWS allows a subnet (VPC user guide, subnet sizing).
const smallestSubnet = 28

// SubnetRange returns the range of a zone's subnet in a tier. It depends on the VPC's range, the tier and the zone's
// letter alone, so that adding a zone or a tier moves no other subnet.
func SubnetRange(vpcRange string, tier Tier, zone string) (string, error) {
	vpc, err := netip.ParsePrefix(vpcRange)
	if err != nil || !vpc.Addr().Is4() || vpc.Bits() < minVPCBits || vpc.Bits() > maxVPCBits {
		return "", fmt.Errorf("planning subnets in %q: the range must be IPv4 with a prefix length from %d to %d",
			vpcRange, minVPCBits, maxVPCBits)
	}
	slot, ok := slots[tier]
	if !ok {
		return "", errors.New("planning subnets: unknown tier " + string(tier))
	}
	letter, err := ZoneLetter(zone)
	if err != nil {
		return "", fmt.Errorf("planning subnets of zone %q: %w", zone, err)
	}

	part := uint32(1) << (32 - vpc.Bits() - 8) // addresses in a 256th of the range
	bits := min(vpc.Bits()+slot.newBits, smallestSubnet)
	offset := slot.start*part + uint32(letter-'a')<<(32-bits)

	base := vpc.Masked().Addr().As4()
	var at [4]byte
	binary.BigEndian.PutUint32(at[:], binary.BigEndian.Uint32(base[:])+offset)
	return netip.PrefixFrom(netip.AddrFrom4(at), bits).String(), nil
}
