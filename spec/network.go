package spec

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// NATMode says how private subnets reach the internet.
type NATMode string

// The ways to reach the internet from private subnets.
const (
	// NATNone gives no way out; nodes then need interface endpoints for everything that they call.
	NATNone NATMode = "none"
	// NATSingle shares one gateway: the cheapest, and every zone loses its way out with that one zone.
	NATSingle NATMode = "single"
	// NATPerZone gives each zone a gateway of its own.
	NATPerZone NATMode = "perZone"
)

// Zones is a number of availability zones, or their names. In YAML it is one or the other: `3` or `[eu-west-1a, ...]`.
type Zones struct {
	// Count is the number of zones, 2 to 6; the program looks up names for them.
	Count int `json:"-"`
	// Names are zone names such as eu-west-1a. The order does not decide addresses, but the first zone holds the
	// only NAT gateway where there is only one.
	Names []string `json:"-"`
}

// Limits of a network. Two zones are what EKS requires of a cluster's subnets (EKS user guide, network
// requirements); six zone letters, a to f, is what the largest region has.
const (
	minZones = 2
	maxZones = 6
)

// Network describes a VPC and its subnets.
type Network struct {
	// CIDR is the IPv4 range of the VPC, with a prefix length from 16 (the largest that AWS allows) to 20 (below it
	// the tiers would fall under AWS's smallest subnet, a /28). It cannot be changed later.
	CIDR string `json:"cidr" jsonschema:"example=10.20.0.0/16"`
	// Zones is a number of availability zones (2 to 6) or a list of their names.
	Zones Zones `json:"zones"`
	// NAT says how private subnets reach the internet: none, single (one gateway) or perZone. Default: perZone.
	NAT NATMode `json:"nat,omitempty" jsonschema:"enum=none,enum=single,enum=perZone,default=perZone"`
	// ElasticIPs are allocation ids (eipalloc-...) of existing addresses for NAT gateways, by zone name. A gateway
	// without one gets a new address.
	ElasticIPs map[string]string `json:"elasticIps,omitempty"`
	// DataSubnets adds a subnet a zone without any route out of the VPC, for databases and caches.
	DataSubnets bool `json:"dataSubnets,omitempty"`
	// NoS3Endpoint leaves out the S3 gateway endpoint, which is free and keeps image layers off the NAT gateway.
	NoS3Endpoint bool `json:"noS3Endpoint,omitempty"`
	// Endpoints are AWS services to reach through interface endpoints, such as ecr.api or sts: the part of the
	// endpoint's service name behind the region. Each costs by the hour and the zone.
	Endpoints []string `json:"endpoints,omitempty" jsonschema:"uniqueItems=true,pattern=^[a-z0-9][a-z0-9.-]*$"`
	// FlowLogs records the VPC's traffic in CloudWatch Logs.
	FlowLogs FlowLogs `json:"flowLogs,omitempty"`
}

// FlowLogs describes the record of a VPC's traffic.
type FlowLogs struct {
	// Off leaves flow logs out.
	Off bool `json:"off,omitempty"`
	// Traffic is what is recorded: ALL, ACCEPT or REJECT. Default: REJECT, which shows what was blocked at a small
	// part of the cost of ALL.
	Traffic string `json:"traffic,omitempty" jsonschema:"enum=ALL,enum=ACCEPT,enum=REJECT,default=REJECT"`
	// RetentionDays is how long records are kept, one of the periods that CloudWatch Logs has. Default: 30.
	RetentionDays int `json:"retentionDays,omitempty" jsonschema:"default=30,minimum=1,maximum=3653"`
}

// logRetentionDays are the periods that CloudWatch Logs accepts (API reference, PutRetentionPolicy).
var logRetentionDays = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// Default fills in what is not set.
func (n *Network) Default() { fieldtags.Default(n) }

// Validate reports every problem of n.
func (n *Network) Validate(path *field.Path) field.ErrorList {
	errs := fieldtags.Check(path, n)
	errs = append(errs, validateVPCRange(path.Child("cidr"), n.CIDR)...)
	errs = append(errs, n.Zones.validate(path.Child("zones"))...)
	errs = append(errs, validateRetention(path.Child("flowLogs", "retentionDays"), n.FlowLogs.RetentionDays)...)
	errs = append(errs, n.validateElasticIPs(path.Child("elasticIps"))...)
	return errs
}

func (n *Network) validateElasticIPs(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, zone := range sortedKeys(n.ElasticIPs) {
		at := path.Child(zone)
		if _, err := ZoneLetter(zone); err != nil {
			errs = append(errs, field.Invalid(at, zone, err.Error()))
		}
		if id := n.ElasticIPs[zone]; !strings.HasPrefix(id, "eipalloc-") {
			errs = append(errs, field.Invalid(at, id, "must be an allocation id, eipalloc-..."))
		}
		if holders := n.NATZones(n.Zones.Names); len(n.Zones.Names) > 0 && !slices.Contains(holders, zone) {
			errs = append(errs, field.Invalid(at, zone, fmt.Sprintf("no NAT gateway is in this zone, only in %v", holders)))
		}
	}
	if len(n.ElasticIPs) > 0 && n.NAT == NATNone {
		errs = append(errs, field.Forbidden(path, "there is no NAT gateway with nat: none"))
	}
	return errs
}

// NATZones returns those of zones that hold a NAT gateway.
func (n *Network) NATZones(zones []string) []string {
	switch {
	case len(zones) == 0 || n.NAT == NATNone:
		return nil
	case n.NAT == NATSingle:
		return zones[:1]
	default:
		return zones
	}
}

// SetScalar takes the YAML form of a number of zones.
func (z *Zones) SetScalar(value any) error {
	n, ok := value.(int)
	if !ok {
		return fmt.Errorf("must be a number of zones or a list of zone names")
	}
	if n < minZones || n > maxZones {
		return fmt.Errorf("must be from %d to %d", minZones, maxZones)
	}
	z.Count, z.Names = n, nil
	return nil
}

// SetList takes the YAML form of a list of zone names.
func (z *Zones) SetList(names []string) error {
	if len(names) == 0 {
		return fmt.Errorf("must be from %d to %d zones", minZones, maxZones)
	}
	z.Count, z.Names = 0, names
	return nil
}

// MarshalJSON writes the form that SetScalar or SetList takes.
func (z Zones) MarshalJSON() ([]byte, error) {
	if len(z.Names) > 0 {
		return json.Marshal(z.Names)
	}
	return json.Marshal(z.Count)
}

func (z *Zones) validate(path *field.Path) field.ErrorList {
	if len(z.Names) == 0 {
		// A count of zero is a field that is not set, which is reported as required.
		if z.Count != 0 && (z.Count < minZones || z.Count > maxZones) {
			return field.ErrorList{field.Invalid(path, z.Count, fmt.Sprintf("must be from %d to %d", minZones, maxZones))}
		}
		return nil
	}
	return ValidateZoneNames(path, z.Names)
}

// ValidateZoneNames reports problems in a list of zone names: their number, letters, region and duplicates.
func ValidateZoneNames(path *field.Path, names []string) field.ErrorList {
	var errs field.ErrorList
	if len(names) < minZones || len(names) > maxZones {
		errs = append(errs, field.Invalid(path, strings.Join(names, ", "),
			fmt.Sprintf("must be from %d to %d zones", minZones, maxZones)))
	}
	seen := map[string]bool{}
	for i, name := range names {
		at := path.Index(i)
		if _, err := ZoneLetter(name); err != nil {
			errs = append(errs, field.Invalid(at, name, err.Error()))
		} else if name[:len(name)-1] != names[0][:max(len(names[0])-1, 0)] {
			errs = append(errs, field.Invalid(at, name, "must be in the same region as "+names[0]))
		}
		if seen[name] {
			errs = append(errs, field.Duplicate(at, name))
		}
		seen[name] = true
	}
	return errs
}

// ZoneLetter returns the letter of an availability zone, a to f: it decides the zone's addresses.
func ZoneLetter(zone string) (byte, error) {
	if len(zone) < 2 || zone[len(zone)-2] < '0' || zone[len(zone)-2] > '9' || strings.Count(zone, "-") < 2 {
		return 0, fmt.Errorf("must be the name of an availability zone such as eu-west-1a")
	}
	letter := zone[len(zone)-1]
	if letter < 'a' || letter >= 'a'+maxZones {
		return 0, fmt.Errorf("must end in a letter from a to %c", 'a'+maxZones-1)
	}
	return letter, nil
}

// Prefix lengths that a VPC may have: AWS allows 16 to 28; below 20 the data tier would need subnets smaller than a /28.
const (
	minVPCBits = 16
	maxVPCBits = 20
)

func validateVPCRange(path *field.Path, cidr string) field.ErrorList {
	if cidr == "" {
		return nil // already reported as required
	}
	prefix, err := netip.ParsePrefix(cidr)
	switch {
	case err != nil || !prefix.Addr().Is4():
		return field.ErrorList{field.Invalid(path, cidr, "must be an IPv4 range such as 10.20.0.0/16")}
	case prefix != prefix.Masked():
		return field.ErrorList{field.Invalid(path, cidr, "has bits behind the prefix; did you mean "+prefix.Masked().String()+"?")}
	case prefix.Bits() < minVPCBits || prefix.Bits() > maxVPCBits:
		return field.ErrorList{field.Invalid(path, cidr,
			fmt.Sprintf("must have a prefix length from %d to %d", minVPCBits, maxVPCBits))}
	case !privateRange(prefix):
		return field.ErrorList{field.Invalid(path, cidr,
			"must be inside a private range: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10")}
	}
	return nil
}

// privateRange says whether a VPC may use p: the ranges of RFC 1918 and RFC 6598, which the VPC user guide recommends.
func privateRange(p netip.Prefix) bool {
	for _, r := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} {
		if outer := netip.MustParsePrefix(r); outer.Contains(p.Addr()) && outer.Bits() <= p.Bits() {
			return true
		}
	}
	return false
}

func validateRetention(path *field.Path, days int) field.ErrorList {
	if slices.Contains(logRetentionDays, days) {
		return nil
	}
	allowed := make([]string, len(logRetentionDays))
	for i, d := range logRetentionDays {
		allowed[i] = strconv.Itoa(d)
	}
	return field.ErrorList{field.NotSupported(path, days, allowed)}
}
